#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/endpoint.h"
#include "net/path.h"
#include "net/resolve.h"
#include "net/socket.h"
#include "net/transport.h"

int
endpoint_check(const struct address_query *query, int answer, bool quiet)
{
	if (answer == 0)
		return EXIT_DONE;
	if (!quiet)
		diag_error("getaddrinfo for host \"%s\" port %u: %s",
		    query->host, query->port, resolve_error(answer));
	return answer == RESOLVE_TIMED_OUT ? EXIT_TIME : EXIT_NAME;
}

int
endpoint_find(const struct address_query *query, int64_t deadline_us,
    struct address_list *list)
{
	return endpoint_check(query, resolve_run(query, deadline_us, list),
	    false);
}

bool
endpoint_source_query(const struct address_query *host,
    const struct socket_config *config, struct address_query *query)
{
	*query = *host;
	query->host = config->source_host;
	query->port = config->source_port;
	return query->host != NULL;
}

const struct address *
endpoint_source(const struct address_list *source, int family)
{
	size_t i;

	for (i = 0; i < source->count; i++)
		if (source->item[i].sa.any.sa_family == family)
			return &source->item[i];
	return NULL;
}

int
endpoint_match(const struct address_query *host, const char *name,
    struct address_list *hosts, const struct address_list *source)
{
	size_t i, kept = 0;

	for (i = 0; i < hosts->count; i++)
		if (endpoint_source(source,
		    hosts->item[i].sa.any.sa_family) != NULL)
			hosts->item[kept++] = hosts->item[i];
	hosts->count = kept;
	if (kept > 0)
		return EXIT_DONE;
	diag_error("no address of %s can be reached from %s", host->host, name);
	return EXIT_NETWORK;
}

void
endpoint_found(const struct address_query *host,
    const struct address_list *list, int64_t since_us)
{
	diag_say(2, "%s has %zu address%s, found in %.3f ms", host->host,
	    list->count, list->count == 1 ? "" : "es",
	    (double)(clock_now_us() - since_us) / 1000);
}

const char *
endpoint_hint(const struct address *address, int error)
{
	return error == EINVAL && address->sa.any.sa_family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL(&address->sa.in6.sin6_addr) &&
	    address->sa.in6.sin6_scope_id == 0 ?
	    " (a link-local address needs %interface after it)" : "";
}

const char *
endpoint_bind_hint(const struct address *address, int error)
{
	return error == EACCES && address_has_port(address) ?
	    " (ports below 1024, net.ipv4.ip_unprivileged_port_start, need "
	    "root or CAP_NET_BIND_SERVICE)" : endpoint_hint(address, error);
}

static bool
take_name(int fd, const struct address *address)
{
	return address_has_port(address) ?
	    bind(fd, &address->sa.any, address->length) == 0 :
	    path_bind(fd, address);
}

bool
endpoint_bind(int fd, const struct address *source)
{
	char text[ADDRESS_TEXT];
	int on = 1, error;

	if (address_has_port(source))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (take_name(fd, source))
		return true;
	error = errno;
	diag_error("cannot bind to %s: %s%s", address_port_text(source, text),
	    strerror(error), endpoint_bind_hint(source, error));
	return false;
}

void
endpoint_any(int family, uint16_t port, struct address_list *list)
{
	list->count = 0;
	if (family != AF_INET)
		address_any(AF_INET6, port, &list->item[list->count++]);
	if (family != AF_INET6)
		address_any(AF_INET, port, &list->item[list->count++]);
}

static void
put_ipv4_first(struct address_list *list)
{
	struct address item;
	size_t i, first = 0;

	for (i = 0; i < list->count; i++) {
		if (list->item[i].sa.any.sa_family != AF_INET)
			continue;
		item = list->item[i];
		memmove(&list->item[first + 1], &list->item[first],
		    (i - first) * sizeof(item));
		list->item[first++] = item;
	}
}

int
endpoint_here(const struct address_query *query, int64_t deadline_us,
    struct address_list *list)
{
	int code;

	if (query->host == NULL) {
		/* An IPv6 socket takes IPv4 too, if the host has IPv6. */
		endpoint_any(query->family, query->port, list);
		return EXIT_DONE;
	}
	code = endpoint_find(query, deadline_us, list);
	if (code == EXIT_DONE)
		put_ipv4_first(list);
	return code;
}

bool
endpoint_serve(const struct address_query *query, int fd,
    const struct address *address)
{
	int on = 1, only = query->family == AF_INET6;

	if (address->sa.any.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	/* For UDP it would let a second listener steal the datagrams. */
	if (transport_can(query, TRANSPORT_CONNECTS | TRANSPORT_PORTS))
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return take_name(fd, address);
}

const char *
endpoint_text(const char *host, const struct address *address, char *text)
{
	char digits[ADDRESS_TEXT];

	address_text(address, digits);
	if (strcmp(digits, host) == 0)
		snprintf(text, ENDPOINT_TEXT, "%s", digits);
	else
		snprintf(text, ENDPOINT_TEXT, "%s (%s)", host, digits);
	return text;
}
