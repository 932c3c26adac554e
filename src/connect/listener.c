#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "connect/listener.h"
#include "net/access.h"
#include "net/endpoint.h"
#include "net/path.h"
#include "sys/sys.h"

#define BACKLOG	SOMAXCONN

/* At most, when accept(2) fails, as it does without descriptors. */
#define PAUSE	(CLOCK_SECOND / 10)

static int
complain(const char *what, const struct address *address)
{
	char text[ADDRESS_TEXT];
	const char *remedy = endpoint_hint(address, errno);

	if (errno == EADDRINUSE)
		remedy = address->sa.any.sa_family == AF_UNIX ?
		    " (remove the file if nobody listens)" :
		    " (choose another port, or 0 for any)";
	diag_error("cannot %s %s: %s%s", what,
	    address_port_text(address, text), strerror(errno), remedy);
	return EXIT_LOCAL;
}

/* -1 with errno set, or a bound descriptor; -2 when the reason is printed. */
static int
bind_to(const struct listener_config *config, const struct address *address)
{
	int fd, off = 0, on = 1, error, family = address->sa.any.sa_family;
	const struct address_query *here = &config->endpoint;

	fd = socket_open(&config->socket, family, here->type);
	if (fd == -1)
		return errno == EAFNOSUPPORT ? -1 : -2;
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    here->family == AF_INET6 ? &on : &off, sizeof(off));
	/* On UDP it would let a second listener take the port. */
	if (here->type == SOCK_STREAM && family != AF_UNIX)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_UNIX ? path_bind(fd, address) :
	    bind(fd, &address->sa.any, address->length) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* One IPv6 socket takes IPv4 too; the other is for where there is no IPv6. */
static void
list_any(const struct address_query *here, struct address_list *list)
{
	list->count = 0;
	if (here->family != AF_INET)
		address_any(AF_INET6, here->port, &list->item[list->count++]);
	if (here->family != AF_INET6)
		address_any(AF_INET, here->port, &list->item[list->count++]);
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

static int
find(const struct listener_config *config, struct address_list *list)
{
	int code;

	if (config->endpoint.host == NULL) {
		list_any(&config->endpoint, list);
		return EXIT_DONE;
	}
	code = endpoint_find(&config->endpoint, false, config->deadline_us,
	    list);
	if (code == EXIT_DONE)
		put_ipv4_first(list);
	return code;
}

/* A descriptor bound to the first address that can be, or as bind_to. */
static int
bind_first(const struct listener_config *config,
    const struct address_list *list, struct address *address)
{
	int fd = -1;
	size_t i;

	for (i = 0; i < list->count && fd == -1; i++) {
		*address = list->item[i];
		fd = bind_to(config, address);
		if (fd == -1 && config->endpoint.host == NULL &&
		    (errno == EADDRINUSE || errno == EACCES))
			break;
	}
	return fd;
}

/* The command for the other side, by the name this host has for itself. */
static void
invite(const struct listener_config *config, const struct address *address)
{
	char here[ADDRESS_TEXT], host[ADDRESS_NAME + 1] = "HOST";

	if (address->sa.any.sa_family == AF_UNIX) {
		diag_line(0, "%s -U %s", config->invitation,
		    config->endpoint.host);
		return;
	}
	gethostname(host, sizeof(host) - 1);
	diag_line(0, "%s %s %u", config->invitation,
	    config->endpoint.host == NULL ? host :
	    address_text(address, here), address_port(address));
}

int
listener_open(struct listener *listener, const struct listener_config *config)
{
	struct address_list list;
	struct address address, any;
	char text[ADDRESS_TEXT];
	int fd, code = find(config, &list), type = config->endpoint.type;

	if (code != EXIT_DONE)
		return code;
	fd = bind_first(config, &list, &address);
	if (fd < 0)
		return fd == -1 ? complain("bind to", &address) : EXIT_LOCAL;
	*listener = (struct listener){ .fd = fd, .type = type,
	    .allow = config->allow, .deny = config->deny,
	    .output = config->output };
	address_any(address.sa.any.sa_family, 0, &any);
	if (!socket_sign(&config->socket, fd, &any))
		return EXIT_LOCAL;
	socket_local(fd, &address);
	if (config->invitation != NULL)
		invite(config, &address);
	address_port_text(&address, text);
	/* As Debian's netcat has it. */
	if (type == SOCK_DGRAM || address.sa.any.sa_family == AF_UNIX)
		diag_line(1, "Bound on %s", text);
	if (type == SOCK_DGRAM)
		return EXIT_DONE;
	if (listen(fd, BACKLOG) == -1)
		return complain("listen on", &address);
	diag_line(1, "Listening on %s", text);
	return EXIT_DONE;
}

/* A look at the first datagram, for its sender; it stays in the queue. */
static int
look(int fd, struct address *peer)
{
	char byte;

	return recvfrom(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, &peer->sa.any,
	    &peer->length) == -1 ? -1 : fd;
}

/* Reset, since it is abortive, before a byte is read. */
static bool
lets_in(const struct listener *listener, int fd, const struct address *peer)
{
	char text[ADDRESS_TEXT];

	if (listener->allow == NULL || listener->type == SOCK_DGRAM ||
	    access_permits(listener->allow, listener->deny, peer))
		return true;
	diag_say(1, "connection from %s refused (--allow, --deny)",
	    address_port_text(peer, text));
	close(fd);
	return false;
}

/*
 * What went wrong with one peer, or for a while, is no reason to end; but it
 * may come again and again, so there is a pause, and one line.
 */
static int
pause_after(struct listener *listener, int error, int64_t now_us)
{
	if (error == EAGAIN || error == EINTR)
		return EXIT_DONE;
	if (error == EBADF || error == EINVAL || error == ENOTSOCK ||
	    error == EOPNOTSUPP) {
		diag_error("cannot accept: %s", strerror(error));
		return EXIT_LOCAL;
	}
	if (error != listener->said && error != ECONNABORTED) {
		diag_error("cannot accept: %s; trying again",
		    strerror(error));
		listener->said = error;
	}
	listener->pause_us = listener->pause_us == 0 ? PAUSE / 16 :
	    clock_earlier(2 * listener->pause_us, PAUSE);
	listener->next_us = now_us + listener->pause_us;
	return EXIT_DONE;
}

void
listener_watch(struct listener *listener, struct loop *loop)
{
	bool pausing = loop->now_us < listener->next_us;

	if (pausing)
		loop_until(loop, listener->next_us);
	listener->place = loop_watch(loop, pausing ? -1 : listener->fd,
	    POLLIN);
	listener->output_place = loop_watch(loop, listener->output, 0);
}

bool
listener_has_news(const struct listener *listener, const struct loop *loop)
{
	return loop_revents(loop, listener->place) != 0 ||
	    loop_revents(loop, listener->output_place) != 0;
}

int
listener_accept(struct listener *listener, const struct loop *loop, int *fd,
    struct address *peer)
{
	char text[SOCKET_TEXT];

	*fd = -1;
	if ((loop_revents(loop, listener->output_place) &
	    (POLLERR | POLLHUP | POLLNVAL)) != 0)
		return EXIT_SIGNAL + SIGPIPE;
	if (loop->now_us < listener->next_us)
		return EXIT_DONE;
	memset(peer, 0, sizeof(*peer));
	peer->length = sizeof(peer->sa);
	*fd = listener->type == SOCK_DGRAM ? look(listener->fd, peer) :
	    sys_accept(listener->fd, &peer->sa.any, &peer->length);
	if (*fd == -1)
		return pause_after(listener, errno, loop->now_us);
	listener->pause_us = 0;
	if (!lets_in(listener, *fd, peer)) {
		*fd = -1;
		return EXIT_DONE;
	}
	/* Texts that nobody reads would cost a server its time. */
	if (diag_wants(1))
		diag_line(1, "Connection received on %s",
		    address_port_text(peer, text));
	if (diag_wants(2))
		diag_say(2, "%s", socket_text(*fd, peer, text));
	return EXIT_DONE;
}

int
listener_await(struct listener *listener, int64_t deadline_us, int *fd,
    struct address *peer)
{
	struct loop loop;
	bool late = false;
	int code;

	loop_open(&loop);
	listener->output_place = -1;
	for (;;) {
		code = listener_accept(listener, &loop, fd, peer);
		if (code == EXIT_DONE && *fd == -1 && late)
			code = EXIT_TIME;
		if (code != EXIT_DONE || *fd != -1)
			break;
		loop_begin(&loop);
		listener_watch(listener, &loop);
		loop_until(&loop, deadline_us);
		loop_run_once(&loop);
		late = loop_passed(&loop, deadline_us);
	}
	loop_close(&loop);
	return code;
}

void
listener_leave(struct listener *listener)
{
	if (listener->fd != -1)
		close(listener->fd);
	listener->fd = -1;
}

void
listener_close(struct listener *listener)
{
	path_release(listener->fd);
	listener_leave(listener);
}
