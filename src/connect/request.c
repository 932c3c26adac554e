#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connect/request.h"
#include "net/ports.h"
#include "net/socks.h"
#include "sys/sys.h"

void
request_begin(struct request *request, const struct request_config *config)
{
	memset(request, 0, offsetof(struct request, in));
	request->config = config;
	/* No valid request is shorter. */
	request->wanted = 2;
}

static void
say(struct request *request, const void *data, size_t size)
{
	memcpy(request->out, data, size);
	request->size = size;
	request->said = 0;
}

/* Prepares the last answer, with which the request fails. */
__attribute__((format(printf, 4, 5))) static void
refuse(struct request *request, const void *data, size_t size,
    const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(request->why, sizeof(request->why), format, arguments);
	va_end(arguments);
	say(request, data, size);
	request->over = true;
}

static void
refuse_http(struct request *request, const char *status, const char *why)
{
	char text[200];

	snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n%sContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n", status, status[2] == '7' ?
	    "Proxy-Authenticate: Basic realm=\"proxy\"\r\n" : "");
	refuse(request, text, strlen(text), "%s", why);
}

/* Enters a state that needs so many octets. */
static void
expect(struct request *request, enum request_state state, size_t wanted)
{
	request->got -= request->heard;
	memmove(request->in, request->in + request->heard, request->got);
	request->state = state;
	request->heard = 0;
	request->wanted = wanted;
}

static void
first(struct request *request)
{
	int octet = request->in[0];

	request->version = octet == 4 || octet == 5 ? octet : 0;
	if (octet == 5)
		request->state = REQUEST_METHODS;
	else if (octet == 4) {
		request->state = REQUEST_TARGET;
		request->wanted = 9;
	} else if (octet >= 'A' && octet <= 'Z')
		request->state = REQUEST_LINES;
	else
		refuse(request, "", 0, "not SOCKS or HTTP (first byte 0x%02x)",
		    (unsigned)octet);
}

static void
methods(struct request *request)
{
	int method = request->config->user != NULL ? SOCKS_PASSWORD :
	    SOCKS_NO_PASSWORD;
	size_t count = request->in[1];
	uint8_t answer[2] = { 5, SOCKS_NO_METHOD };

	if (request->heard < 2 + count) {
		request->wanted = 2 + count;
		return;
	}
	if (memchr(request->in + 2, method, count) == NULL) {
		refuse(request, answer, 2, "SOCKS 5: %s",
		    method == SOCKS_PASSWORD ? "the client offers no password" :
		    "the client requires authentication");
		return;
	}
	answer[1] = (uint8_t)method;
	say(request, answer, 2);
	if (method == SOCKS_PASSWORD)
		expect(request, REQUEST_PASSWORD, 2);
	else
		expect(request, REQUEST_TARGET, 5);
}

/* Compares in a time that does not depend on how much of it is right. */
static bool
equal(const char *known, const uint8_t *given, size_t size)
{
	size_t i, length = strlen(known);
	unsigned differs = length != size;

	for (i = 0; i < size; i++)
		differs |= given[i] ^ (uint8_t)known[length > 0 ? i % length :
		    0];
	return differs == 0;
}

static void
password(struct request *request)
{
	const uint8_t *in = request->in;
	size_t user = in[1], word;
	bool good;

	request->wanted = 2 + user + 1;
	if (request->heard < request->wanted)
		return;
	word = in[2 + user];
	request->wanted += word;
	if (request->heard < request->wanted)
		return;
	good = equal(request->config->user, in + 2, user);
	good &= equal(request->config->password, in + 3 + user, word);
	if (!good) {
		refuse(request, "\1\1", 2, "SOCKS 5: wrong user or password");
		return;
	}
	say(request, "\1", 2);
	expect(request, REQUEST_TARGET, 5);
}

/* Accepts a host name without NULs, blanks and controls. */
static bool
take_host(struct request *request, const uint8_t *name, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (name[i] <= ' ' || name[i] >= 0x7f)
			return false;
	if (size == 0 || size > ADDRESS_NAME)
		return false;
	memcpy(request->host, name, size);
	request->host[size] = '\0';
	return true;
}

static void
refuse_socks(struct request *request, int code, const char *why)
{
	uint8_t five[10] = { 5, (uint8_t)code, 0, SOCKS_IPV4 };
	uint8_t four[8] = { 0, (uint8_t)code };

	if (request->version == 5)
		refuse(request, five, sizeof(five), "SOCKS 5: %s", why);
	else
		refuse(request, four, sizeof(four), "SOCKS 4: %s", why);
}

/* A NUL ends the user; with 4A another ends the name that follows. */
static void
target4(struct request *request)
{
	const uint8_t *in = request->in, *user = in + 8, *end, *name;
	bool named = in[4] == 0 && in[5] == 0 && in[6] == 0 && in[7] != 0;

	end = memchr(user, 0, request->heard - 8);
	name = end == NULL || !named ? end :
	    memchr(end + 1, 0, request->heard - (size_t)(end + 1 - in));
	if (name == NULL) {
		request->wanted = request->heard + 1;
		if (request->wanted > 1024)
			refuse_socks(request, 91, "request too long");
		return;
	}
	request->port = (uint16_t)(in[2] << 8 | in[3]);
	if (request->config->user != NULL)
		refuse_socks(request, 93, "a password is required");
	else if (in[1] != 1)
		refuse_socks(request, 91, "only CONNECT is supported");
	else if (named && !take_host(request, end + 1,
	    (size_t)(name - end) - 1))
		refuse_socks(request, 91, "no host name");
	else {
		if (!named)
			inet_ntop(AF_INET, in + 4, request->host,
			    sizeof(request->host));
		request->state = REQUEST_KNOWN;
	}
}

static void
target5(struct request *request)
{
	const uint8_t *in = request->in;
	size_t size = socks_address_size(in + 3);
	struct address address;

	request->wanted = size == 0 ? 5 : 3 + size;
	if (request->heard < request->wanted)
		return;
	if (in[0] != 5 || (in[1] != SOCKS_CONNECT &&
	    in[1] != SOCKS_ASSOCIATE))
		refuse_socks(request, 7, "neither CONNECT nor UDP ASSOCIATE");
	else if (size == 0)
		refuse_socks(request, 8, "unknown kind of address");
	else if (!socks_address_get(in + 3, &address) &&
	    in[1] == SOCKS_CONNECT && !take_host(request, in + 5, in[4]))
		refuse_socks(request, 1, "no host name");
	else {
		if (in[3] != SOCKS_HOST)
			inet_ntop(address.sa.any.sa_family, in + 4,
			    request->host, sizeof(request->host));
		request->port = address_port(&address);
		/* Where datagrams will come from is seen when they do. */
		request->associate = in[1] == SOCKS_ASSOCIATE;
		request->state = REQUEST_KNOWN;
	}
}

/* Whether Proxy-Authorization has the right user and password. */
static bool
knows(const struct request *request, const char *lines)
{
	static const char name[] = "\r\nProxy-Authorization:";
	const struct request_config *config = request->config;
	char known[4 * PROXY_WORD];
	const char *at = strcasestr(lines, name);

	if (config->user == NULL)
		return true;
	if (at == NULL)
		return false;
	at += sizeof(name) - 1;
	at += strspn(at, " \t");
	if (strncasecmp(at, "Basic ", 6) != 0)
		return false;
	at += 6;
	at += strspn(at, " ");
	proxy_basic(config->user, config->password, known);
	return equal(known, (const uint8_t *)at, strcspn(at, " \t\r"));
}

/* CONNECT HOST:PORT HTTP/1.x (RFC 9110, section 9.3.6). */
static void
parse_lines(struct request *request)
{
	char *lines = (char *)request->in, *host = lines + 8, *end, *colon;
	int port;

	if (strncmp(lines, "CONNECT ", 8) != 0) {
		refuse_http(request, "405 Method Not Allowed",
		    "HTTP: only CONNECT is served");
		return;
	}
	if (!knows(request, lines)) {
		refuse_http(request, "407 Proxy Authentication Required",
		    "HTTP: wrong user or password, or none");
		return;
	}
	end = host + strcspn(host, " \r");
	colon = sys_memrchr(host, ':', (size_t)(end - host));
	if (colon == NULL || strncmp(end, " HTTP/1.", 8) != 0) {
		refuse_http(request, "400 Bad Request",
		    "HTTP: not CONNECT HOST:PORT HTTP/1.1");
		return;
	}
	*end = *colon = '\0';
	port = ports_parse_one(colon + 1, "tcp", 1);
	if (*host == '[' && colon[-1] == ']') {
		host++;
		colon--;
	}
	if (port == -1 || !take_host(request, (uint8_t *)host,
	    (size_t)(colon - host))) {
		refuse_http(request, "400 Bad Request", "HTTP: no host");
		return;
	}
	request->port = (uint16_t)port;
	request->state = REQUEST_KNOWN;
}

/* What follows the empty line is the target's. */
static void
lines(struct request *request)
{
	const uint8_t *in = request->in;
	size_t size = request->heard;

	if (in[size - 1] == '\0')
		refuse_http(request, "400 Bad Request",
		    "HTTP: a NUL in the header");
	else if (size >= 4 && memcmp(in + size - 4, "\r\n\r\n", 4) == 0) {
		request->in[size - 2] = '\0';
		parse_lines(request);
	} else if (size + 1 == REQUEST_ROOM)
		refuse_http(request, "431 Request Header Fields Too Large",
		    "HTTP: header too large");
	else
		request->wanted = size + 1;
}

static void
heard(struct request *request)
{
	switch (request->state) {
	case REQUEST_FIRST:
		first(request);
		break;
	case REQUEST_METHODS:
		methods(request);
		break;
	case REQUEST_PASSWORD:
		password(request);
		break;
	case REQUEST_TARGET:
		if (request->version == 4)
			target4(request);
		else
			target5(request);
		break;
	case REQUEST_LINES:
		lines(request);
		break;
	default:
		break;
	}
}

static enum io
fail(struct request *request, const struct stream *stream, enum io answer)
{
	if (answer == IO_EOF || answer == IO_FAIL) {
		if (request->why[0] == '\0')
			snprintf(request->why, sizeof(request->why), "%.150s",
			    answer == IO_EOF ? "left before its request was "
			    "complete" : stream->error);
		return IO_FAIL;
	}
	return answer;
}

enum io
request_step(struct request *request, struct stream *stream)
{
	enum io answer;
	size_t done;

	for (;;) {
		while (request->said < request->size) {
			answer = stream->ops->write(stream, request->out +
			    request->said, request->size - request->said,
			    &done);
			if (answer != IO_OK)
				return fail(request, stream, answer);
			request->said += done;
		}
		if (request->over)
			return IO_FAIL;
		if (request->state >= REQUEST_KNOWN)
			return IO_OK;
		if (request->got < request->wanted) {
			answer = stream->ops->read(stream, request->in +
			    request->got, REQUEST_ROOM - request->got, &done);
			if (answer != IO_OK)
				return fail(request, stream, answer);
			request->got += done;
		}
		if (request->got >= request->wanted) {
			request->heard = request->wanted;
			heard(request);
		}
	}
}

static void
answer5(struct request *request, int error, const struct address *bound)
{
	uint8_t out[3 + SOCKS_ADDRESS] = { 5, (uint8_t)socks_reply(error) };
	struct address none;

	address_any(AF_INET, 0, &none);
	say(request, out, 3 + socks_address_put(out + 3,
	    bound != NULL ? bound : &none));
}

void
request_answer(struct request *request, int error, const struct address *bound)
{
	static const char good[] = "HTTP/1.1 200 Connection established\r\n"
	    "\r\n";
	uint8_t four[8] = { 0, error == 0 ? 90 : 91 };

	request->state = REQUEST_ANSWERED;
	if (request->version == 5)
		answer5(request, error, bound);
	else if (request->version == 4)
		say(request, four, sizeof(four));
	else if (error == 0)
		say(request, good, sizeof(good) - 1);
	else
		refuse_http(request, error == EACCES ? "403 Forbidden" :
		    error == ETIMEDOUT ? "504 Gateway Timeout" :
		    "502 Bad Gateway", "");
	request->over = error != 0;
}
