#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "connect/proxy.h"
#include "net/socks.h"
#include "stream/socks_udp.h"

enum { BEGIN, GREETED, LOGGED_IN, ASKED, DONE };

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
	talk->out[2] = SOCKS_NO_PASSWORD;
	talk->out[3] = SOCKS_PASSWORD;
	proxy_ask(talk, "SOCKS 5 greeting", known ? 4 : 3, 2);
	talk->state = GREETED;
}

static void
log_in(struct proxy_talk *talk, const struct proxy_config *config)
{
	size_t size = 1;

	talk->out[0] = SOCKS_PASSWORD_VERSION;
	size += socks_word_put(talk->out + size, config->user);
	size += socks_word_put(talk->out + size, config->password);
	proxy_ask(talk, "SOCKS 5 password", size, 2);
	talk->state = LOGGED_IN;
}

/* UDP ASSOCIATE has the address that we will send from, here unknown: zeros. */
static void
ask5(struct proxy_talk *talk, const struct address_query *target)
{
	bool datagrams = target->type == SOCK_DGRAM;

	talk->out[0] = 5;
	talk->out[1] = datagrams ? SOCKS_ASSOCIATE : SOCKS_CONNECT;
	talk->out[2] = 0;
	proxy_ask(talk, "SOCKS 5 request", 3 + socks_host_put(talk->out + 3,
	    datagrams ? "0.0.0.0" : target->host, datagrams ? 0 :
	    target->port), 2);
	talk->state = ASKED;
}

/* The address of the proxy's relay; if it is unspecified, the proxy's own. */
static enum io
associate(struct proxy_talk *talk, const struct address_query *target,
    struct stream *stream)
{
	struct address relay, any;
	uint8_t head[SOCKS_UDP_HEAD] = { 0 };
	uint16_t port;

	if (!socks_address_get(talk->in + 3, &relay))
		return proxy_fail(talk, stream, 0,
		    "the proxy names a host for datagrams, not an address");
	port = address_port(&relay);
	address_any(relay.sa.any.sa_family, port, &any);
	if (address_equal(&relay, &any)) {
		relay.length = sizeof(relay.sa);
		getpeername(stream->rfd, &relay.sa.any, &relay.length);
		address_set_port(&relay, port);
	}
	return socks_udp_open(stream, &relay, head, 3 + socks_host_put(head + 3,
	    target->host, target->port)) ? IO_OK : IO_FAIL;
}

static enum io
greeted(struct proxy_talk *talk, const struct proxy_config *config,
    const struct address_query *target, struct stream *stream)
{
	if (talk->in[0] != 5)
		return proxy_is_other(talk, stream, "SOCKS 5",
		    talk->in);
	if (talk->in[1] == SOCKS_NO_PASSWORD)
		ask5(talk, target);
	else if (talk->in[1] == SOCKS_PASSWORD && config->user != NULL)
		log_in(talk, config);
	else if (talk->in[1] == SOCKS_NO_METHOD)
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
	if (talk->in[0] != SOCKS_PASSWORD_VERSION && talk->in[0] != 5)
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
	int error;
	const char *text = socks_reply_text(talk->in[1], &error);

	return text != NULL ? proxy_fail(talk, stream, error, "%s", text) :
	    proxy_fail(talk, stream, 0, "unknown reply %d", talk->in[1]);
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
	} else if (socks_address_size(in + 3) > 0)
		talk->wanted = 3 + socks_address_size(in + 3);
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
