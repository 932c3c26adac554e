#include "base/diag.h"
#include "stream/tls.h"

/* Replaces tls*.c after `make TLS=no`. */

static int
missing(void)
{
	diag_error("this nc-lite was built without TLS (make TLS=no)");
	return EXIT_LOCAL;
}

struct tls_context *
tls_context_open(const struct tls_config *config)
{
	missing();
	return NULL;
}

void
tls_context_close(struct tls_context *context)
{
}

const char *
tls_invitation(const struct tls_context *context)
{
	return NULL;
}

const char *
tls_authorities(void)
{
	return NULL;
}

bool
tls_open(struct stream *stream, struct tls_context *context)
{
	return false;
}

int
tls_psk_create(const char *path)
{
	return missing();
}
