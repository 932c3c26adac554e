#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "connect/proxy.h"
#include "stream/socks_udp.h"

enum { BEGIN, GREETED, LOGGED_IN, ASKED, DONE };

enum {
	METHOD_NONE = 0,
	METHOD_PASSWORD = 2,
	METHOD_NO = 0xff
};

#define PASSWORD_VERSION	1	/* RFC 1929 */

enum { ADDRESS_IPV4 = 1, ADDRESS_HOST = 3, ADDRESS_IPV6 = 4 };

static size_t
put(uint8_t *to, const void *from, size_t size)
{
	memcpy(to, from, size);
	return size;
}

static size_t
put_port(uint8_t *to, uint16_t port)
{
	to[0] = (uint8_t)(port >> 8);
	to[1] = (uint8_t)port;
	return 2;
}

/* A string after its length. */
static size_t
put_word(uint8_t *to, const char *word)
{
	size_t length = strnlen(word, PROXY_WORD);

	to[0] = (uint8_t)length;
	return 1 + put(to + 1, word, length);
}

/* SOCKS 4 has an IPv4 address; 4A an invalid one, and a name at the end. */
static void
ask4(struct proxy_talk *talk, const struct proxy_config *config,
    const struct address_query *target)
{
	static const uint8_t name_follows[] = { 0, 0, 0, 1 };
	const char *user = config->user != NULL ? config->user : "";
	struct in_addr address;
	bool is_name = inet_pton(AF_INET, target->host, &address) != 1;
	uint8_t *out = talk->out;
	size_t size = 2;

	out[0] = 4;
	out[1] = 1;		/* CONNECT */
	size += put_port(out + size, target->port);
	size += put(out + size, is_name ? (const void *)name_follows :
	    &address, 4);
	size += put(out + size, user, strnlen(user, PROXY_WORD));
	out[size++] = '\0';
	if (is_name) {
		size += put(out + size, target->host,
		    strnlen(target->host, PROXY_WORD));
		out[size++] = '\0';
	}
	proxy_ask(talk, "SOCKS 4 request", size, 1);
}

static enum io
answered4(struct proxy_talk *talk, struct stream *stream)
{
	if (talk->in[0] != 0 && talk->in[0] != 4)
		return proxy_is_other(talk, stream, "SOCKS 4",
		    talk->in);
	if (talk->wanted == 1) {
		talk->wanted = 8;
		return IO_OK;
	}
	talk->state = DONE;
	switch (talk->in[1]) {
	case 90:
		return IO_OK;
	case 91:
		return proxy_fail(talk, stream, ECONNREFUSED,
		    "request rejected or failed");
	case 92:
		return proxy_fail(talk, stream, EACCES,
		    "rejected: the proxy cannot reach our identd");
	case 93:
		return proxy_fail(talk, stream, EACCES,
		    "rejected: identd reports another user (-P)");
	default:
		return proxy_fail(talk, stream, 0, "unknown reply %d",
		    talk->in[1]);
	}
}

/* IPv4 addresses, 4A names as well. */
static bool
carries4(const struct proxy_config *config, const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 ||
	    (config->kind == PROXY_SOCKS4A && strchr(host, ':') == NULL);
}

enum io
proxy_socks4(const struct connector_hop *hop,
    const struct address_query *target, struct stream *stream, void **memory)
{
	struct proxy_talk *talk = proxy_talk(memory, stream);
	enum io answer;

	if (talk == NULL)
		return IO_FAIL;
	if (talk->state == BEGIN) {
		ask4(talk, hop->config, target);
		talk->state = ASKED;
		/* A client of ours named it; what our user names is checked. */
		if (!carries4(hop->config, target->host))
			return proxy_fail(talk, stream, EAFNOSUPPORT,
			    "it cannot carry '%.100s'", target->host);
	}
	do {
		answer = proxy_exchange(talk, stream);
		if (answer == IO_OK)
			answer = answered4(talk, stream);
	} while (answer == IO_OK && talk->state != DONE);
	return answer;
}

static void
greet5(struct proxy_talk *talk, const struct proxy_config *config)
{
	bool known = config->user != NULL;

	talk->out[0] = 5;
	talk->out[1] = known ? 2 : 1;	/* methods */
	talk->out[2] = METHOD_NONE;
	talk->out[3] = METHOD_PASSWORD;
	proxy_ask(talk, "SOCKS 5 greeting", known ? 4 : 3, 2);
	talk->state = GREETED;
}

static void
log_in(struct proxy_talk *talk, const struct proxy_config *config)
{
	size_t size = 1;

	talk->out[0] = PASSWORD_VERSION;
	size += put_word(talk->out + size, config->user);
	size += put_word(talk->out + size, config->password);
	proxy_ask(talk, "SOCKS 5 password", size, 2);
	talk->state = LOGGED_IN;
}

/* Writes the target after three octets; returns the size of all. */
static size_t
put_target(uint8_t *out, const struct address_query *target)
{
	struct in_addr v4;
	struct in6_addr v6;
	size_t size = 4;

	if (inet_pton(AF_INET, target->host, &v4) == 1) {
		out[3] = ADDRESS_IPV4;
		size += put(out + size, &v4, sizeof(v4));
	} else if (inet_pton(AF_INET6, target->host, &v6) == 1) {
		out[3] = ADDRESS_IPV6;
		size += put(out + size, &v6, sizeof(v6));
	} else {
		out[3] = ADDRESS_HOST;
		size += put_word(out + size, target->host);
	}
	return size + put_port(out + size, target->port);
}

/* UDP ASSOCIATE has the address that we will send from, here unknown: zeros. */
static void
ask5(struct proxy_talk *talk, const struct address_query *target)
{
	static const struct address_query anywhere = { .host = "0.0.0.0" };
	bool datagrams = target->type == SOCK_DGRAM;

	talk->out[0] = 5;
	talk->out[1] = datagrams ? 3 : 1;
	talk->out[2] = 0;
	proxy_ask(talk, "SOCKS 5 request", put_target(talk->out, datagrams ?
	    &anywhere : target), 2);
	talk->state = ASKED;
}

/* The address of the proxy's relay; if it is unspecified, the proxy's own. */
static enum io
associate(struct proxy_talk *talk, const struct address_query *target,
    struct stream *stream)
{
	const uint8_t *in = talk->in, *port = in + talk->wanted - 2;
	struct address relay, proxy;
	uint8_t head[SOCKS_UDP_HEAD] = { 0 };

	if (in[3] == ADDRESS_HOST)
		return proxy_fail(talk, stream, 0,
		    "the proxy names a host for datagrams, not an address");
	address_any(in[3] == ADDRESS_IPV4 ? AF_INET : AF_INET6, 0, &relay);
	proxy = relay;
	if (in[3] == ADDRESS_IPV4)
		memcpy(&relay.sa.in4.sin_addr, in + 4, 4);
	else
		memcpy(&relay.sa.in6.sin6_addr, in + 4, 16);
	if (address_equal(&relay, &proxy)) {
		relay.length = sizeof(relay.sa);
		getpeername(stream->rfd, &relay.sa.any, &relay.length);
	}
	address_set_port(&relay, (uint16_t)(port[0] << 8 | port[1]));
	return socks_udp_open(stream, &relay, head, put_target(head, target)) ?
	    IO_OK : IO_FAIL;
}

static enum io
greeted(struct proxy_talk *talk, const struct proxy_config *config,
    const struct address_query *target, struct stream *stream)
{
	if (talk->in[0] != 5)
		return proxy_is_other(talk, stream, "SOCKS 5",
		    talk->in);
	if (talk->in[1] == METHOD_NONE)
		ask5(talk, target);
	else if (talk->in[1] == METHOD_PASSWORD && config->user != NULL)
		log_in(talk, config);
	else if (talk->in[1] == METHOD_NO)
		return proxy_fail(talk, stream, EACCES, config->user != NULL ?
		    "the proxy takes no password" :
		    "the proxy requires a user name (-P USER)");
	else
		return proxy_fail(talk, stream, 0, "the proxy chose method %d, "
		    "which was not offered", talk->in[1]);
	return IO_OK;
}

static enum io
logged_in(struct proxy_talk *talk, const struct address_query *target,
    struct stream *stream)
{
	/* Some proxies say 5 here; only the second octet matters. */
	if (talk->in[0] != PASSWORD_VERSION && talk->in[0] != 5)
		return proxy_is_other(talk, stream, "SOCKS 5",
		    talk->in);
	if (talk->in[1] != 0)
		return proxy_fail(talk, stream, EACCES,
		    "the proxy rejected the user name or password");
	ask5(talk, target);
	return IO_OK;
}

/* RFC 1928, section 6. */
static enum io
refused(struct proxy_talk *talk, struct stream *stream)
{
	static const struct { int error; const char *text; } reply[] = {
		{ 0, NULL },
		{ 0, "general failure of the proxy" },
		{ EPERM, "not allowed by the proxy's rules" },
		{ ENETUNREACH, "network unreachable" },
		{ EHOSTUNREACH, "host unreachable" },
		{ ECONNREFUSED, "connection refused" },
		{ ETIMEDOUT, "TTL expired" },
		{ 0, "command not supported" },
		{ 0, "address type not supported" },
	};
	uint8_t code = talk->in[1];

	if (code < sizeof(reply) / sizeof(reply[0]))
		return proxy_fail(talk, stream, reply[code].error, "%s",
		    reply[code].text);
	return proxy_fail(talk, stream, 0, "unknown reply %d", code);
}

/* The length of the answer is known from its fifth octet. */
static enum io
answered5(struct proxy_talk *talk, const struct address_query *target,
    struct stream *stream)
{
	const uint8_t *in = talk->in;

	if (in[0] != 5)
		return proxy_is_other(talk, stream, "SOCKS 5",
		    talk->in);
	if (in[1] != 0)
		return refused(talk, stream);
	if (talk->wanted == 2)
		talk->wanted = 5;
	else if (talk->wanted > 5) {
		talk->state = DONE;
		return target->type == SOCK_DGRAM ?
		    associate(talk, target, stream) : IO_OK;
	} else if (in[3] == ADDRESS_IPV4)
		talk->wanted = 4 + 4 + 2;
	else if (in[3] == ADDRESS_IPV6)
		talk->wanted = 4 + 16 + 2;
	else if (in[3] == ADDRESS_HOST)
		talk->wanted = 4 + 1 + in[4] + 2U;
	else
		return proxy_fail(talk, stream, 0, "the answer has an address "
		    "of type %d, which is unknown", in[3]);
	return IO_OK;
}

enum io
proxy_socks5(const struct connector_hop *hop,
    const struct address_query *target, struct stream *stream, void **memory)
{
	const struct proxy_config *config = hop->config;
	struct proxy_talk *talk = proxy_talk(memory, stream);
	enum io answer;

	if (talk == NULL)
		return IO_FAIL;
	if (talk->state == BEGIN)
		greet5(talk, config);
	do {
		answer = proxy_exchange(talk, stream);
		if (answer == IO_OK)
			answer = talk->state == GREETED ?
			    greeted(talk, config, target, stream) :
			    talk->state == LOGGED_IN ?
			    logged_in(talk, target, stream) :
			    answered5(talk, target, stream);
	} while (answer == IO_OK && talk->state != DONE);
	return answer;
}
