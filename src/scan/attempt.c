#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/endpoint.h"
#include "net/transport.h"
#include "scan/attempt.h"
#include "scan/scan.h"
#include "sys/sys.h"

#define SPARES	(sizeof(((struct scan *)0)->spare) / sizeof(int))

static bool
is_tcp(const struct scan *scan)
{
	return transport_can(&scan->config->endpoint, TRANSPORT_CONNECTS);
}

bool
attempt_is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL || error == EAGAIN;
}

static struct address
address_of(const struct scan *scan, const struct attempt *attempt)
{
	struct address to = attempt->target->address[attempt->address];

	address_set_port(&to, scan->config->pass != NULL ?
	    scan->config->proxy.port : attempt->port);
	return to;
}

static void
drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
attempt_drop_spares(struct scan *scan)
{
	while (scan->spares > 0)
		close(scan->spare[--scan->spares]);
}

/* A socket for the address, perhaps a used one; -1 with errno (0: printed). */
static int
make_socket(struct scan *scan, const struct address *to)
{
	int family = to->sa.any.sa_family, fd;
	struct address_query query = scan->config->endpoint;
	const struct address *source = endpoint_source(&scan->source, family);

	if (scan->spare_family != family)
		attempt_drop_spares(scan);
	scan->spare_family = family;
	if (scan->spares > 0)
		return scan->spare[--scan->spares];
	query.family = family;
	fd = socket_open(&scan->socket, family, transport_of(&query));
	if (fd == -1)
		return -1;
	if (family != AF_UNIX)
		sys_hear_icmp(fd, family);
	if (socket_sign(&scan->socket, fd, to) &&
	    (source == NULL || endpoint_bind(fd, source)))
		return fd;
	close(fd);
	errno = 0;
	return -1;
}

static int
send_probe(const struct scan *scan, const struct attempt *attempt, int fd)
{
	struct probe probe = scan->config->probe;

	if (probe.data == NULL)
		probe.data = (const uint8_t *)talk_words(&probe.size);
	if (probe.data == NULL)
		probe = probe_for(attempt->port);
	return send(fd, probe.data, probe.size, 0) == -1 ? errno : 0;
}

/* Connects, or sends a probe; *fd is -1 or UDP's socket. 0 or errno. */
static int
ask(struct scan *scan, const struct attempt *attempt, int *fd)
{
	const struct address to = address_of(scan, attempt);
	int error;

	if (*fd != -1 && !is_tcp(scan))
		return send_probe(scan, attempt, *fd);
	drop(fd);
	*fd = make_socket(scan, &to);
	if (*fd == -1) {
		scan->broken = errno == 0;
		return errno;
	}
	error = connect(*fd, &to.sa.any, to.length) == 0 ? 0 : errno;
	if (error == 0 && !is_tcp(scan))
		error = send_probe(scan, attempt, *fd);
	if (error == 0 || error == EINPROGRESS)
		return 0;
	drop(fd);
	/* A UNIX socket whose queue is full: somebody listens, but slowly. */
	return error == EAGAIN && attempt->target->is_path ? ETIMEDOUT : error;
}

void
attempt_settle(struct scan *scan, struct attempt *attempt,
    enum port_state state, int error)
{
	struct result *result = attempt->result;

	if (state == PORT_SILENT && scan->limited && !is_tcp(scan))
		state = PORT_DOUBT;
	if (attempt->talk != NULL)
		talk_end(scan->config, attempt->talk, result);
	else if (result->took_us == 0)
		result->took_us =
		    (uint32_t)(clock_now_us() - attempt->since_us);
	/* --wait: a last try without time for an answer does not count. */
	if (state != PORT_SILENT || result->state <= PORT_OPEN ||
	    !clock_passed(scan->deadline_us)) {
		result->state = (uint8_t)state;
		result->error = (int16_t)error;
	}
	result->busy = false;
	scan->refused |= result->code == EXIT_IDENTITY;
	scan->news += state == PORT_OPEN;
	scan->open += state == PORT_OPEN;
	scan->settled++;
	drop(&attempt->fd[0]);
	drop(&attempt->fd[1]);
	attempt->talk = NULL;
	attempt->result = NULL;
}

/*
 * ICMP errors that mean a firewall: net, host or protocol unreachable or
 * prohibited (RFC 792, RFC 1812; all of ICMPv6 type 1, RFC 4443). For TCP,
 * where closed ports answer with RST, also port unreachable.
 */
static bool
is_prohibition(const struct scan *scan, const struct attempt *attempt, int icmp)
{
	const uint32_t codes = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 |
	    1 << 10 | 1 << 13;
	bool six = address_of(scan, attempt).sa.any.sa_family == AF_INET6;
	int code = icmp & 0xff;

	if (icmp == -1 || icmp >> 8 != (six ? 1 : 3))
		return false;
	if (code == (six ? 4 : 3) && !is_tcp(scan))
		return false;
	return six ? code <= 6 : code < 32 && (codes >> code & 1);
}

static void
settle_error(struct scan *scan, struct attempt *attempt, int error)
{
	/* This is the connection to the proxy: the port remains unknown. */
	attempt_settle(scan, attempt, scan->config->pass != NULL ?
	    PORT_UNREACHABLE : error == ETIMEDOUT ? PORT_SILENT :
	    is_prohibition(scan, attempt, attempt->result->icmp) ?
	    PORT_FILTERED : error == ECONNREFUSED || (error == ENOENT &&
	    attempt->target->is_path) ? PORT_CLOSED : PORT_UNREACHABLE, error);
}

/*
 * After an error, which may only mean that it is in progress. An ICMP error
 * that arrives during connect(2) is queued by the kernel, but does not end it.
 */
static void
failed(struct scan *scan, struct attempt *attempt, int which, int error)
{
	const struct address to = address_of(scan, attempt);
	int *fd = &attempt->fd[which], icmp = sys_icmp(*fd, &error);

	if (error == EINPROGRESS || error == EINTR ||
	    attempt_is_shortage(error))
		return;
	attempt->result->icmp = (int16_t)icmp;
	/* Datagrams are refused by ICMP, though not every kernel shows it. */
	if (icmp != -1 || (error == ECONNREFUSED && !is_tcp(scan) &&
	    !attempt->target->is_path)) {
		scan->refusals++;
		scan->limited |= !address_is_loopback(&to);
	} else if (is_tcp(scan) && !attempt->target->is_path &&
	    scan->spares < SPARES && scan->spares < scan->room) {
		scan->spare[scan->spares++] = *fd;
		*fd = -1;
	}
	settle_error(scan, attempt, error);
}

static void
connected(struct scan *scan, struct attempt *attempt, int which)
{
	const struct address to = address_of(scan, attempt);
	int fd = attempt->fd[which];
	char text[SOCKET_TEXT];

	/* Connected to itself (socket_connected): nobody listens. */
	if (socket_connected(fd) == ECONNREFUSED) {
		socket_abortive(fd, true);
		attempt_settle(scan, attempt, PORT_CLOSED, ECONNREFUSED);
		return;
	}
	attempt->result->took_us =
	    (uint32_t)(clock_now_us() - attempt->since_us);
	if (diag_wants(2))
		diag_say(2, "%s, connected in %.3f ms",
		    socket_text(fd, &to, text),
		    (double)attempt->result->took_us / 1000);
	attempt->fd[which] = -1;
	if (!talk_is_wanted(scan->config)) {
		talk_close_plain(fd);
		attempt_settle(scan, attempt, PORT_OPEN, 0);
		return;
	}
	drop(&attempt->fd[!which]);
	attempt->talk = talk_begin(scan->config, attempt->target,
	    attempt->port, fd, attempt->until_us);
	if (attempt->talk != NULL)
		return;
	attempt->result->code = EXIT_LOCAL;
	attempt_settle(scan, attempt, PORT_OPEN, ENOMEM);
}

/* UDP: any datagram is an answer, or only the expected one. */
static void
answered(struct scan *scan, struct attempt *attempt)
{
	char answer[TALK_HEARD + 1];
	ssize_t size = recv(attempt->fd[0], answer, TALK_HEARD, 0);

	if (size == -1) {
		failed(scan, attempt, 0, errno);
		return;
	}
	answer[size] = '\0';
	if (talk_is_expected(answer, (size_t)size)) {
		attempt_settle(scan, attempt, PORT_OPEN, 0);
		return;
	}
	answer[strcspn(answer, "\r\n")] = '\0';
	free(attempt->result->heard);
	attempt->result->heard = strndup(answer, 256);
}

/* Handles an event at one of the sockets. */
static void
look(struct scan *scan, struct attempt *attempt, int which)
{
	const struct address to = address_of(scan, attempt);
	int error;

	if (!is_tcp(scan)) {
		answered(scan, attempt);
		return;
	}
	error = socket_reconnect(attempt->fd[which], &to);
	/* A reset after it was accepted: the port is open. */
	if (error == 0 || error == ECONNRESET || error == EPIPE)
		connected(scan, attempt, which);
	else
		failed(scan, attempt, which, error);
}

int
attempt_begin(struct scan *scan, struct attempt *attempt)
{
	const struct address *to = &attempt->target->address[attempt->address];
	int error;

	attempt->result->icmp = -1;
	attempt->result->took_us = 0;
	attempt->since_us = clock_now_us();
	error = ask(scan, attempt, &attempt->fd[0]);
	if (scan->broken || attempt_is_shortage(error))
		return error;
	attempt->result->busy = true;
	if (error != 0)
		settle_error(scan, attempt, error);
	else if (is_tcp(scan) && (attempt->target->is_path ||
	    address_is_loopback(to)))
		look(scan, attempt, 0);	/* it has answered already */
	return 0;
}

void
attempt_watch(const struct scan *scan, struct attempt *attempt,
    struct loop *loop)
{
	short events = is_tcp(scan) ? POLLOUT : POLLIN;

	if (attempt->talk != NULL) {
		talk_watch(attempt->talk, loop);
		return;
	}
	attempt->place[0] = loop_watch(loop, attempt->fd[0], events);
	attempt->place[1] = loop_watch(loop, attempt->fd[1], events);
	loop_until(loop, clock_earlier(attempt->until_us, attempt->again_us));
}

static void
look_time(struct scan *scan, struct attempt *attempt, const struct loop *loop)
{
	int which = is_tcp(scan), error;

	if (loop_passed(loop, attempt->until_us)) {
		attempt_settle(scan, attempt, attempt->result->heard != NULL ?
		    PORT_WRONG : PORT_SILENT, 0);
	} else if (loop_passed(loop, attempt->again_us)) {
		attempt->again_us = loop->now_us +
		    scan->pass_us / ATTEMPT_TRIES;
		error = ask(scan, attempt, &attempt->fd[which]);
		/* TCP: a second socket that fails does not end the first. */
		if (which == 0 && error != 0 && !attempt_is_shortage(error))
			failed(scan, attempt, 0, error);
	}
}

void
attempt_step(struct scan *scan, struct attempt *attempt,
    const struct loop *loop)
{
	enum port_state state;
	int which;

	for (which = 0; which < 2 && attempt->talk == NULL; which++)
		if (attempt->result != NULL && attempt->fd[which] != -1 &&
		    loop_revents(loop, attempt->place[which]) != 0)
			look(scan, attempt, which);
	if (attempt->result == NULL)
		return;
	if (attempt->talk == NULL) {
		look_time(scan, attempt, loop);
		return;
	}
	state = talk_step(scan->config, attempt->talk, loop);
	if (state != PORT_UNTRIED)
		attempt_settle(scan, attempt, state, attempt->talk->error);
}
