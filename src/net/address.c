#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "net/address.h"

void
address_set_port(struct address *address, uint16_t port)
{
	if (address->sa.any.sa_family == AF_INET)
		address->sa.in4.sin_port = htons(port);
	else if (address->sa.any.sa_family == AF_INET6)
		address->sa.in6.sin6_port = htons(port);
}

static bool
is_listed(const struct address_list *list, const struct address *address)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (address_equal(&list->item[i], address))
			return true;
	return false;
}

/* Each once: glibc takes "::1 name" in hosts(5) for a second 127.0.0.1. */
static void
list_fill(struct address_list *list, const struct addrinfo *info, uint16_t port)
{
	struct address *to;

	list->count = 0;
	for (; info != NULL && list->count < ADDRESS_LIST;
	    info = info->ai_next) {
		to = &list->item[list->count];
		memset(to, 0, sizeof(*to));
		memcpy(&to->sa, info->ai_addr, info->ai_addrlen);
		to->length = info->ai_addrlen;
		address_set_port(to, port);
		list->count += !is_listed(list, to);
	}
}

/*
 * getaddrinfo_a(3) asks in a thread of libc's, which a deadline can leave
 * behind: the request is then never freed, since the thread still writes it.
 */
static int
resolve_until(const char *host, const struct addrinfo *hints,
    int64_t deadline_us, struct addrinfo **found)
{
	struct request {
		struct gaicb item;
		struct addrinfo hints;
		char host[ADDRESS_NAME + 1];
	} *request = calloc(1, sizeof(*request));
	struct gaicb *list[1];
	int64_t left;
	int code;

	if (request == NULL)
		return EAI_MEMORY;
	request->hints = *hints;
	snprintf(request->host, sizeof(request->host), "%s", host);
	request->item.ar_name = request->host;
	request->item.ar_request = &request->hints;
	list[0] = &request->item;
	code = getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
	while (code == 0 && (code = gai_error(list[0])) == EAI_INPROGRESS) {
		left = deadline_us - clock_now_us();
		if (left <= 0)
			return ADDRESS_TIMED_OUT;
		gai_suspend((const struct gaicb *const *)list, 1,
		    &(struct timespec){ .tv_sec = left / CLOCK_SECOND,
		    .tv_nsec = left % CLOCK_SECOND * 1000 });
		code = 0;
	}
	*found = request->item.ar_result;
	free(request);
	return code;
}

int
address_resolve(const struct address_query *query, int64_t deadline_us,
    struct address_list *list)
{
	struct addrinfo *found = NULL, hints = {
		.ai_family = query->family,
		.ai_socktype = query->type,
		.ai_flags = AI_NUMERICHOST,
	};
	int code;

	/* Digits need no resolver, and no thread. */
	code = getaddrinfo(query->host, NULL, &hints, &found);
	if (code == EAI_NONAME && !query->numeric) {
		hints.ai_flags = 0;
		code = deadline_us == CLOCK_NEVER ?
		    getaddrinfo(query->host, NULL, &hints, &found) :
		    resolve_until(query->host, &hints, deadline_us, &found);
	}
	if (code != 0)
		return code;
	list_fill(list, found, query->port);
	freeaddrinfo(found);
	return 0;
}

const char *
address_error(int code)
{
	if (code == ADDRESS_TIMED_OUT)
		return "timed out";
	return code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
}

bool
address_parse_unix(const char *path, struct address *address)
{
	size_t length = strlen(path);

	memset(address, 0, sizeof(*address));
	address->sa.un.sun_family = AF_UNIX;
	if (length == 0 || length >= sizeof(address->sa.un.sun_path))
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

/* A UNIX datagram whose sender has no name comes with no family either. */
static bool
is_path(const struct address *address)
{
	return address->sa.any.sa_family == AF_UNIX ||
	    address->sa.any.sa_family == AF_UNSPEC;
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

	if (is_path(address))
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
	if (!is_path(address))
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
