#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "net/transport.h"
#include "scan/scan.h"
#include "scan/slot.h"
#include "stream/tls.h"
#include "sys/sys.h"

static bool
is_tcp(const struct scan *scan)
{
	return transport_can(&scan->config->endpoint, TRANSPORT_CONNECTS);
}

bool
slot_is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS ||
	    error == ENOMEM || error == EADDRNOTAVAIL || error == EAGAIN;
}

static struct address
target(const struct scan *scan, size_t job)
{
	size_t count = scan->config->ports->count;
	struct address to = scan->list.item[job / count];

	address_set_port(&to, scan->config->ports->port[job % count]);
	return to;
}

/*
 * Closed with FIN: what has come already is read away, or the kernel would
 * reset; only so much of it, since there may be no end.
 */
static void
drain_close(int fd)
{
	char away[4096];
	int rounds = 64;

	while (rounds-- > 0 && read(fd, away, sizeof(away)) > 0)
		;
	close(fd);
}

static void
drop(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

void
slot_drop_spares(struct scan *scan)
{
	while (scan->spares > 0)
		close(scan->spare[--scan->spares]);
}

/* A socket for the job, -1 with errno set (0: printed). */
static int
make_socket(struct scan *scan, size_t job, const struct address *to)
{
	size_t address = job / scan->config->ports->count;
	const struct address *source = endpoint_source(&scan->source,
	    to->sa.any.sa_family);
	int fd;

	if (scan->spare_address != address)
		slot_drop_spares(scan);
	scan->spare_address = address;
	if (scan->spares > 0)
		return scan->spare[--scan->spares];
	fd = socket_open(&scan->socket, to->sa.any.sa_family,
	    transport_of(&scan->config->endpoint));
	if (fd == -1)
		return -1;
	sys_hear_icmp(fd, to->sa.any.sa_family);
	if (socket_sign(&scan->socket, fd, to) && (source == NULL ||
	    endpoint_bind(fd, source)))
		return fd;
	close(fd);
	errno = 0;
	return -1;
}

static int
say(const struct scan *scan, int fd, size_t job)
{
	const struct ports *ports = scan->config->ports;
	struct probe probe = scan->config->probe;

	if (probe.data == NULL)
		probe = probe_for(ports->port[job % ports->count]);
	return send(fd, probe.data, probe.size, 0) == -1 ? errno : 0;
}

int
slot_ask(struct scan *scan, size_t job, int *fd)
{
	const struct address to = target(scan, job);
	int error;

	if (*fd != -1 && !is_tcp(scan))
		return say(scan, *fd, job);
	drop(fd);
	*fd = make_socket(scan, job, &to);
	if (*fd == -1) {
		scan->broken = errno == 0;
		return errno;
	}
	error = connect(*fd, &to.sa.any, to.length) == 0 ? 0 : errno;
	if (error == 0 && !is_tcp(scan))
		error = say(scan, *fd, job);
	if (error == 0 || error == EINPROGRESS)
		return 0;
	drop(fd);
	return error;
}

void
slot_settle(struct scan *scan, struct slot *slot, enum finding finding,
    int error)
{
	struct entry *entry = &scan->ledger.entry[slot->job];

	if (finding == FINDING_SILENT && scan->limited && !is_tcp(scan))
		finding = FINDING_DOUBT;
	entry->finding = (uint8_t)finding;
	entry->error = (int16_t)error;
	if (entry->took_us == 0)
		entry->took_us = (uint32_t)(clock_now_us() - slot->since_us);
	drop(&slot->fd[0]);
	drop(&slot->fd[1]);
	*slot = scan->slot[--scan->busy];
}

/* Open it is, whatever comes of the visit; that is said first. */
static void
visit(struct scan *scan, struct slot *slot, int fd)
{
	const struct address to = target(scan, slot->job);
	struct entry *entry = &scan->ledger.entry[slot->job];
	int64_t until_us = slot->until_us;

	slot_settle(scan, slot, FINDING_OPEN, 0);
	if (!scan->retried && !scan->config->json)
		ledger_tell(&scan->ledger);
	entry->facts = calloc(1, sizeof(*entry->facts));
	entry->code = EXIT_LOCAL;
	if (entry->facts != NULL)
		entry->code = (uint8_t)scan->config->visit(
		    scan->config->visitor, fd, &to, until_us, scan->retried,
		    entry->facts);
	else
		close(fd);
}

static void
connected(struct scan *scan, struct slot *slot, int which)
{
	const struct address to = target(scan, slot->job);
	int fd = slot->fd[which];
	char text[SOCKET_TEXT];
	struct entry *entry = &scan->ledger.entry[slot->job];

	/* The kernel had connected it to itself: nobody listens. */
	if (socket_connected(fd) == ECONNREFUSED) {
		socket_abortive(fd, true);
		slot_settle(scan, slot, FINDING_CLOSED, ECONNREFUSED);
		return;
	}
	diag_say(2, "%s, connected in %.3f ms", socket_text(fd, &to, text),
	    (double)(clock_now_us() - slot->since_us) / 1000);
	slot->fd[which] = -1;
	entry->took_us = (uint32_t)(clock_now_us() - slot->since_us);
	if (scan->config->visit != NULL) {
		visit(scan, slot, fd);
		return;
	}
	if (scan->config->banner_us != CLOCK_UNSET)
		entry->banner = calloc(1, LEDGER_BANNER + 1);
	if (entry->banner == NULL) {
		drain_close(fd);
		slot_settle(scan, slot, FINDING_OPEN, 0);
		return;
	}
	drop(&slot->fd[!which]);
	slot->fd[0] = fd;
	slot->again_us = CLOCK_NEVER;
	slot->until_us = clock_deadline(scan->config->banner_us);
}

/* The first line of what the service says. */
static void
look_banner(struct scan *scan, struct slot *slot)
{
	char *banner = scan->ledger.entry[slot->job].banner;
	ssize_t got = recv(slot->fd[0], banner + slot->heard,
	    LEDGER_BANNER - slot->heard, 0);

	if (got == -1 && (errno == EAGAIN || errno == EINTR) &&
	    !clock_passed(slot->until_us))
		return;
	slot->heard += got > 0 ? (size_t)got : 0;
	banner[slot->heard] = '\0';
	if (got > 0 && slot->heard < LEDGER_BANNER &&
	    strpbrk(banner, "\r\n") == NULL && !clock_passed(slot->until_us))
		return;
	banner[strcspn(banner, "\r\n")] = '\0';
	drain_close(slot->fd[0]);
	slot->fd[0] = -1;
	slot_settle(scan, slot, FINDING_OPEN, 0);
}

/*
 * A firewall's words: net, host or protocol unreachable or prohibited (RFC 792,
 * RFC 1812; the whole of ICMPv6 type 1, RFC 4443). For TCP, where a closed port
 * answers with RST, port unreachable too.
 */
static bool
is_prohibition(const struct scan *scan, size_t job, int icmp)
{
	const uint32_t codes = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 9 |
	    1 << 10 | 1 << 13;
	bool six = target(scan, job).sa.any.sa_family == AF_INET6;
	int code = icmp & 0xff;

	if (icmp == -1 || icmp >> 8 != (six ? 1 : 3))
		return false;
	if (code == (six ? 4 : 3) && !is_tcp(scan))
		return false;
	return six ? code <= 6 : code < 32 && (codes >> code & 1);
}

/*
 * Refused, unreachable, or not yet known. An ICMP that came while we were in
 * connect(2) is kept by the kernel, but does not end the connecting.
 */
static void
failed(struct scan *scan, struct slot *slot, int which, int error)
{
	struct entry *entry = &scan->ledger.entry[slot->job];

	entry->icmp = (int16_t)sys_icmp(slot->fd[which], &error);
	if (error == EINPROGRESS || error == EINTR || slot_is_shortage(error))
		return;
	if (entry->icmp != -1) {
		scan->refusals++;
		scan->limited |= !address_is_loopback(
		    &scan->list.item[slot->job / scan->config->ports->count]);
	} else if (is_tcp(scan) && scan->spares < SLOT_SPARES &&
	    scan->spares < scan->room) {
		scan->spare[scan->spares++] = slot->fd[which];
		slot->fd[which] = -1;
	}
	slot_settle(scan, slot, error == ETIMEDOUT ? FINDING_SILENT :
	    is_prohibition(scan, slot->job, entry->icmp) ? FINDING_FILTERED :
	    error == ECONNREFUSED ? FINDING_CLOSED : FINDING_UNREACHABLE,
	    error);
}

/* An answer, perhaps, at one of the slot's sockets; true when it is over. */
static bool
look_socket(struct scan *scan, struct slot *slot, int which)
{
	const struct address to = target(scan, slot->job);
	size_t busy = scan->busy;
	int error;
	char octet;

	if (scan->ledger.entry[slot->job].banner != NULL) {
		look_banner(scan, slot);
		return scan->busy < busy;
	}
	if (is_tcp(scan))
		error = socket_reconnect(slot->fd[which], &to);
	else
		error = recv(slot->fd[which], &octet, 1, 0) == -1 ? errno : 0;
	if (error != 0 && error != ECONNRESET && error != EPIPE)
		failed(scan, slot, which, error);
	else if (is_tcp(scan))
		/* Perhaps accepted, and reset before we looked. */
		connected(scan, slot, which);
	else
		slot_settle(scan, slot, FINDING_OPEN, 0);
	return scan->busy < busy;
}

static void
look_time(struct scan *scan, struct slot *slot, int64_t now_us)
{
	int which = is_tcp(scan), error;

	if (now_us >= slot->until_us) {
		if (scan->ledger.entry[slot->job].banner != NULL)
			look_banner(scan, slot);
		else
			slot_settle(scan, slot, FINDING_SILENT, 0);
	} else if (now_us >= slot->again_us) {
		slot->again_us = now_us + scan->pass_us / SLOT_TRIES;
		error = slot_ask(scan, slot->job, &slot->fd[which]);
		/* Of TCP the first question stands, whatever is in the way. */
		if (which == 0 && error != 0 && !slot_is_shortage(error))
			failed(scan, slot, 0, error);
	}
}

void
slot_look(struct scan *scan, struct slot *slot, const struct pollfd *wait,
    int64_t now_us)
{
	int which;

	for (which = 0; which < 2; which++)
		if (wait[which].revents != 0 && slot->fd[which] != -1 &&
		    look_socket(scan, slot, which))
			return;
	look_time(scan, slot, now_us);
}
