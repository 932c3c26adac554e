#include "relay/crlf.h"

static size_t
crlf_apply(struct tap *tap, const uint8_t *in, size_t size, uint8_t *out)
{
	struct crlf *crlf = (struct crlf *)tap;
	size_t i, done = 0;

	for (i = 0; i < size; i++) {
		if (in[i] == '\n' && !crlf->after_cr)
			out[done++] = '\r';
		out[done++] = in[i];
		crlf->after_cr = in[i] == '\r';
	}
	return done;
}

void
crlf_begin(struct crlf *crlf)
{
	*crlf = (struct crlf){ .tap = { .apply = crlf_apply, .growth = 2 } };
}
