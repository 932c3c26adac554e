#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/proxy_header.h"

#define SIGNATURE	"\r\n\r\n\0\r\nQUIT\n"
#define SIGNED		12	/* octets of it; no header is shorter */
#define FIXED		16	/* before the addresses */
#define LINE		107	/* the longest of version 1, with its end */
#define PATH		108

enum { LOCAL = 0x20, PROXY = 0x21 };
enum { IPV4 = 0x10, IPV6 = 0x20, UNIX = 0x30, STREAM = 1, DGRAM = 2 };

/* The address's octets and its family; an IPv4-mapped one is IPv4. */
static int
octets_of(const struct address *address, uint8_t octet[16])
{
	struct in6_addr host;
	bool four;

	if (!address_host(address, &host))
		return address->sa.any.sa_family;
	four = IN6_IS_ADDR_V4MAPPED(&host);
	memcpy(octet, host.s6_addr + (four ? 12 : 0), four ? 4 : 16);
	return four ? AF_INET : AF_INET6;
}

static void
put_port(uint8_t *to, const struct address *address)
{
	to[0] = (uint8_t)(address_port(address) >> 8);
	to[1] = (uint8_t)address_port(address);
}

static size_t
make_line(int family, const uint8_t from[16], const uint8_t to[16],
    const struct address *source, const struct address *target, char *line)
{
	char here[INET6_ADDRSTRLEN], there[INET6_ADDRSTRLEN];

	if (family != AF_INET && family != AF_INET6)
		return (size_t)snprintf(line, LINE + 1, "PROXY UNKNOWN\r\n");
	inet_ntop(family, from, here, sizeof(here));
	inet_ntop(family, to, there, sizeof(there));
	return (size_t)snprintf(line, LINE + 1, "PROXY TCP%d %s %s %u %u\r\n",
	    family == AF_INET ? 4 : 6, here, there, address_port(source),
	    address_port(target));
}

/* A client seldom has a path; one of PATH octets has no NUL (unix(7)). */
static void
put_path(uint8_t *to, const struct address *address)
{
	size_t size = address->length - offsetof(struct sockaddr_un, sun_path);

	memset(to, 0, PATH);
	if (address->sa.any.sa_family == AF_UNIX &&
	    address->length > offsetof(struct sockaddr_un, sun_path))
		memcpy(to, address->sa.un.sun_path, size < PATH ? size : PATH);
}

size_t
proxy_header_make(int version, int type, const struct address *from,
    const struct address *to, uint8_t *data)
{
	uint8_t source[16], target[16];
	int family = octets_of(from, source);
	size_t each = family == AF_INET ? 4 : 16, size = FIXED;

	if (octets_of(to, target) != family)
		family = AF_UNSPEC;
	if (version == 1)
		return make_line(family, source, target, from, to,
		    (char *)data);
	memcpy(data, SIGNATURE, SIGNED);
	data[12] = PROXY;
	data[13] = type == SOCK_DGRAM ? DGRAM : STREAM;
	if (family == AF_UNIX) {
		data[13] |= UNIX;
		put_path(data + size, from);
		put_path(data + size + PATH, to);
		size += 2 * PATH;
	} else if (family == AF_UNSPEC) {
		data[12] = LOCAL;
		data[13] = 0;
	} else {
		data[13] = (uint8_t)(data[13] |
		    (family == AF_INET ? IPV4 : IPV6));
		memcpy(data + size, source, each);
		memcpy(data + size + each, target, each);
		size += 2 * each;
		put_port(data + size, from);
		put_port(data + size + 2, to);
		size += 4;
	}
	data[14] = (uint8_t)((size - FIXED) >> 8);
	data[15] = (uint8_t)(size - FIXED);
	return size;
}

static enum proxy_header_answer
parse_line(const char *line, struct address *from, struct address *to)
{
	char family, here[64], there[64], rest;
	unsigned source, target;
	int af;

	if (strncmp(line, "PROXY UNKNOWN", 13) == 0)
		return PROXY_HEADER_GOOD;
	if (sscanf(line, "PROXY TCP%c %63s %63s %5u %5u%c", &family, here,
	    there, &source, &target, &rest) != 6 || rest != '\r' ||
	    (family != '4' && family != '6') || source > 65535 ||
	    target > 65535)
		return PROXY_HEADER_BAD;
	af = family == '4' ? AF_INET : AF_INET6;
	if (!address_parse(here, (uint16_t)source, from) ||
	    !address_parse(there, (uint16_t)target, to) ||
	    from->sa.any.sa_family != af || to->sa.any.sa_family != af)
		return PROXY_HEADER_BAD;
	return PROXY_HEADER_GOOD;
}

/* LOCAL and other families keep the connection's own addresses. */
static void
parse_addresses(const uint8_t *data, size_t size, struct address *from,
    struct address *to)
{
	int family = (data[13] & 0xf0) == IPV4 ? AF_INET :
	    (data[13] & 0xf0) == IPV6 ? AF_INET6 : AF_UNSPEC;
	size_t each = family == AF_INET ? 4 : 16;
	const uint8_t *at = data + FIXED, *port = at + 2 * each;

	if (data[12] != PROXY || family == AF_UNSPEC || size < 2 * each + 4)
		return;
	address_make(family, at, (uint16_t)(port[0] << 8 | port[1]), from);
	address_make(family, at + each, (uint16_t)(port[2] << 8 | port[3]), to);
}

/* How many octets to read before the header can be parsed further. */
static size_t
wanted(const struct proxy_header *header)
{
	const uint8_t *data = header->data;

	if (header->heard < SIGNED)
		return SIGNED;
	if (memcmp(data, SIGNATURE, SIGNED) != 0)
		return header->heard + (data[header->heard - 1] != '\n');
	if (header->heard < FIXED)
		return FIXED;
	return FIXED + ((size_t)data[14] << 8 | data[15]);
}

static bool
is_possible(const struct proxy_header *header)
{
	const uint8_t *data = header->data;

	if (memcmp(data, SIGNATURE, header->heard < SIGNED ? header->heard :
	    SIGNED) == 0)
		return header->heard < FIXED || data[12] == LOCAL ||
		    data[12] == PROXY;
	return header->heard <= LINE && memcmp(data, "PROXY ",
	    header->heard < 6 ? header->heard : 6) == 0;
}

static enum proxy_header_answer
parse(struct proxy_header *header, struct address *from, struct address *to)
{
	uint8_t *data = header->data;

	if (data[0] == 'P') {
		data[header->heard] = '\0';
		return parse_line((char *)data, from, to);
	}
	parse_addresses(data, header->heard - FIXED, from, to);
	return PROXY_HEADER_GOOD;
}

enum proxy_header_answer
proxy_header_read(struct proxy_header *header, int fd, struct address *from,
    struct address *to)
{
	uint8_t ignored[256], *into;
	size_t size;
	ssize_t got;

	while ((size = wanted(header)) > header->heard + header->skip) {
		size -= header->heard + header->skip;
		into = header->data + header->heard;
		if (header->heard == sizeof(header->data)) {
			into = ignored;
			size = size < sizeof(ignored) ? size : sizeof(ignored);
		} else if (size > sizeof(header->data) - header->heard)
			size = sizeof(header->data) - header->heard;
		got = read(fd, into, size);
		if (got == -1 && (errno == EAGAIN || errno == EINTR))
			return PROXY_HEADER_MORE;
		if (got <= 0)
			return PROXY_HEADER_BAD;
		if (into == ignored)
			header->skip += (size_t)got;
		else
			header->heard += (size_t)got;
		if (!is_possible(header))
			return PROXY_HEADER_BAD;
	}
	return parse(header, from, to);
}
