#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "connect/proxy.h"

enum { BEGIN, SHAKING_HANDS, STATUS, HEADER, DONE };

#define HEADER_LONGEST	(64 << 10)	/* octets of status and headers */

size_t
proxy_basic(const char *user, const char *password, char *to)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char text[2 * PROXY_WORD + 2];
	size_t i, used = 0, size = (size_t)snprintf(text, sizeof(text), "%s:%s",
	    user, password);
	const uint8_t *at = (const uint8_t *)text;
	uint32_t group;

	for (i = 0; i < size; i += 3) {
		group = (uint32_t)at[i] << 16 |
		    (i + 1 < size ? (uint32_t)at[i + 1] << 8 : 0) |
		    (i + 2 < size ? at[i + 2] : 0);
		to[used++] = digit[group >> 18];
		to[used++] = digit[group >> 12 & 63];
		to[used++] = i + 1 < size ? digit[group >> 6 & 63] : '=';
		to[used++] = i + 2 < size ? digit[group & 63] : '=';
	}
	to[used] = '\0';
	explicit_bzero(text, sizeof(text));
	return used;
}

static void
ask(struct proxy_talk *talk, const struct proxy_config *config,
    const struct address_query *target)
{
	bool is_ipv6 = strchr(target->host, ':') != NULL;
	char *out = (char *)talk->out;
	char where[ADDRESS_NAME + 16];
	size_t size;

	snprintf(where, sizeof(where), "%s%s%s:%u", is_ipv6 ? "[" : "",
	    target->host, is_ipv6 ? "]" : "", target->port);
	size = (size_t)snprintf(out, PROXY_ROOM, "CONNECT %s HTTP/1.1\r\n"
	    "Host: %s\r\n", where, where);
	if (config->user != NULL && config->at_once) {
		size += (size_t)snprintf(out + size, PROXY_ROOM - size,
		    "Proxy-Authorization: Basic ");
		size += proxy_basic(config->user, config->password, out + size);
		size += (size_t)snprintf(out + size, PROXY_ROOM - size,
		    "\r\n");
	}
	size += (size_t)snprintf(out + size, PROXY_ROOM - size, "\r\n");
	proxy_ask(talk, "CONNECT", size, 1);
	talk->state = STATUS;
}

/* The code of "HTTP/1.1 200 ..." (RFC 9112, 4); -1: no status line. */
static int
status_code(const char *line)
{
	const char *at = line + strcspn(line, " ");

	at += strspn(at, " ");
	if (strncmp(line, "HTTP/", 5) != 0 || !isdigit((uint8_t)line[5]) ||
	    strspn(at, "0123456789") != 3 || at == line ||
	    (at[3] != '\0' && at[3] != ' '))
		return -1;
	return (at[0] - '0') * 100 + (at[1] - '0') * 10 + at[2] - '0';
}

/* What a status other than success means for the target, as an errno. */
static int
status_error(int code)
{
	/* 401 is wrong of a proxy, but some say it. */
	return code == 407 || code == 401 ? EACCES : code == 504 ? ETIMEDOUT :
	    code >= 500 ? ECONNREFUSED : code == 403 ? EPERM : 0;
}

static enum io
read_status(struct proxy_talk *talk, struct proxy_config *config,
    struct stream *stream)
{
	int code = status_code(talk->line), error = status_error(code);

	if (code == -1)
		return proxy_is_other(talk, stream, "HTTP", talk->line);
	talk->state = HEADER;
	if (code / 100 == 1 || code / 100 == 2)
		return IO_OK;
	if (code == 407 && config->user != NULL && !config->at_once) {
		config->at_once = true;
		error = EAGAIN;
	}
	return proxy_fail(talk, stream, error,
	    "the proxy says '%.150s'%s",
	    talk->line + strcspn(talk->line, " ") + 1,
	    code == 407 && config->user == NULL ? " (-P USER)" : "");
}

/* At the end of a line. Headers are skipped; another status follows a 1xx. */
static enum io
end_line(struct proxy_talk *talk, struct proxy_config *config,
    struct stream *stream)
{
	bool blank = talk->column == 0 ||
	    (talk->column == 1 && talk->first == '\r');

	talk->column = 0;
	if (talk->state == STATUS)
		return read_status(talk, config, stream);
	if (blank)
		talk->state = status_code(talk->line) / 100 == 1 ? STATUS :
		    DONE;
	return IO_OK;
}

static enum io
take(struct proxy_talk *talk, struct proxy_config *config,
    struct stream *stream, uint8_t octet)
{
	static const char begin[] = "HTTP/";
	size_t at = talk->column;

	if (++talk->total > HEADER_LONGEST)
		return proxy_fail(talk, stream, 0, "the proxy's answer has no "
		    "end");
	if (octet == '\n')
		return end_line(talk, config, stream);
	if (at == 0)
		talk->first = octet;
	talk->column++;
	if (talk->state != STATUS || at >= sizeof(talk->line) - 1)
		return IO_OK;
	talk->line[at] = octet == '\r' ? '\0' : (char)octet;
	talk->line[at + 1] = '\0';
	return at < strlen(begin) && talk->line[at] != begin[at] ?
	    proxy_is_other(talk, stream, "HTTP", talk->line) : IO_OK;
}

/* TLS to the proxy, which is verified before it is sent a password. */
static enum io
shake_hands(struct proxy_talk *talk, const struct proxy_config *config,
    struct stream *stream)
{
	if (talk->state == BEGIN && !tls_open(stream, config->context))
		return stream_fail(stream, ENOMEM);
	talk->state = SHAKING_HANDS;
	return stream->ops->handshake(stream);
}

enum io
proxy_connect(const struct connector_hop *hop,
    const struct address_query *target, struct stream *stream, void **memory)
{
	struct proxy_config *config = hop->config;
	struct proxy_talk *talk = proxy_talk(memory, stream);
	enum io answer = talk == NULL ? IO_FAIL : IO_OK;

	if (talk != NULL && talk->state < STATUS) {
		if (config->kind == PROXY_HTTPS)
			answer = shake_hands(talk, config, stream);
		if (answer == IO_OK)
			ask(talk, config, target);
	}
	/* One octet at a time: what follows the blank line is the target's. */
	while (answer == IO_OK && talk->state != DONE) {
		answer = proxy_exchange(talk, stream);
		if (answer != IO_OK)
			break;
		talk->heard = 0;
		answer = take(talk, config, stream, talk->in[0]);
	}
	return answer;
}
