#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "connect/proxy.h"

void
proxy_hop(struct connector_hop *hop, struct proxy_config *config)
{
	hop->config = config;
	hop->step = config->kind <= PROXY_SOCKS4A ? proxy_socks4 :
	    config->kind == PROXY_SOCKS5 ? proxy_socks5 : proxy_connect;
}

enum io
proxy_pass(const struct connector_hop *hop, size_t hops,
    const struct address_query *target, struct stream *stream, size_t *at,
    void **memory)
{
	enum io answer = IO_OK;

	while (*at < hops && answer == IO_OK) {
		answer = hop[*at].step(&hop[*at], *at + 1 < hops ?
		    &hop[*at + 1].endpoint : target, stream, memory);
		if (answer != IO_OK)
			break;
		free(*memory);
		*memory = NULL;
		(*at)++;
	}
	return answer;
}

struct proxy_talk *
proxy_talk(void **memory, struct stream *stream)
{
	if (*memory == NULL)
		*memory = calloc(1, sizeof(struct proxy_talk));
	if (*memory == NULL)
		stream_fail(stream, ENOMEM);
	return *memory;
}

void
proxy_ask(struct proxy_talk *talk, const char *what, size_t size,
    size_t wanted)
{
	talk->what = what;
	talk->size = size;
	talk->wanted = wanted;
	talk->said = talk->heard = 0;
}

/* Puts the exchange before the reason why the stream failed. */
static enum io
broken(struct proxy_talk *talk, struct stream *stream, enum io answer)
{
	char why[STREAM_ERROR];

	if (answer == IO_WANT_READ || answer == IO_WANT_WRITE)
		return answer;
	strlcpy(why, answer == IO_EOF ? "the proxy closed the connection" :
	    stream->error, sizeof(why));
	stream->error[0] = '\0';
	return proxy_fail(talk, stream, 0, "%s", why);
}

enum io
proxy_exchange(struct proxy_talk *talk, struct stream *stream)
{
	enum io answer;
	size_t done;

	while (talk->said < talk->size) {
		answer = stream->ops->write(stream, talk->out + talk->said,
		    talk->size - talk->said, &done);
		if (answer != IO_OK)
			return broken(talk, stream, answer);
		talk->said += done;
	}
	/* It may contain a password. */
	explicit_bzero(talk->out, talk->size);
	while (talk->heard < talk->wanted) {
		answer = stream->ops->read(stream, talk->in + talk->heard,
		    talk->wanted - talk->heard, &done);
		if (answer != IO_OK)
			return broken(talk, stream, answer);
		talk->heard += done;
	}
	return IO_OK;
}

enum io
proxy_fail(struct proxy_talk *talk, struct stream *stream, int error,
    const char *format, ...)
{
	char why[STREAM_ERROR - 40];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(why, sizeof(why), format, arguments);
	va_end(arguments);
	snprintf(stream->error, sizeof(stream->error), "%s: %s", talk->what,
	    why);
	text_clean(stream->error, '?');
	stream->why = error;
	stream->refused = error == EACCES;
	return IO_FAIL;
}

enum io
proxy_is_other(struct proxy_talk *talk, struct stream *stream,
    const char *expected, const void *begin)
{
	const char *remedy = "";

	switch (*(const uint8_t *)begin) {
	case 'H':
		remedy = " (HTTP, perhaps: -X connect)";
		break;
	case 0:
	case 4:
		remedy = " (SOCKS 4, perhaps: -X 4)";
		break;
	case 5:
		remedy = " (SOCKS 5, perhaps: -X 5)";
		break;
	case 21:
	case 22:
		remedy = " (TLS, perhaps: -X https)";
	}
	return proxy_fail(talk, stream, 0, "the proxy does not speak %s%s",
	    expected, remedy);
}
