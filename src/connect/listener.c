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
#include "net/transport.h"
#include "sys/sys.h"

#define BACKLOG	SOMAXCONN

/* The longest pause after accept(2) has failed (EMFILE). */
#define PAUSE	(CLOCK_SECOND / 10)

static int
complain(const char *what, const struct address *address)
{
	char text[ADDRESS_TEXT];
	const char *remedy = endpoint_bind_hint(address, errno);

	if (errno == EADDRINUSE)
		remedy = !address_has_port(address) ?
		    " (remove the file if nobody listens)" :
		    " (choose another port, or 0 for any)";
	diag_error("cannot %s %s: %s%s", what,
	    address_port_text(address, text), strerror(errno), remedy);
	return EXIT_LOCAL;
}

/* A bound descriptor; -1 with errno set; -2 when the reason is printed. */
static int
bind_to(const struct listener_config *config, const struct address *address)
{
	int error, fd = socket_open(&config->socket,
	    address->sa.any.sa_family, transport_of(&config->endpoint));

	if (fd == -1)
		return errno == EAFNOSUPPORT ? -1 : -2;
	if (endpoint_serve(&config->endpoint, fd, address))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
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

/* Writes a path of a UNIX socket as one word of sh(1). */
static const char *
word(const char *path, char *text)
{
	bool plain = path[strspn(path, "abcdefghijklmnopqrstuvwxyz0123456789"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ_@%+=:,./-")] == '\0';
	char *to = text;

	if (!plain)
		*to++ = '\'';
	for (; *path != '\0'; path++)
		if (*path == '\'')
			to = stpcpy(to, "'\\''");
		else
			*to++ = *path;
	strcpy(to, plain ? "" : "'");
	return text;
}

/* Prints the command for the other side, with the name of this host. */
static void
invite(const struct listener_config *config, const struct address *address)
{
	char here[ADDRESS_TEXT], host[ADDRESS_NAME + 1] = "HOST";
	char path[4 * sizeof(struct sockaddr_un) + 3];

	if (!transport_can(&config->endpoint, TRANSPORT_PORTS)) {
		diag_line(0, "%s -U %s%s", config->invitation,
		    word(config->endpoint.host, path), config->arguments);
		return;
	}
	gethostname(host, sizeof(host) - 1);
	diag_line(0, "%s %s %u%s", config->invitation,
	    config->endpoint.host == NULL ? host :
	    address_text(address, here), address_port(address),
	    config->arguments);
}

int
listener_open(struct listener *listener, const struct listener_config *config)
{
	struct address_list list;
	struct address address, any;
	char text[ADDRESS_TEXT];
	unsigned caps = transport_of(&config->endpoint)->caps;
	int fd, code = endpoint_here(&config->endpoint, config->deadline_us,
	    &list);

	if (code != EXIT_DONE)
		return code;
	fd = bind_first(config, &list, &address);
	if (fd < 0)
		return fd == -1 ? complain("bind to", &address) : EXIT_LOCAL;
	*listener = (struct listener){ .fd = fd,
	    .datagrams = (caps & TRANSPORT_MESSAGES) != 0,
	    .allow = config->allow, .deny = config->deny,
	    .output = config->output };
	address_any(address.sa.any.sa_family, 0, &any);
	if (!socket_sign(&config->socket, fd, &any))
		return EXIT_LOCAL;
	socket_local(fd, &address);
	if (config->invitation != NULL)
		invite(config, &address);
	address_port_text(&address, text);
	/* As Debian's netcat prints it. */
	if ((caps & TRANSPORT_CONNECTS) == 0 || (caps & TRANSPORT_PORTS) == 0)
		diag_line(1, "Bound on %s", text);
	if ((caps & TRANSPORT_CONNECTS) == 0)
		return EXIT_DONE;
	if (listen(fd, BACKLOG) == -1)
		return complain("listen on", &address);
	diag_line(1, "Listening on %s", text);
	return EXIT_DONE;
}

/* Takes the sender's address of the first datagram, which stays queued. */
static int
look(int fd, struct address *peer)
{
	char byte;

	return recvfrom(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT, &peer->sa.any,
	    &peer->length) == -1 ? -1 : fd;
}

/* Who may not connect is reset before a byte is read; a datagram is dropped. */
static bool
lets_in(const struct listener *listener, int fd, const struct address *peer)
{
	char text[ADDRESS_TEXT];

	if (listener->datagrams) {
		if (access_hears(listener->allow, listener->deny, peer))
			return true;
		recv(fd, text, 1, MSG_DONTWAIT);
		return false;
	}
	if (access_permits(listener->allow, listener->deny, peer))
		return true;
	diag_say(1, "connection from %s refused (--allow, --deny)",
	    address_port_text(peer, text));
	close(fd);
	return false;
}

/*
 * Failures of one connection (ECONNABORTED) and shortages (EMFILE) do not end
 * the listener; but they may go on, so there are pauses, and one message.
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
	*fd = listener->datagrams ? look(listener->fd, peer) :
	    sys_accept(listener->fd, &peer->sa.any, &peer->length);
	if (*fd == -1)
		return pause_after(listener, errno, loop->now_us);
	listener->pause_us = 0;
	if (!lets_in(listener, *fd, peer)) {
		*fd = -1;
		return EXIT_DONE;
	}
	/* Making these texts takes longer than accept(2). */
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
listener_close(struct listener *listener)
{
	path_release(listener->fd);
	close(listener->fd);
	listener->fd = -1;
}
