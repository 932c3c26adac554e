#include <arpa/inet.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "net/address.h"

void
address_set_port(struct address *address, uint16_t port)
{
	if (address->sa.any.sa_family == AF_INET)
		address->sa.in4.sin_port = htons(port);
	else if (address->sa.any.sa_family == AF_INET6)
		address->sa.in6.sin6_port = htons(port);
}

void
address_make(int family, const void *octets, uint16_t port,
    struct address *address)
{
	address_any(family, port, address);
	if (family == AF_INET)
		memcpy(&address->sa.in4.sin_addr, octets, 4);
	else
		memcpy(&address->sa.in6.sin6_addr, octets, 16);
}

bool
address_parse(const char *text, uint16_t port, struct address *address)
{
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	uint8_t octets[16];

	if (inet_pton(family, text, octets) != 1)
		return false;
	address_make(family, octets, port, address);
	return true;
}

bool
address_host(const struct address *address, struct in6_addr *host)
{
	*host = (struct in6_addr){ .s6_addr = { [10] = 0xff, 0xff } };
	if (address->sa.any.sa_family == AF_INET)
		memcpy(host->s6_addr + 12, &address->sa.in4.sin_addr, 4);
	else if (address->sa.any.sa_family == AF_INET6)
		*host = address->sa.in6.sin6_addr;
	return address_has_port(address);
}

bool
address_parse_unix(const char *path, struct address *address)
{
	size_t length = strlen(path);

	memset(address, 0, sizeof(*address));
	address->sa.un.sun_family = AF_UNIX;
	/* An abstract name has no NUL at its end. */
	if (length == 0 || length >= sizeof(address->sa.un.sun_path) +
	    (path[0] == '@'))
		return false;
	memcpy(address->sa.un.sun_path, path, length);
	if (path[0] == '@')
		address->sa.un.sun_path[0] = '\0';
	else
		length++;
	address->length =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

void
address_any(int family, uint16_t port, struct address *address)
{
	memset(address, 0, sizeof(*address));
	address->sa.any.sa_family = (sa_family_t)family;
	address->length = family == AF_INET6 ? sizeof(address->sa.in6) :
	    sizeof(address->sa.in4);
	address_set_port(address, port);
}

/* Not "family != AF_UNIX": datagrams of unnamed senders have no family. */
bool
address_has_port(const struct address *address)
{
	return address->sa.any.sa_family == AF_INET ||
	    address->sa.any.sa_family == AF_INET6;
}

static const char *
unix_text(const struct address *address, char *text)
{
	const struct sockaddr_un *un = &address->sa.un;
	size_t length = address->length;

	length -= offsetof(struct sockaddr_un, sun_path) < length ?
	    offsetof(struct sockaddr_un, sun_path) : length;
	if (length == 0)
		return strcpy(text, "(unnamed)");
	if (un->sun_path[0] == '\0')
		snprintf(text, ADDRESS_TEXT, "@%.*s", (int)length - 1,
		    un->sun_path + 1);
	else
		snprintf(text, ADDRESS_TEXT, "%.*s", (int)length, un->sun_path);
	return text;
}

const char *
address_text(const struct address *address, char *text)
{
	const struct sockaddr_in6 *in6 = &address->sa.in6;

	if (!address_has_port(address))
		return unix_text(address, text);
	if (address->sa.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr))
		return inet_ntop(AF_INET, &in6->sin6_addr.s6_addr[12], text,
		    ADDRESS_TEXT);
	if (getnameinfo(&address->sa.any, address->length, text, ADDRESS_TEXT,
	    NULL, 0, NI_NUMERICHOST) != 0)
		strcpy(text, "(unknown)");
	return text;
}

const char *
address_port_text(const struct address *address, char *text)
{
	size_t length;

	address_text(address, text);
	length = strlen(text);
	if (address_has_port(address))
		snprintf(text + length, ADDRESS_TEXT - length, " %u",
		    address_port(address));
	return text;
}

uint16_t
address_port(const struct address *address)
{
	if (address->sa.any.sa_family == AF_INET)
		return ntohs(address->sa.in4.sin_port);
	if (address->sa.any.sa_family == AF_INET6)
		return ntohs(address->sa.in6.sin6_port);
	return 0;
}

bool
address_is_loopback(const struct address *address)
{
	if (address->sa.any.sa_family == AF_INET)
		return ntohl(address->sa.in4.sin_addr.s_addr) >> 24 ==
		    IN_LOOPBACKNET;
	return address->sa.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LOOPBACK(&address->sa.in6.sin6_addr);
}

bool
address_equal(const struct address *a, const struct address *b)
{
	if (a->sa.any.sa_family != b->sa.any.sa_family)
		return false;
	switch (a->sa.any.sa_family) {
	case AF_INET:
		return a->sa.in4.sin_port == b->sa.in4.sin_port &&
		    a->sa.in4.sin_addr.s_addr == b->sa.in4.sin_addr.s_addr;
	case AF_INET6:
		return a->sa.in6.sin6_port == b->sa.in6.sin6_port &&
		    a->sa.in6.sin6_scope_id == b->sa.in6.sin6_scope_id &&
		    IN6_ARE_ADDR_EQUAL(&a->sa.in6.sin6_addr,
		    &b->sa.in6.sin6_addr);
	default:
		return a->length == b->length &&
		    memcmp(&a->sa, &b->sa, a->length) == 0;
	}
}

/* 127.0.0.1 and "::1"; to connect to "any" of them is to connect to these. */
static bool
is_local(const struct address *address)
{
	struct address any;

	address_any(address->sa.any.sa_family, address_port(address), &any);
	return address_is_loopback(address) || address_equal(address, &any);
}

bool
address_leads_to(const struct address *to, const struct address *here)
{
	struct address any;
	char ours[ADDRESS_TEXT], theirs[ADDRESS_TEXT];

	if (address_port(to) != address_port(here))
		return false;
	/* An IPv4 peer of an IPv6 listener has IPv4's text. */
	if (strcmp(address_port_text(to, theirs),
	    address_port_text(here, ours)) == 0)
		return true;
	address_any(to->sa.any.sa_family, address_port(to), &any);
	return (address_equal(here, &any) || address_equal(to, &any)) &&
	    is_local(to) && is_local(here) &&
	    to->sa.any.sa_family == here->sa.any.sa_family;
}
