#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/socket.h"
#include "net/transport.h"
#include "sys/sys.h"

/* Room for the datagrams that arrive while one batch is being written. */
#define DATAGRAM_BUFFER	(8 << 20)

static bool
report(int result, int value, const char *what)
{
	if (result != 0)
		diag_error("cannot set %s to %d: %s", what, value,
		    strerror(errno));
	return result == 0;
}

static bool
set(int fd, int level, int option, int value, const char *what)
{
	return report(setsockopt(fd, level, option, &value, sizeof(value)),
	    value, what);
}

static bool
set_hops(const struct socket_config *config, int fd, int family)
{
	bool six = family == AF_INET6;

	if (config->tos != -1 && !(six ?
	    set(fd, IPPROTO_IPV6, IPV6_TCLASS, config->tos, "traffic class") :
	    set(fd, IPPROTO_IP, IP_TOS, config->tos, "type of service (-T)")))
		return false;
	if (config->ttl != 0 && !(six ?
	    set(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, config->ttl, "hop limit") :
	    set(fd, IPPROTO_IP, IP_TTL, config->ttl, "TTL (-M)")))
		return false;
	return config->min_ttl == 0 ||
	    report(sys_set_min_hops(fd, family, config->min_ttl),
	    config->min_ttl, six ? "minimum hop count" : "minimum TTL (-m)");
}

static bool
set_all(const struct socket_config *config, int fd, int family)
{
	if (config->debug &&
	    !set(fd, SOL_SOCKET, SO_DEBUG, 1, "SO_DEBUG (-D)"))
		return false;
	if (config->broadcast &&
	    !set(fd, SOL_SOCKET, SO_BROADCAST, 1, "broadcast (-b)"))
		return false;
	if (config->receive_buffer != 0 && !set(fd, SOL_SOCKET, SO_RCVBUF,
	    config->receive_buffer, "receive buffer (-I)"))
		return false;
	if (config->send_buffer != 0 && !set(fd, SOL_SOCKET, SO_SNDBUF,
	    config->send_buffer, "send buffer (-O)"))
		return false;
	return family == AF_UNIX || set_hops(config, fd, family);
}

/* The user has not asked for these, so failures are ignored. */
static void
set_wishes(const struct socket_config *config, int fd, unsigned caps)
{
	int on = 1;

	if ((caps & TRANSPORT_MESSAGES) != 0 && config->receive_buffer == 0)
		sys_want_buffer(fd, DATAGRAM_BUFFER);
	if ((caps & TRANSPORT_ABORTS) != 0) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		/* Accepted sockets inherit it, before an octet can come. */
		socket_urgent_inline(fd);
		socket_abortive(fd, true);
	}
}

int
socket_open(const struct socket_config *config, int family,
    const struct transport *transport)
{
	int fd = sys_socket(family, transport->type, transport->protocol);

	if (fd == -1 && (config->brief || errno == EAFNOSUPPORT))
		return -1;
	if (fd == -1) {
		diag_error("cannot create a socket: %s", strerror(errno));
		return -1;
	}
	if (!config->brief)
		set_wishes(config, fd, transport->caps);
	if (set_all(config, fd, family))
		return fd;
	close(fd);
	errno = 0;
	return -1;
}

static bool
set_key(const char *key, int fd, const struct address *peer)
{
	return sys_sign(fd, &peer->sa.any, peer->length,
	    address_port(peer) == 0, key) == 0;
}

/* A listener on :: needs the key for IPv4-mapped peers, too. */
bool
socket_sign(const struct socket_config *config, int fd,
    const struct address *peer)
{
	struct address mapped = *peer;

	if (config->md5_key == NULL)
		return true;
	mapped.sa.in6.sin6_addr.s6_addr[10] = 0xff;
	mapped.sa.in6.sin6_addr.s6_addr[11] = 0xff;
	if (set_key(config->md5_key, fd, peer) &&
	    (peer->sa.any.sa_family != AF_INET6 || address_port(peer) != 0 ||
	    set_key(config->md5_key, fd, &mapped)))
		return true;
	diag_error("cannot sign with TCP MD5 (-S): %s", strerror(errno));
	return false;
}

void
socket_forget_key(const struct socket_config *config)
{
	if (config->md5_key != NULL)
		explicit_bzero(config->md5_key, strlen(config->md5_key));
}

void
socket_abortive(int fd, bool abortive)
{
	struct linger linger = { .l_onoff = abortive, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

void
socket_urgent_inline(int fd)
{
	int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

void
socket_reset(int fd)
{
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(fd, &none, sizeof(none));
}

int
socket_reconnect(int fd, const struct address *address)
{
	if (connect(fd, &address->sa.any, address->length) == 0 ||
	    errno == EISCONN)
		return 0;
	return errno == EALREADY ? EINPROGRESS : errno;
}

/* Whether one that has no error is connected, and not to itself: an errno. */
static int
check_peer(int fd)
{
	struct address local, peer = { .length = sizeof(peer.sa) };

	if (getpeername(fd, &peer.sa.any, &peer.length) == -1)
		return errno;
	socket_local(fd, &local);
	if (address_equal(&local, &peer) &&
	    (transport_of_socket(fd)->caps & TRANSPORT_ABORTS) != 0)
		return ECONNREFUSED;
	return 0;
}

/* One that is connected to itself has the same port at both ends. */
static bool
may_be_itself(int fd, const struct address *address)
{
	struct address local;

	socket_local(fd, &local);
	return address_port(&local) == address_port(address);
}

int
socket_connect(int fd, const struct address *address)
{
	int error = connect(fd, &address->sa.any, address->length) == 0 ? 0 :
	    errno;

	/* What is on this machine has answered by now. */
	if (error == EINPROGRESS)
		error = socket_reconnect(fd, address);
	return error == 0 && may_be_itself(fd, address) ? check_peer(fd) :
	    error;
}

int
socket_connected(int fd)
{
	int error = socket_error(fd);

	return error == 0 ? check_peer(fd) : error;
}

int
socket_error(int fd)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (fd != -1 &&
	    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
		return errno;
	return error;
}

uint64_t
socket_unread(int fd)
{
	int count;

	return ioctl(fd, FIONREAD, &count) == -1 || count < 0 ? 0 :
	    (uint64_t)count;
}

void
socket_keepalive(int fd, int seconds)
{
	int on = 1;

	sys_keepalive(fd, seconds, 3);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

void
socket_low_water(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes));
}

void
socket_local(int fd, struct address *address)
{
	memset(address, 0, sizeof(*address));
	address->length = sizeof(address->sa);
	if (getsockname(fd, &address->sa.any, &address->length) == -1)
		address->length = sizeof(address->sa.any.sa_family);
}

const char *
socket_text(int fd, const struct address *peer, char *text)
{
	char here[ADDRESS_TEXT], there[ADDRESS_TEXT];
	struct address local;

	socket_local(fd, &local);
	snprintf(text, SOCKET_TEXT, "%s %s -> %s",
	    transport_of_socket(fd)->name, address_port_text(&local, here),
	    address_port_text(peer, there));
	return text;
}

int
socket_pass(int fd, int through)
{
	union {
		struct cmsghdr head;
		char	 room[CMSG_SPACE(sizeof(int))];
	} control = { .head = {
		.cmsg_len = CMSG_LEN(sizeof(int)),
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	} };
	struct iovec octet = { .iov_base = "", .iov_len = 1 };
	struct msghdr message = { .msg_iov = &octet, .msg_iovlen = 1,
	    .msg_control = &control, .msg_controllen = sizeof(control) };
	int flags = fcntl(fd, F_GETFL);

	memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	socket_abortive(fd, false);
	if (sendmsg(through, &message, MSG_NOSIGNAL) == 1)
		return 0;
	return errno == EINVAL || errno == EOPNOTSUPP ? ENOTSOCK : errno;
}
