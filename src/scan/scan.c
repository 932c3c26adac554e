#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/endpoint.h"
#include "net/ports.h"
#include "scan/ledger.h"
#include "scan/scan.h"
#include "stream/tls.h"

#define BATCH	64	/* asked between two looks at the answers */
#define SANE	2048	/* under way at once, unless told */
#define OTHERS	8	/* descriptors that are not ours to use */
#define TRIES	5	/* in a port's time: a lost packet is no verdict */
#define STAGGER	(CLOCK_SECOND / 4)	/* between addresses, RFC 8305 */
#define PAUSE	(CLOCK_SECOND / 100)	/* when something is used up */
#define PATIENCE	(5 * CLOCK_SECOND)	/* with nothing to wait for */
#define PASS	(3 * CLOCK_SECOND)	/* Linux sends one ICMP a second */

/*
 * A port under way. A silent one is asked again and again: what was asked
 * first may still be answered late, so a second socket does that.
 */
struct slot {
	size_t	 job;		/* index of the ledger's entry */
	int	 fd[2];		/* asked first, asked last; -1: none */
	int64_t	 since_us, again_us, until_us;
	size_t	 heard;		/* bytes of the banner */
};

struct scan {
	const struct scan_config *config;
	struct socket_config socket;
	struct ledger ledger;
	struct address_list list;
	struct address source;	/* to bind to; length 0: none */
	struct slot *slot;
	struct pollfd *wait;	/* two for each slot */
	size_t	 busy, room;	/* slots in use, and to be used */
	size_t	 jobs, next;	/* next to begin */
	enum finding wanted;	/* entries that this pass asks */
	int64_t	 pass_us;	/* for each port of it */
	int64_t	 begin_us;	/* not before this */
	int64_t	 stuck_us;	/* since when nothing goes on, or 0 */
	int64_t	 deadline_us;
	int	 spare[BATCH];	/* sockets that were refused, to be reused */
	size_t	 spares, spare_address;
	size_t	 refusals;	/* by ICMP in this pass */
	bool	 limited;	/* ICMP is heard, so may run dry */
	bool	 retried;	/* nothing is told until the end */
	bool	 broken;	/* a local failure, printed already */
};

static bool
is_tcp(const struct scan *scan)
{
	return scan->config->endpoint.type == SOCK_STREAM;
}

static bool
is_shortage(int error)
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

static void
drop_spares(struct scan *scan)
{
	while (scan->spares > 0)
		close(scan->spare[--scan->spares]);
}

/* A socket for the job, -1 with errno set (0: printed). */
static int
make_socket(struct scan *scan, size_t job, const struct address *to)
{
	size_t address = job / scan->config->ports->count;
	int fd;

	if (scan->spare_address != address)
		drop_spares(scan);
	scan->spare_address = address;
	if (scan->spares > 0)
		return scan->spare[--scan->spares];
	fd = socket_open(&scan->socket, to->sa.any.sa_family,
	    scan->config->endpoint.type);
	if (fd == -1)
		return -1;
	socket_hear_icmp(fd, to->sa.any.sa_family);
	if (socket_sign(&scan->socket, fd, to) && (scan->source.length == 0 ||
	    endpoint_bind(fd, &scan->source)))
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

/*
 * Asks: begins to connect, or sends the probe. Returns 0 when that is under
 * way, else an errno, with no descriptor left open.
 */
static int
ask(struct scan *scan, size_t job, int *fd)
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

/* What the port's silence or answer means is known. */
static void
settle(struct scan *scan, struct slot *slot, enum finding finding, int error)
{
	struct entry *entry = &scan->ledger.entry[slot->job];

	if (finding == FINDING_SILENT && scan->limited)
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

	settle(scan, slot, FINDING_OPEN, 0);
	if (!scan->retried && !scan->config->json)
		ledger_tell(&scan->ledger);
	entry->facts = calloc(1, sizeof(*entry->facts));
	entry->code = EXIT_LOCAL;
	if (entry->facts != NULL)
		entry->code = (uint8_t)scan->config->visit(
		    scan->config->visitor, fd, &to, until_us, entry->facts);
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
		settle(scan, slot, FINDING_CLOSED, ECONNREFUSED);
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
		settle(scan, slot, FINDING_OPEN, 0);
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
	settle(scan, slot, FINDING_OPEN, 0);
}

/*
 * Refused, unreachable, or not yet known. An ICMP that came while we were in
 * connect(2) is kept by the kernel, but does not end the connecting.
 */
static void
failed(struct scan *scan, struct slot *slot, int which, int error)
{
	struct entry *entry = &scan->ledger.entry[slot->job];

	entry->icmp = (int16_t)socket_icmp(slot->fd[which], &error);
	if (error == EINPROGRESS || error == EINTR || is_shortage(error))
		return;
	if (entry->icmp != -1) {
		scan->refusals++;
		scan->limited |= !address_is_loopback(
		    &scan->list.item[slot->job / scan->config->ports->count]);
	} else if (is_tcp(scan) && scan->spares < BATCH &&
	    scan->spares < scan->room) {
		scan->spare[scan->spares++] = slot->fd[which];
		slot->fd[which] = -1;
	}
	settle(scan, slot, error == ETIMEDOUT ? FINDING_SILENT :
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
		settle(scan, slot, FINDING_OPEN, 0);
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
			settle(scan, slot, FINDING_SILENT, 0);
	} else if (now_us >= slot->again_us) {
		slot->again_us = now_us + scan->pass_us / TRIES;
		error = ask(scan, slot->job, &slot->fd[which]);
		/* Of TCP the first question stands, whatever is in the way. */
		if (which == 0 && error != 0 && !is_shortage(error))
			failed(scan, slot, 0, error);
	}
}

/* From the last slot down: one that is over is replaced by the last. */
static void
look(struct scan *scan)
{
	int64_t now_us = clock_now_us();
	size_t i = scan->busy;
	struct slot *slot;

	while (i-- > 0) {
		slot = &scan->slot[i];
		if (scan->wait[2 * i].revents != 0 &&
		    look_socket(scan, slot, 0))
			continue;
		if (scan->wait[2 * i + 1].revents != 0 &&
		    slot->fd[1] != -1 && look_socket(scan, slot, 1))
			continue;
		look_time(scan, slot, now_us);
	}
}

/*
 * Descriptors, ports or memory ran out: nothing is dropped, less is done at
 * once, and later. With nothing under way it must get better by itself, soon.
 */
static void
slow_down(struct scan *scan, int error)
{
	int64_t now_us = clock_now_us();

	drop_spares(scan);
	scan->begin_us = now_us + PAUSE;
	if (scan->busy > 0) {
		scan->room = (scan->room + 1) / 2;
		scan->stuck_us = 0;
	} else if (scan->stuck_us == 0)
		scan->stuck_us = now_us;
	else if (now_us - scan->stuck_us > PATIENCE) {
		diag_error("cannot test port %u: %s", scan->config->ports->port[
		    scan->next % scan->config->ports->count], strerror(error));
		scan->broken = true;
	}
}

/* A second address waits for the first: see dial. */
static bool
is_early(struct scan *scan, struct slot *slot)
{
	size_t count = scan->config->ports->count, i;

	for (i = 0; slot->job >= count && i < scan->busy; i++)
		if (scan->slot[i].job == slot->job - count) {
			scan->begin_us = scan->slot[i].since_us + STAGGER;
			slot->until_us = scan->slot[i].until_us;
			return clock_now_us() < scan->begin_us;
		}
	return false;
}

static void
begin(struct scan *scan)
{
	struct slot *slot = &scan->slot[scan->busy];
	int64_t now_us = clock_now_us();
	int error;

	*slot = (struct slot){
		.job = scan->next,
		.fd = { -1, -1 },
		.since_us = now_us,
		.again_us = scan->pass_us < 0 || scan->source.length != 0 ?
		    CLOCK_NEVER : now_us + scan->pass_us / TRIES,
		.until_us = scan->pass_us < 0 ? CLOCK_NEVER :
		    now_us + scan->pass_us,
	};
	if (is_early(scan, slot))
		return;
	error = ask(scan, slot->job, &slot->fd[0]);
	if (scan->broken)
		return;
	if (is_shortage(error)) {
		slow_down(scan, error);
		return;
	}
	scan->stuck_us = 0;
	scan->begin_us = now_us + scan->config->interval_us;
	scan->ledger.entry[slot->job].icmp = -1;
	scan->next++;
	scan->busy++;
	if (error != 0)
		settle(scan, slot, error == ECONNREFUSED ? FINDING_CLOSED :
		    FINDING_UNREACHABLE, error);
}

/* At an earlier address it may be known already. */
static bool
is_wanted(const struct scan *scan, size_t job)
{
	const struct entry *entry = scan->ledger.entry;

	if (entry[job].finding != scan->wanted)
		return false;
	while (!scan->config->each_address && job >= scan->config->ports->count)
		if (entry[job -= scan->config->ports->count].finding ==
		    FINDING_OPEN)
			return false;
	return true;
}

/* Whether there is a job, and room for it; not: whether it is time. */
static bool
may_begin(struct scan *scan)
{
	while (scan->next < scan->jobs && !is_wanted(scan, scan->next))
		scan->next++;
	return scan->next < scan->jobs && scan->busy < scan->room &&
	    !scan->broken;
}

static void
begin_some(struct scan *scan)
{
	int64_t now_us = clock_now_us();
	int i;

	for (i = 0; i < BATCH && may_begin(scan) && scan->begin_us <= now_us;
	    i++)
		begin(scan);
}

static void
await(struct scan *scan)
{
	int64_t until_us = scan->deadline_us;
	short events = is_tcp(scan) ? POLLOUT : POLLIN;
	const struct slot *slot;
	size_t i;

	if (may_begin(scan) && scan->begin_us < until_us)
		until_us = scan->begin_us;
	for (i = 0; i < scan->busy; i++) {
		slot = &scan->slot[i];
		scan->wait[2 * i] = (struct pollfd){ .fd = slot->fd[0],
		    .events = scan->ledger.entry[slot->job].banner != NULL ?
		    POLLIN : events };
		scan->wait[2 * i + 1] = (struct pollfd){ .fd = slot->fd[1],
		    .events = events };
		if (slot->until_us < until_us)
			until_us = slot->until_us;
		if (slot->again_us < until_us)
			until_us = slot->again_us;
	}
	if (!clock_passed(until_us))
		fflush(stdout);
	/* A failure tells nothing of any socket. */
	if (poll(scan->wait, 2 * (nfds_t)scan->busy,
	    clock_poll_ms(until_us)) == -1)
		for (i = 0; i < 2 * scan->busy; i++)
			scan->wait[i].revents = 0;
}

/* One pass over the entries that are wanted; false when it must end there. */
static bool
pass(struct scan *scan)
{
	scan->next = 0;
	scan->refusals = 0;
	for (;;) {
		begin_some(scan);
		if (scan->broken || clock_passed(scan->deadline_us))
			return false;
		if (scan->busy == 0 && !may_begin(scan))
			return true;
		await(scan);
		look(scan);
		if (!scan->retried)
			ledger_tell(&scan->ledger);
	}
}

/*
 * Kernels limit the ICMP messages they send: a silence among refusals may be
 * one that was not sent. So the silent ones are asked again, until a pass
 * brings no refusal (Linux: six at once, then one a second).
 */
static void
passes(struct scan *scan)
{
	size_t i;

	scan->wanted = FINDING_NONE;
	scan->pass_us = scan->config->port_us;
	while (pass(scan) && scan->refusals > 0 && scan->limited) {
		if (scan->wanted != FINDING_DOUBT)
			diag_say(1, "%s: ICMP may be limited, so the silent "
			    "ports are asked again",
			    scan->config->endpoint.host);
		scan->wanted = FINDING_DOUBT;
		if (scan->pass_us < PASS)
			scan->pass_us = PASS;
	}
	while (scan->busy > 0) {
		i = scan->slot[scan->busy - 1].job;
		settle(scan, &scan->slot[scan->busy - 1],
		    scan->ledger.entry[i].banner != NULL ? FINDING_OPEN :
		    FINDING_SILENT, 0);
	}
	drop_spares(scan);
	for (i = 0; i < scan->jobs; i++)
		if (scan->ledger.entry[i].finding == FINDING_DOUBT)
			scan->ledger.entry[i].finding = FINDING_SILENT;
}

/* As many slots as descriptors allow, of which each takes two. */
static bool
make_room(struct scan *scan, struct rlimit *before)
{
	struct rlimit limit;

	scan->room = scan->config->visit != NULL ? 1 :
	    scan->config->parallel > 0 ?
	    (size_t)scan->config->parallel : SANE;
	if (scan->room > scan->jobs)
		scan->room = scan->jobs;
	if (scan->jobs > 1 && getrlimit(RLIMIT_NOFILE, before) == 0) {
		limit = *before;
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		if (scan->room * 2 + OTHERS > limit.rlim_cur)
			scan->room = limit.rlim_cur > OTHERS + 2 ?
			    (limit.rlim_cur - OTHERS) / 2 : 1;
	}
	scan->slot = calloc(scan->room, sizeof(*scan->slot));
	scan->wait = calloc(scan->room, 2 * sizeof(*scan->wait));
	return scan->slot != NULL && scan->wait != NULL &&
	    ledger_open(&scan->ledger);
}

static int
finish(struct scan *scan, int64_t since_us)
{
	int code = ledger_code(&scan->ledger, scan->config->all);

	if (scan->broken)
		return EXIT_LOCAL;
	if (scan->retried && code != EXIT_DONE && code != EXIT_IDENTITY)
		return code;
	ledger_end(&scan->ledger, clock_now_us() - since_us);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return EXIT_SIGNAL + SIGPIPE;
	diag_error("stdout: %s", strerror(errno));
	return EXIT_LOCAL;
}

int
scan_run(const struct scan_config *config, int64_t deadline_us, bool retried)
{
	struct scan scan = {
		.config = config,
		.socket = config->socket,
		.deadline_us = deadline_us,
		.retried = retried,
	};
	struct rlimit before = { .rlim_cur = 0 };
	int64_t since_us = clock_now_us(), find_us;
	int code;

	find_us = clock_deadline(config->port_us);
	if (deadline_us < find_us)
		find_us = deadline_us;
	code = endpoint_pair(&config->endpoint, &config->socket,
	    retried || !diag_wants(1), find_us, &scan.list, &scan.source);
	if (code != EXIT_DONE)
		return code;
	scan.socket.brief = true;
	scan.jobs = config->ports->count * scan.list.count;
	scan.ledger.config = config;
	scan.ledger.list = &scan.list;
	if (make_room(&scan, &before)) {
		passes(&scan);
		code = finish(&scan, since_us);
	} else {
		diag_error("no memory to test so many ports");
		code = EXIT_LOCAL;
	}
	if (before.rlim_cur != 0)
		setrlimit(RLIMIT_NOFILE, &before);
	ledger_close(&scan.ledger);
	free(scan.slot);
	free(scan.wait);
	return code;
}
