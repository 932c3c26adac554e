#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signals.h"
#include "net/endpoint.h"
#include "net/resolve.h"
#include "net/transport.h"
#include "scan/attempt.h"
#include "scan/output.h"
#include "scan/results.h"
#include "scan/rounds.h"
#include "scan/scan.h"
#include "stream/tls.h"

#define BATCH	64	/* attempts begun in one round */
#define SANE	4096	/* attempts in progress, without --parallel */
#define OTHERS	8	/* descriptors of ours that are no attempt's */
#define STAGGER	(CLOCK_SECOND / 4)	/* between addresses, RFC 8305 */
#define PAUSE	(CLOCK_SECOND / 100)	/* after a shortage */
#define PATIENCE	(5 * CLOCK_SECOND) /* for one with no attempt left */
#define PASS	(3 * CLOCK_SECOND)	/* a pass for PORT_DOUBT, at least */
#define SHORTEST	(CLOCK_SECOND / 20)	/* the first pause of --wait */
#define LONGEST	(CLOCK_SECOND / 2)	/* and the last */
#define ALL_STATES	(~0U)

static bool
waits(const struct scan *scan)
{
	return scan->config->await_us != CLOCK_UNSET;
}

/* Begins a pass over all ports that tests those in the wanted states. */
static void
walk(struct scan *scan, unsigned wanted)
{
	scan->wanted = wanted;
	scan->address = scan->target = scan->port = 0;
}

/* Names ************************************************************/

/* Whether -s has an address of the same family. */
static bool
is_reachable(const struct scan *scan, const struct address *address)
{
	int family = address->sa.any.sa_family;

	return scan->source.count == 0 || family == AF_UNIX ||
	    endpoint_source(&scan->source, family) != NULL;
}

static void
take_addresses(struct scan *scan, struct target *target,
    const struct address_list *list)
{
	size_t i;

	target->address = calloc(list->count, sizeof(*target->address));
	for (i = 0; target->address != NULL && i < list->count; i++)
		if (is_reachable(scan, &list->item[i]))
			target->address[target->addresses++] = list->item[i];
	if (target->addresses == 0) {
		target->name_error = "no address of the same family as -s";
		target->name_code = EXIT_NETWORK;
	} else if (!results_open(target)) {
		diag_error("no memory to test so many ports");
		scan->broken = true;
	}
	if (target->addresses > scan->addresses)
		scan->addresses = target->addresses;
}

static void
unresolved(struct target *target, int answer)
{
	target->name_error = resolve_error(answer);
	target->name_code = answer == RESOLVE_TIMED_OUT ? EXIT_TIME :
	    EXIT_NAME;
}

/* Begins to resolve the target's name, or takes the answer. */
static void
resolve(struct scan *scan, struct target *target, const struct loop *loop)
{
	struct address_query query = scan->config->endpoint;
	struct address_list list;
	int answer = EAI_MEMORY;

	query.host = scan->config->pass != NULL ?
	    scan->config->proxy.host : target->host;
	query.family = target->is_path ? AF_UNIX : query.family;
	if (target->question == NULL) {
		target->asked_us = loop->now_us;
		target->question = resolve_begin(&query);
	}
	if (target->question != NULL)
		answer = resolve_step(target->question, &list);
	if (answer == RESOLVE_PENDING && scan->config->port_us >= 0 &&
	    loop_passed(loop, target->asked_us + scan->config->port_us))
		answer = RESOLVE_TIMED_OUT;
	if (answer == RESOLVE_PENDING) {
		scan->lookups++;
		return;
	}
	if (target->question != NULL)
		resolve_end(target->question);
	target->question = NULL;
	if (answer != 0) {
		unresolved(target, answer);
		return;
	}
	endpoint_found(&query, &list, target->asked_us);
	take_addresses(scan, target, &list);
	walk(scan, scan->wanted);
}

static void
step_names(struct scan *scan, const struct loop *loop)
{
	const struct targets *targets = scan->config->targets;
	size_t i;

	if (scan->named && scan->lookups == 0)
		return;
	scan->named = true;
	scan->lookups = 0;
	for (i = 0; i < targets->count && !scan->broken; i++)
		if (targets->item[i].addresses == 0 &&
		    targets->item[i].name_error == NULL)
			resolve(scan, &targets->item[i], loop);
}

static void
watch_names(const struct scan *scan, struct loop *loop)
{
	const struct targets *targets = scan->config->targets;
	size_t i;

	for (i = 0; scan->lookups > 0 && i < targets->count; i++) {
		if (targets->item[i].question == NULL)
			continue;
		resolve_watch(targets->item[i].question, loop);
		if (scan->config->port_us >= 0)
			loop_until(loop, targets->item[i].asked_us +
			    scan->config->port_us);
	}
}

/* Sets what to bind to: an address of each family, by -s and -p. */
static int
find_source(struct scan *scan)
{
	struct address_query query;

	if (endpoint_source_query(&scan->config->endpoint, &scan->socket,
	    &query))
		return endpoint_find(&query, scan->deadline_us, &scan->source);
	if (query.port != 0)
		endpoint_any(AF_UNSPEC, query.port, &scan->source);
	return EXIT_DONE;
}

/* What is begun ****************************************************/

/* Whether the port is open at another address, which says all about it. */
static bool
is_open_elsewhere(const struct scan *scan, const struct target *target,
    size_t port, size_t address)
{
	size_t i = scan->config->each_address ? 0 : target->addresses;

	while (i-- > 0)
		if (i != address &&
		    result_at(target, port, i)->state == PORT_OPEN)
			return true;
	return false;
}

/* Whether to test the port now. */
static bool
is_wanted(const struct scan *scan, const struct target *target)
{
	const struct result *result =
	    result_at(target, scan->port, scan->address);
	struct port port;

	if (result->busy || (scan->wanted >> result->state & 1) == 0)
		return false;
	if (scan->wanted == ALL_STATES) {
		port = port_at(target, scan->port);
		if (port_good(scan->config, &port))
			return false;
	}
	return !is_open_elsewhere(scan, target, scan->port, scan->address);
}

/* Moves on to the next port to be tested; its target, or NULL at the end. */
static struct target *
next(struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	struct target *target;

	for (; scan->address < scan->addresses; scan->address++) {
		for (; scan->target < targets->count; scan->target++) {
			target = &targets->item[scan->target];
			while (scan->address < target->addresses &&
			    scan->port < target->ports) {
				if (is_wanted(scan, target))
					return target;
				scan->port++;
			}
			scan->port = 0;
		}
		scan->target = 0;
	}
	return NULL;
}

/*
 * After a shortage of descriptors, ports or memory: goes on later, with fewer
 * attempts at once. With none in progress it gives up after PATIENCE.
 */
static void
slow_down(struct scan *scan, uint16_t port, int error)
{
	int64_t now_us = clock_now_us();

	attempt_drop_spares(scan);
	scan->begin_us = now_us + PAUSE;
	if (scan->busy > 0) {
		scan->room = (scan->room + 1) / 2;
		scan->stuck_us = 0;
	} else if (scan->stuck_us == 0)
		scan->stuck_us = now_us;
	else if (now_us - scan->stuck_us > PATIENCE) {
		diag_error("cannot test port %u: %s", port, strerror(error));
		scan->broken = true;
	}
}

/*
 * Whether to wait for the attempt at the previous address (happy eyeballs): for
 * STAGGER, or less if the last address would not be tried in time.
 */
static bool
is_early(struct scan *scan, struct attempt *attempt)
{
	const struct target *target = attempt->target;
	int64_t stagger_us = scan->pass_us < 0 ? STAGGER : clock_earlier(
	    scan->pass_us / (int64_t)target->addresses, STAGGER);
	size_t i = attempt->address == 0 ? 0 : scan->busy;

	while (i-- > 0)
		if (scan->attempt[i].result ==
		    attempt->result - target->ports) {
			scan->turn_us = scan->attempt[i].since_us + stagger_us;
			attempt->until_us = scan->attempt[i].until_us;
			return clock_now_us() < scan->turn_us;
		}
	return false;
}

/* now_us is the same for a batch, so that its deadlines are one wake-up. */
static void
begin(struct scan *scan, struct target *target, int64_t now_us)
{
	struct attempt *attempt = &scan->attempt[scan->busy];
	int error;

	*attempt = (struct attempt){
		.result = result_at(target, scan->port, scan->address),
		.target = target,
		.port = target->port[scan->port],
		.address = (uint16_t)scan->address,
		.fd = { -1, -1 },
		.place = { -1, -1 },
		.again_us = scan->pass_us < 0 || scan->source.count > 0 ||
		    target->is_path ? CLOCK_NEVER :
		    now_us + scan->pass_us / ATTEMPT_TRIES,
		.until_us = scan->pass_us < 0 ? CLOCK_NEVER :
		    now_us + scan->pass_us,
	};
	if (is_early(scan, attempt))
		return;
	error = attempt_begin(scan, attempt);
	if (scan->broken)
		return;
	if (error != 0) {
		slow_down(scan, attempt->port, error);
		return;
	}
	scan->stuck_us = 0;
	scan->begin_us = now_us + scan->config->interval_us;
	scan->port++;
	scan->busy += attempt->result != NULL;
}

static void
begin_some(struct scan *scan)
{
	int64_t now_us = clock_now_us();
	struct target *target;
	int i;

	scan->turn_us = 0;
	for (i = 0; i < BATCH && scan->busy < scan->room &&
	    scan->begin_us <= now_us && scan->turn_us <= now_us &&
	    !scan->broken && (target = next(scan)) != NULL; i++)
		begin(scan, target, now_us);
}

static bool
is_pointless(const struct scan *scan, const struct attempt *attempt)
{
	const struct target *target = attempt->target;

	return target->addresses > 1 && is_open_elsewhere(scan, target,
	    (size_t)(attempt->result - target->result) % target->ports,
	    attempt->address);
}

/* Removes attempts that are over, or no use; the others keep their order. */
static void
sweep(struct scan *scan)
{
	struct attempt *attempt;
	size_t i, kept = 0;

	for (i = 0; i < scan->busy; i++) {
		attempt = &scan->attempt[i];
		if (attempt->result != NULL && attempt->talk == NULL &&
		    is_pointless(scan, attempt))
			attempt_settle(scan, attempt, PORT_UNTRIED, 0);
		if (attempt->result != NULL)
			scan->attempt[kept++] = *attempt;
	}
	scan->busy = kept;
}

static void
step_attempts(struct scan *scan, const struct loop *loop)
{
	size_t i;

	for (i = 0; i < scan->busy; i++)
		attempt_step(scan, &scan->attempt[i], loop);
	sweep(scan);
	begin_some(scan);
	/* What has begun may be open at once. */
	if (scan->addresses > 1)
		sweep(scan);
}

/* What comes after a walk ******************************************/

/* Turns PORT_DOUBT into PORT_SILENT. */
static void
end_doubts(struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	struct result *result;
	size_t i, j;

	for (i = 0; scan->limited && i < targets->count; i++)
		for (j = 0; j < targets->item[i].addresses *
		    targets->item[i].ports; j++) {
			result = &targets->item[i].result[j];
			if (result->state != PORT_DOUBT)
				continue;
			result->state = PORT_SILENT;
			result->doubt = true;
		}
}

/*
 * Kernels limit the ICMP errors they send (Linux: six at once, then one a
 * second), so a silent UDP port may be closed. Silent ports are tested again
 * until a pass brings no refusal, or for ten times the limit of a port (without
 * --timeout).
 */
static bool
ask_doubts_again(struct scan *scan)
{
	bool again = scan->refusals > 0 && scan->limited && !waits(scan) &&
	    transport_can(&scan->config->endpoint, TRANSPORT_MESSAGES) &&
	    !clock_passed(scan->patience_us);

	if (again && scan->wanted != 1U << PORT_DOUBT)
		diag_say(1, "%s: ICMP may be limited, so silent ports are "
		    "tried again", scan->config->targets->item[0].host);
	scan->refusals = 0;
	if (!again) {
		end_doubts(scan);
		return false;
	}
	if (scan->pass_us < PASS)
		scan->pass_us = PASS;
	scan->deadline_us = clock_earlier(scan->deadline_us,
	    scan->patience_us);
	walk(scan, 1U << PORT_DOUBT);
	return true;
}

static bool
is_awaited(struct scan *scan)
{
	struct results_sum sum;

	if (scan->checked == scan->settled && scan->settled > 0)
		return true;
	scan->checked = scan->settled;
	return results_sum(scan->config, &sum) != EXIT_DONE && !scan->refused;
}

/* --wait: tests failed ports and names again, after pauses that grow. */
static void
step_wait(struct scan *scan, const struct loop *loop)
{
	size_t i;

	if (!is_awaited(scan)) {
		scan->over = true;
		return;
	}
	if (next(scan) != NULL)
		return;
	if (scan->again_us == 0)
		scan->again_us = loop->now_us + scan->pause_us;
	if (!loop_passed(loop, scan->again_us))
		return;
	end_doubts(scan);
	if (!scan->waits_said &&
	    loop->now_us - scan->since_us > scan->config->settle_us) {
		output_waiting(scan);
		scan->waits_said = true;
	}
	scan->again_us = 0;
	scan->pause_us = clock_earlier(2 * scan->pause_us, LONGEST);
	for (i = 0; i < scan->config->targets->count; i++)
		scan->config->targets->item[i].name_error = NULL;
	scan->named = false;
	walk(scan, ALL_STATES);
}

static void
step_round(struct scan *scan, const struct loop *loop)
{
	int64_t at_us = rounds_end(scan, loop);

	scan->over = at_us == 0;
	scan->begin_us = at_us;
	walk(scan, 1U << PORT_UNTRIED);
}

bool
scan_step(struct scan *scan, const struct loop *loop)
{
	step_names(scan, loop);
	step_attempts(scan, loop);
	if (scan->rounds != NULL && loop->progress_asked)
		rounds_tell(scan);
	if (!scan->broken && scan->rounds == NULL)
		output_news(scan, false);
	if (scan->broken || signals_ending() != 0 ||
	    loop_passed(loop, scan->deadline_us))
		scan->over = true;
	else if (waits(scan))
		step_wait(scan, loop);
	else if (scan->busy == 0 && scan->lookups == 0 &&
	    next(scan) == NULL && !ask_doubts_again(scan)) {
		if (scan->rounds != NULL)
			step_round(scan, loop);
		else
			scan->over = true;
	}
	return scan->over;
}

void
scan_watch(struct scan *scan, struct loop *loop)
{
	size_t i;

	loop_until(loop, scan->named ? scan->deadline_us : loop->now_us);
	loop_watch(loop, scan->end_fd, POLLIN);
	if (scan->busy < scan->room && next(scan) != NULL)
		loop_until(loop, scan->begin_us > scan->turn_us ?
		    scan->begin_us : scan->turn_us);
	else if (scan->again_us != 0)
		loop_until(loop, scan->again_us);
	for (i = 0; i < scan->busy; i++)
		attempt_watch(scan, &scan->attempt[i], loop);
	watch_names(scan, loop);
	output_progress(scan, loop);
	if (loop->next_us > loop->now_us)
		fflush(stdout);
}

/* Allocates as many attempts as descriptors allow, two for each. */
static bool
make_room(struct scan *scan)
{
	size_t ports = scan->config->targets->ports;
	struct rlimit limit;

	scan->room = scan->config->parallel > 0 ?
	    (size_t)scan->config->parallel : SANE;
	if (ports <= scan->room / ADDRESS_LIST)
		scan->room = ports * ADDRESS_LIST;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
		if (scan->room * 2 + OTHERS > limit.rlim_cur)
			scan->room = limit.rlim_cur > OTHERS + 2 ?
			    (size_t)(limit.rlim_cur - OTHERS) / 2 : 1;
	}
	scan->attempt = calloc(scan->room, sizeof(*scan->attempt));
	return scan->attempt != NULL && (scan->config->every_us < 0 ||
	    rounds_open(scan));
}

int
scan_begin(struct scan *scan, const struct scan_config *config,
    int64_t deadline_us)
{
	int64_t until_us = config->await_us <= 0 ? CLOCK_NEVER :
	    clock_deadline(config->await_us);

	*scan = (struct scan){
		.config = config,
		.socket = config->socket,
		.wanted = 1U << PORT_UNTRIED,
		.pass_us = config->port_us,
		.pause_us = SHORTEST,
		.since_us = clock_now_us(),
		.deadline_us = clock_earlier(deadline_us, until_us),
		.end_fd = config->every_us >= 0 ? signals_take_end() : -1,
		.patience_us = deadline_us != CLOCK_NEVER ? deadline_us :
		    clock_deadline(10 * config->port_us),
	};
	scan->socket.brief = true;
	port_next(config->targets, &scan->told);
	if (make_room(scan))
		return find_source(scan);
	diag_error("no memory to test so many ports");
	return EXIT_LOCAL;
}

/* At the end: settles what is in progress. */
static void
settle_all(struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	struct attempt *attempt;
	size_t i;

	for (i = 0; i < scan->busy; i++) {
		attempt = &scan->attempt[i];
		attempt_settle(scan, attempt, attempt->talk != NULL ?
		    talk_give_up(attempt->talk) : PORT_SILENT, 0);
	}
	scan->busy = 0;
	end_doubts(scan);
	for (i = 0; i < targets->count; i++)
		if (targets->item[i].addresses == 0 &&
		    targets->item[i].name_error == NULL)
			unresolved(&targets->item[i], RESOLVE_TIMED_OUT);
}

static int
finish(struct scan *scan)
{
	struct results_sum sum;
	int code;

	settle_all(scan);
	if (scan->rounds != NULL) {
		code = rounds_tell(scan);
		if (signals_ending() != 0)
			code = EXIT_SIGNAL + signals_ending();
	} else {
		code = results_sum(scan->config, &sum);
		output_end(scan, &sum, code);
	}
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return EXIT_SIGNAL + SIGPIPE;
	diag_error("stdout: %s", strerror(errno));
	return EXIT_LOCAL;
}

static void
close_target(struct target *target)
{
	if (target->question != NULL)
		resolve_end(target->question);
	if (target->tls_config != NULL)
		tls_context_close(target->tls);
	free(target->tls_config);
	results_close(target);
}

int
scan_end(struct scan *scan)
{
	const struct targets *targets = scan->config->targets;
	int code = scan->broken ? EXIT_LOCAL : finish(scan);
	size_t i;

	attempt_drop_spares(scan);
	for (i = 0; i < targets->count; i++)
		close_target(&targets->item[i]);
	free(scan->attempt);
	rounds_close(scan);
	return code;
}
