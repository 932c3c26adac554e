#include <errno.h>
#include <string.h>

#include "net/socks.h"

size_t
socks_address_size(const uint8_t *at)
{
	return at[0] == SOCKS_IPV4 ? 1 + 4 + 2 : at[0] == SOCKS_IPV6 ?
	    1 + 16 + 2 : at[0] == SOCKS_HOST ? 1 + 1 + at[1] + 2u : 0;
}

static size_t
end(uint8_t *to, size_t size, uint16_t port)
{
	to[size] = (uint8_t)(port >> 8);
	to[size + 1] = (uint8_t)port;
	return size + 2;
}

size_t
socks_address_put(uint8_t *to, const struct address *address)
{
	struct in6_addr host;
	size_t size = 16;

	address_host(address, &host);
	if (IN6_IS_ADDR_V4MAPPED(&host))
		size = 4;
	to[0] = size == 4 ? SOCKS_IPV4 : SOCKS_IPV6;
	memcpy(to + 1, host.s6_addr + 16 - size, size);
	return end(to, 1 + size, address_port(address));
}

size_t
socks_word_put(uint8_t *to, const char *word)
{
	size_t length = strnlen(word, 255);

	to[0] = (uint8_t)length;
	memcpy(to + 1, word, length);
	return 1 + length;
}

size_t
socks_host_put(uint8_t *to, const char *host, uint16_t port)
{
	struct address address;

	if (address_parse(host, port, &address))
		return socks_address_put(to, &address);
	to[0] = SOCKS_HOST;
	return end(to, 1 + socks_word_put(to + 1, host), port);
}

bool
socks_address_get(const uint8_t *at, struct address *address)
{
	static const uint8_t none[4];
	const uint8_t *port = at + socks_address_size(at) - 2;

	address_make(at[0] == SOCKS_IPV6 ? AF_INET6 : AF_INET,
	    at[0] == SOCKS_HOST ? none : at + 1,
	    (uint16_t)(port[0] << 8 | port[1]), address);
	return at[0] != SOCKS_HOST;
}

static const struct { int error; const char *text; } reply[] = {
	{ 0, "success" },
	{ 0, "general failure of the proxy" },
	{ EPERM, "not allowed by the proxy's rules" },
	{ ENETUNREACH, "network unreachable" },
	{ EHOSTUNREACH, "host unreachable" },
	{ ECONNREFUSED, "connection refused" },
	{ ETIMEDOUT, "TTL expired" },
	{ 0, "command not supported" },
	{ 0, "address type not supported" },
};

#define REPLIES	(int)(sizeof(reply) / sizeof(reply[0]))

int
socks_reply(int error)
{
	int code = 2;

	error = error == EACCES ? EPERM : error == ENOENT ? EHOSTUNREACH :
	    error;
	if (error == 0 || error == EOPNOTSUPP)
		return error == 0 ? 0 : 7;
	while (code < REPLIES && reply[code].error != error)
		code++;
	return code < REPLIES ? code : 1;
}

const char *
socks_reply_text(int code, int *error)
{
	*error = code < REPLIES ? reply[code].error : 0;
	return code < REPLIES ? reply[code].text : NULL;
}
