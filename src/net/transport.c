#include <netinet/in.h>
#include <sys/socket.h>

#include "net/address.h"
#include "net/transport.h"

static const struct transport table[] = {
	{ .name = "tcp", .label = "TCP", .family = AF_UNSPEC,
	    .type = SOCK_STREAM, .protocol = IPPROTO_TCP,
	    .caps = TRANSPORT_CONNECTS | TRANSPORT_ABORTS | TRANSPORT_PROVES |
	    TRANSPORT_PORTS },
	{ .name = "udp", .label = "UDP", .family = AF_UNSPEC,
	    .type = SOCK_DGRAM, .protocol = IPPROTO_UDP,
	    .caps = TRANSPORT_MESSAGES | TRANSPORT_PORTS },
	{ .name = "unix", .label = "UNIX", .family = AF_UNIX,
	    .type = SOCK_STREAM, .caps = TRANSPORT_CONNECTS,
	    .parse = address_parse_unix },
	{ .name = "unix-dgram", .label = "UNIX", .family = AF_UNIX,
	    .type = SOCK_DGRAM, .caps = TRANSPORT_MESSAGES | TRANSPORT_BINDS,
	    .parse = address_parse_unix },
	/* Any other socket: can nothing. */
	{ .name = "socket", .label = "" }
};

static const struct transport *
find(int family, int type)
{
	const struct transport *row = table;

	if (family == AF_INET || family == AF_INET6)
		family = AF_UNSPEC;
	while (row->type != 0 && (row->family != family || row->type != type))
		row++;
	return row;
}

const struct transport *
transport_of(const struct address_query *query)
{
	return find(query->family, query->type);
}

const struct transport *
transport_of_socket(int fd)
{
	struct sockaddr_storage name = { .ss_family = AF_UNSPEC };
	socklen_t length = sizeof(name), size = sizeof(int);
	int type = 0;

	getsockname(fd, (struct sockaddr *)&name, &length);
	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	return find(name.ss_family, type);
}

bool
transport_can(const struct address_query *query, unsigned caps)
{
	return (transport_of(query)->caps & caps) == caps;
}
