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
#include "net/transport.h"
#include "scan/scan.h"
#include "scan/slot.h"

#define BATCH	64	/* begun between two looks at the answers */
#define SANE	2048	/* under way at once, unless told */
#define OTHERS	8	/* descriptors that are not ours to use */
#define STAGGER	(CLOCK_SECOND / 4)	/* between addresses, RFC 8305 */
#define PAUSE	(CLOCK_SECOND / 100)	/* when something is used up */
#define PATIENCE	(5 * CLOCK_SECOND)	/* with nothing to wait for */
#define PASS	(3 * CLOCK_SECOND)	/* Linux sends one ICMP a second */

/*
 * Descriptors, ports or memory ran out: nothing is dropped, less is done at
 * once, and later. With nothing under way it must get better by itself, soon.
 */
static void
slow_down(struct scan *scan, int error)
{
	int64_t now_us = clock_now_us();

	slot_drop_spares(scan);
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

/* Soon enough for each address to have its turn in the time of the port. */
static int64_t
stagger(const struct scan *scan)
{
	int64_t share_us = scan->pass_us / (int64_t)scan->list.count;

	return scan->pass_us < 0 ? STAGGER : clock_earlier(share_us, STAGGER);
}

/* A second address waits for the first: see dial. */
static bool
is_early(struct scan *scan, struct slot *slot)
{
	size_t count = scan->config->ports->count, i;

	for (i = 0; slot->job >= count && i < scan->busy; i++)
		if (scan->slot[i].job == slot->job - count) {
			scan->turn_us = scan->slot[i].since_us + stagger(scan);
			slot->until_us = scan->slot[i].until_us;
			return clock_now_us() < scan->turn_us;
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
		.again_us = scan->pass_us < 0 || scan->source.count != 0 ?
		    CLOCK_NEVER : now_us + scan->pass_us / SLOT_TRIES,
		.until_us = scan->pass_us < 0 ? CLOCK_NEVER :
		    now_us + scan->pass_us,
	};
	if (is_early(scan, slot))
		return;
	error = slot_ask(scan, slot->job, &slot->fd[0]);
	if (scan->broken)
		return;
	if (slot_is_shortage(error)) {
		slow_down(scan, error);
		return;
	}
	scan->stuck_us = 0;
	scan->begin_us = now_us + scan->config->interval_us;
	scan->ledger.entry[slot->job].icmp = -1;
	scan->next++;
	scan->busy++;
	if (error != 0)
		slot_settle(scan, slot, error == ECONNREFUSED ? FINDING_CLOSED :
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

	scan->turn_us = 0;
	for (i = 0; i < BATCH && may_begin(scan) && scan->begin_us <= now_us &&
	    scan->turn_us <= now_us; i++)
		begin(scan);
}

static void
await(struct scan *scan)
{
	int64_t until_us = scan->deadline_us;
	short events = transport_can(&scan->config->endpoint,
	    TRANSPORT_CONNECTS) ? POLLOUT : POLLIN;
	const struct slot *slot;
	size_t i;

	if (may_begin(scan))
		until_us = clock_earlier(until_us, scan->begin_us >
		    scan->turn_us ? scan->begin_us : scan->turn_us);
	for (i = 0; i < scan->busy; i++) {
		slot = &scan->slot[i];
		scan->wait[2 * i] = (struct pollfd){ .fd = slot->fd[0],
		    .events = scan->ledger.entry[slot->job].banner != NULL ?
		    POLLIN : events };
		scan->wait[2 * i + 1] = (struct pollfd){ .fd = slot->fd[1],
		    .events = events };
		until_us = clock_earlier(until_us,
		    clock_earlier(slot->until_us, slot->again_us));
	}
	if (!clock_passed(until_us))
		fflush(stdout);
	/* A failure tells nothing of any socket. */
	if (poll(scan->wait, 2 * (nfds_t)scan->busy,
	    clock_poll_ms(until_us)) == -1)
		for (i = 0; i < 2 * scan->busy; i++)
			scan->wait[i].revents = 0;
}

/* From the last slot down: one that is over is replaced by the last. */
static void
look(struct scan *scan)
{
	int64_t now_us = clock_now_us();
	size_t i = scan->busy;

	while (i-- > 0)
		slot_look(scan, &scan->slot[i], &scan->wait[2 * i], now_us);
}

/*
 * One pass over the entries that are wanted; false when it must end there. We
 * may be late: an answer that is there when time is over still counts.
 */
static bool
pass(struct scan *scan)
{
	scan->next = 0;
	scan->refusals = 0;
	for (;;) {
		begin_some(scan);
		if (scan->broken)
			return false;
		if (scan->busy == 0 && !may_begin(scan))
			return true;
		await(scan);
		look(scan);
		if (!scan->retried)
			ledger_tell(&scan->ledger);
		if (clock_passed(scan->deadline_us))
			return false;
	}
}

/*
 * Kernels limit the ICMP messages they send (Linux: six at once, then one a
 * second): a silent UDP port among refusals may be one that was not told. So the
 * silent ones are asked again, until a pass brings no refusal or its time (ten
 * times the port's, unless the run has a limit) is over.
 */
static void
passes(struct scan *scan)
{
	int64_t until_us = scan->deadline_us != CLOCK_NEVER ?
	    scan->deadline_us : clock_deadline(10 * scan->config->port_us);
	size_t i;

	scan->wanted = FINDING_NONE;
	scan->pass_us = scan->config->port_us;
	while (pass(scan) && scan->refusals > 0 && scan->limited &&
	    transport_can(&scan->config->endpoint, TRANSPORT_MESSAGES) &&
	    !clock_passed(until_us)) {
		if (scan->wanted != FINDING_DOUBT)
			diag_say(1, "%s: ICMP may be limited, so the silent "
			    "ports are asked again",
			    scan->config->endpoint.host);
		scan->wanted = FINDING_DOUBT;
		if (scan->pass_us < PASS)
			scan->pass_us = PASS;
		scan->deadline_us = until_us;
	}
	while (scan->busy > 0) {
		i = scan->slot[scan->busy - 1].job;
		slot_settle(scan, &scan->slot[scan->busy - 1],
		    scan->ledger.entry[i].banner != NULL ? FINDING_OPEN :
		    FINDING_SILENT, 0);
	}
	slot_drop_spares(scan);
	for (i = 0; i < scan->jobs; i++)
		if (scan->ledger.entry[i].finding == FINDING_DOUBT) {
			scan->ledger.entry[i].doubt = true;
			scan->ledger.entry[i].finding = FINDING_SILENT;
		}
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
	int64_t since_us = clock_now_us();
	int code = endpoint_pair(&config->endpoint, &config->socket,
	    retried || !diag_wants(1), clock_earlier(deadline_us,
	    clock_deadline(config->port_us)), &scan.list, &scan.source);

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
