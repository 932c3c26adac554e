#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signals.h"
#include "net/endpoint.h"
#include "net/socket.h"

int
endpoint_find(const struct address_query *query, bool quiet,
    int64_t deadline_us, struct address_list *list)
{
	int code;

	if (query->family == AF_UNIX) {
		list->count = 1;
		address_parse_unix(query->host, &list->item[0]);
		return EXIT_DONE;
	}
	code = address_resolve(query, deadline_us, list);
	if (code == 0)
		return EXIT_DONE;
	if (!quiet)
		diag_error("getaddrinfo for host \"%s\" port %u: %s",
		    query->host, query->port, address_error(code));
	return code == ADDRESS_TIMED_OUT ? EXIT_TIME : EXIT_NAME;
}

/* One source address can only reach hosts of its family. */
static int
keep_family(struct address_list *list, int family, const char *host,
    const char *source)
{
	size_t i, kept = 0;

	for (i = 0; i < list->count; i++)
		if (list->item[i].sa.any.sa_family == family)
			list->item[kept++] = list->item[i];
	list->count = kept;
	if (kept > 0)
		return EXIT_DONE;
	diag_error("no address of %s can be reached from %s", host, source);
	return EXIT_NETWORK;
}

static int
find_source(const struct address_query *host,
    const struct socket_config *config, int64_t deadline_us,
    struct address_list *hosts, struct address *source)
{
	struct address_query query = *host;
	struct address_list list;
	int code;

	source->length = 0;
	query.host = config->source_host;
	query.port = config->source_port;
	if (query.host == NULL && query.port == 0)
		return EXIT_DONE;
	if (query.host == NULL) {
		address_any(hosts->item[0].sa.any.sa_family, query.port,
		    source);
		return keep_family(hosts, source->sa.any.sa_family,
		    host->host, "0.0.0.0");
	}
	code = endpoint_find(&query, false, deadline_us, &list);
	if (code != EXIT_DONE)
		return code;
	*source = list.item[0];
	return keep_family(hosts, source->sa.any.sa_family, host->host,
	    query.host);
}

int
endpoint_pair(const struct address_query *host,
    const struct socket_config *config, bool quiet, int64_t deadline_us,
    struct address_list *hosts, struct address *source)
{
	int64_t since_us = clock_now_us();
	int code = endpoint_find(host, quiet, deadline_us, hosts);

	if (code != EXIT_DONE)
		return code;
	diag_say(2, "%s has %zu address%s, found in %.3f ms", host->host,
	    hosts->count, hosts->count == 1 ? "" : "es",
	    (double)(clock_now_us() - since_us) / 1000);
	return find_source(host, config, deadline_us, hosts, source);
}

bool
endpoint_bind(int fd, const struct address *source)
{
	char text[ADDRESS_TEXT];
	int on = 1;

	if (source->sa.any.sa_family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, &source->sa.any, source->length) == 0)
		return source->sa.any.sa_family != AF_UNIX ||
		    source->sa.un.sun_path[0] == '\0' ||
		    signals_remember(source->sa.un.sun_path);
	diag_error("cannot bind to %s: %s", address_port_text(source, text),
	    strerror(errno));
	return false;
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
