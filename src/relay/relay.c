#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/interrupt.h"
#include "net/socket.h"
#include "relay/crlf.h"
#include "relay/flow.h"
#include "relay/relay.h"
#include "relay/telnet.h"

/* How long the peer's TCP may take to acknowledge, unless -w says. */
#define SETTLE		(60 * CLOCK_SECOND)

/* How long an input that is open but empty may take for its first byte. */
#define BEGIN		(2 * CLOCK_SECOND)

/* A peer that ended its way is asked after this many seconds. */
#define KEEPALIVE	10

/* A command that neither speaks nor listens any more keeps no peer. */
#define NOBODY_HERE	CLOCK_SECOND

struct relay {
	const struct relay_rules *rules;
	const struct relay_watch *watch;
	struct relay_count *count;
	struct stream *local, *peer;
	struct flow send, receive;
	struct crlf crlf;
	struct telnet telnet;
	bool	 peer_watched;		/* keepalive is on */
	int64_t	 begin_deadline_us;	/* for our input's first byte */
	int64_t	 linger_deadline_us;	/* -q, once our input has ended */
	int64_t	 quiet_deadline_us;
	int64_t	 idle_deadline_us;
	uint64_t idle_moved;		/* what had moved when that was set */
	uint64_t idle_acknowledged;
	int64_t	 tick_deadline_us;
	uint64_t received_mark;		/* what quiet_deadline_us counts from */
};

/* What decides has three answers: an exit code, or not yet. */
#define GO_ON	(-1)

/* Taps that only look come last: they see what the sink will see. */
static bool
add_taps(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;
	const struct relay_watch *watch = relay->watch;
	bool good = true;
	int i;

	if (rules->crlf) {
		crlf_begin(&relay->crlf);
		good = flow_add_tap(&relay->send, &relay->crlf.tap);
	}
	if (rules->telnet) {
		telnet_begin(&relay->telnet);
		good &= flow_add_tap(&relay->receive, &relay->telnet.tap);
	}
	for (i = 0; i < RELAY_TAPS; i++) {
		if (watch->sent[i] != NULL)
			good &= flow_add_tap(&relay->send, watch->sent[i]);
		if (watch->received[i] != NULL)
			good &= flow_add_tap(&relay->receive,
			    watch->received[i]);
	}
	return good;
}

static bool
relay_open(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;

	if (!flow_open(&relay->send, "send", relay->local, relay->peer) ||
	    !flow_open(&relay->receive, "receive", relay->peer, relay->local))
		return false;
	relay->send.mute = relay->local->caps & STREAM_NO_INPUT;
	relay->send.keep_sink = rules->no_half_close;
	relay->send.line_us = rules->line_us;
	relay->send.copy_only |= rules->line_us > 0;
	relay->receive.keep_sink = rules->keep_output;
	throttle_begin(&relay->send.throttle, rules->send_rate);
	throttle_begin(&relay->receive.throttle, rules->receive_rate);
	if (!add_taps(relay))
		return false;
	if (relay->send.mute && rules->end_at_once)
		flow_end(&relay->send, "no input");
	relay->linger_deadline_us = relay->quiet_deadline_us =
	    relay->begin_deadline_us = CLOCK_NEVER;
	relay->idle_deadline_us = clock_deadline(rules->idle_us);
	relay->tick_deadline_us = clock_deadline(relay->watch->every_us);
	return true;
}

/* Octets on their way; the end itself, which comes last, does not count. */
static uint64_t
unacknowledged(const struct relay *relay)
{
	uint64_t octets, end = relay->peer->goodbye;

	if (!(relay->peer->caps & STREAM_ACKNOWLEDGES))
		return 0;
	octets = socket_unacknowledged(relay->peer->wfd);
	end += relay->send.state == FLOW_CLOSED && !relay->send.keep_sink;
	return octets > end ? octets - end : 0;
}

/* TLS makes more octets of the bytes: then this is the least it can be. */
static uint64_t
acknowledged(const struct relay *relay)
{
	uint64_t octets = unacknowledged(relay);

	return relay->send.moved > octets ? relay->send.moved - octets : 0;
}

static void
take_count(struct relay *relay)
{
	relay->count->sent = acknowledged(relay);
	relay->count->received = relay->receive.moved;
}

/* Without a watch that wants to be told, and no signal, this costs nothing. */
static void
tick(struct relay *relay)
{
	const struct relay_watch *watch = relay->watch;
	bool asked = interrupt_asked();

	if (!asked && !clock_passed(relay->tick_deadline_us))
		return;
	take_count(relay);
	watch->tick(watch->context, relay->count, asked);
	relay->tick_deadline_us = clock_deadline(watch->every_us);
}

/* "; incomplete: ..." belongs to every end that is not a clean one. */
static int
incomplete(const struct relay *relay, int code, const char *reason)
{
	diag_error("%s; incomplete: %" PRIu64 " bytes sent, %" PRIu64
	    " bytes received", reason,
	    acknowledged(relay), relay->receive.moved);
	snprintf(relay->count->reason, RELAY_REASON, "%s", reason);
	return code;
}

/*
 * The peer's failure is the network's, ours a local one. The reader of our
 * output going away is no failure to talk of: every filter dies of SIGPIPE.
 */
static int
broken(const struct relay *relay, const struct flow *flow)
{
	const struct stream *culprit = flow->culprit;
	char reason[RELAY_REASON];

	snprintf(reason, sizeof(reason), "%s: %s", flow->source_failed ?
	    culprit->input : culprit->output, culprit->error);
	if (culprit == relay->local && !flow->source_failed &&
	    culprit->broken_pipe) {
		strcpy(relay->count->reason, reason);
		return EXIT_SIGNAL + SIGPIPE;
	}
	return incomplete(relay, culprit != relay->peer ? EXIT_LOCAL :
	    culprit->refused ? EXIT_IDENTITY : EXIT_NETWORK, reason);
}

/*
 * What arrived before the peer broke is still delivered: so a broken send
 * flow ends the run only when the receive flow has come to its end, too.
 */
static int
judge_breaks(const struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;

	if (receive->culprit != NULL && receive->culprit != send->culprit)
		return broken(relay, receive);
	if (send->culprit == NULL)
		return GO_ON;
	if (send->culprit == relay->peer && receive->culprit == NULL &&
	    receive->state != FLOW_CLOSED &&
	    !(relay->peer->caps & STREAM_DATAGRAMS))
		return GO_ON;
	return broken(relay, send);
}

/*
 * A peer without input may end its way before our input has begun: so where
 * nothing has moved at all, the first byte is given a moment to come.
 */
static bool
may_begin_yet(struct relay *relay)
{
	if (relay->send.taken > 0 || relay->receive.taken > 0) {
		relay->begin_deadline_us = CLOCK_NEVER;
		return false;
	}
	if (relay->begin_deadline_us == CLOCK_NEVER)
		relay->begin_deadline_us = clock_deadline(BEGIN);
	return !clock_passed(relay->begin_deadline_us);
}

/* No one will ever say more through our input, as far as can be known. */
static bool
input_is_idle(struct relay *relay)
{
	struct pollfd wait = { .fd = relay->local->rfd, .events = POLLIN };

	if (relay->send.mute || relay->local->caps & STREAM_TERMINAL)
		return true;
	if (relay->local->caps & STREAM_ANSWERS)
		return false;
	if (may_begin_yet(relay) ||
	    (relay->send.taken > 0 && !relay->send.sink_gone &&
	    !relay->rules->keep_output))
		return false;
	return poll(&wait, 1, 0) == 0;
}

/* "Ends" 3: the peer has ended its way; do we have more to say? */
static void
after_peer_end(struct relay *relay)
{
	if (input_is_idle(relay)) {
		flow_end(&relay->send, "peer ended");
		flow_step(&relay->send);
	} else if (!relay->peer_watched &&
	    relay->peer->caps & STREAM_ACKNOWLEDGES) {
		socket_keepalive(relay->peer->wfd, KEEPALIVE);
		relay->peer_watched = true;
	}
}

/* Our input has ended: from now on time counts against the peer. */
static void
after_own_end(struct relay *relay)
{
	if (relay->linger_deadline_us == CLOCK_NEVER)
		relay->linger_deadline_us = clock_deadline(
		    relay->receive.deaf ? NOBODY_HERE : relay->rules->linger_us);
	if (relay->quiet_deadline_us == CLOCK_NEVER ||
	    relay->received_mark != relay->receive.taken)
		relay->quiet_deadline_us =
		    clock_deadline(relay->rules->quiet_us);
	relay->received_mark = relay->receive.taken;
}

/* What the telnet tap wants to say goes out between two drained pieces. */
static void
send_answers(struct relay *relay)
{
	struct flow *send = &relay->send;
	struct telnet *telnet = &relay->telnet;

	if (telnet->waiting == 0 || send->state != FLOW_OPEN ||
	    flow_rests(send) > 0)
		return;
	memcpy(send->data, telnet->answers, telnet->waiting);
	send->tail = telnet->waiting;
	telnet->waiting = 0;
}

/*
 * The end has come as it should; now for the proof that all has arrived. No
 * event tells of an acknowledgement, so this looks, first often, then less.
 */
static int
settle(struct relay *relay)
{
	int64_t bound = relay->rules->idle_us > 0 ? relay->rules->idle_us :
	    SETTLE, since_us = clock_now_us(), deadline_us = since_us + bound;
	char reason[192], text[CLOCK_TEXT];
	int error = 0, pause_ms = 1;

	if (relay->rules->deadline_us < deadline_us)
		deadline_us = relay->rules->deadline_us;
	if (relay->linger_deadline_us < deadline_us)
		deadline_us = relay->linger_deadline_us;
	bound = deadline_us > since_us ? deadline_us - since_us : 0;
	while (unacknowledged(relay) > 0 && error == 0) {
		if (clock_passed(deadline_us)) {
			snprintf(reason, sizeof(reason), "peer did not "
			    "acknowledge %" PRIu64 " bytes within %s",
			    unacknowledged(relay), clock_text(bound, text));
			return incomplete(relay, EXIT_TIME, reason);
		}
		poll(NULL, 0, pause_ms);
		tick(relay);
		pause_ms = pause_ms < 50 ? pause_ms * 2 : pause_ms;
		error = socket_error(relay->peer->wfd);
	}
	if (error == 0)
		error = socket_error(relay->peer->wfd);
	/* A peer that has left may reset our goodbye, if it has the rest. */
	if (error == 0 || (unacknowledged(relay) == 0 &&
	    relay->peer->goodbye > 0 && relay->receive.state == FLOW_CLOSED))
		return EXIT_DONE;
	snprintf(reason, sizeof(reason), "peer: %s", strerror(error));
	return incomplete(relay, EXIT_NETWORK, reason);
}

/*
 * A peer whose way has ended may reset what we never sent: that is nothing to
 * us. But when it was sent something, a reset says that it was not wanted.
 */
static int
clean_end(struct relay *relay)
{
	int code = EXIT_DONE;

	if (!(relay->peer->caps & STREAM_ACKNOWLEDGES))
		return EXIT_DONE;
	if (relay->send.moved > 0)
		code = settle(relay);
	if (code == EXIT_DONE)
		socket_abortive(relay->peer->wfd, false);
	return code;
}

static int
judge_ends(struct relay *relay)
{
	struct flow *send = &relay->send, *receive = &relay->receive;

	if (relay->count->first == NULL && send->state != FLOW_OPEN)
		relay->count->first = relay->local->input;
	if (relay->count->first == NULL && receive->state != FLOW_OPEN)
		relay->count->first = relay->peer->input;
	if (receive->state == FLOW_CLOSED) {
		if (relay->peer->caps & STREAM_DATAGRAMS)
			return EXIT_DONE;
		after_peer_end(relay);
	}
	if (send->state != FLOW_CLOSED)
		return GO_ON;
	if (receive->state == FLOW_CLOSED || relay->rules->send_only)
		return clean_end(relay);
	after_own_end(relay);
	return GO_ON;
}

/*
 * Idle is when nothing moves, not even an acknowledgement: a slow line takes
 * long to empty the kernel's buffer. That is asked only when time is up.
 */
static bool
is_idle(struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;
	uint64_t moved, acknowledged = relay->idle_acknowledged;

	moved = send->taken + send->moved + receive->taken + receive->moved;
	if (clock_passed(relay->idle_deadline_us))
		acknowledged = send->moved - unacknowledged(relay);
	else if (moved == relay->idle_moved)
		return false;
	if (moved == relay->idle_moved && send->hold_us == 0 &&
	    (acknowledged == relay->idle_acknowledged ||
	    acknowledged == send->moved))
		return true;
	relay->idle_moved = moved;
	relay->idle_acknowledged = acknowledged;
	relay->idle_deadline_us = clock_deadline(relay->rules->idle_us);
	return false;
}

/* ICMP may have told that the last datagram found no one. */
static int
quiet_end(const struct relay *relay)
{
	char reason[128];
	int error = socket_error(relay->peer->wfd);

	if (error == 0)
		return EXIT_DONE;
	snprintf(reason, sizeof(reason), "peer: %s", strerror(error));
	return incomplete(relay, EXIT_NETWORK, reason);
}

static int
judge_idleness(struct relay *relay)
{
	char reason[64], text[CLOCK_TEXT];

	if (relay->rules->idle_us < 0 || !is_idle(relay))
		return GO_ON;
	if (relay->rules->idle_is_end)
		return quiet_end(relay);
	snprintf(reason, sizeof(reason), "idle for %s",
	    clock_text(relay->rules->idle_us, text));
	return incomplete(relay, EXIT_TIME, reason);
}

/*
 * The time after our input's end is over. Who asked and was answered may go;
 * who only receives, or is being told something just now, would cut it short.
 */
static bool
may_leave(const struct relay *relay)
{
	return unacknowledged(relay) == 0 && relay->send.moved > 0 &&
	    flow_rests(&relay->receive) == 0 &&
	    socket_unread(relay->peer->rfd) == 0;
}

static int
judge_time(struct relay *relay)
{
	char reason[96], text[CLOCK_TEXT];

	if (clock_passed(relay->rules->deadline_us)) {
		snprintf(reason, sizeof(reason), "not done within %s",
		    clock_text(relay->rules->run_us, text));
		return incomplete(relay, EXIT_TIME, reason);
	}
	if (clock_passed(relay->quiet_deadline_us))
		return quiet_end(relay);
	if (clock_passed(relay->linger_deadline_us)) {
		if (may_leave(relay))
			return clean_end(relay);
		return incomplete(relay, EXIT_TIME,
		    "time after the input's end (-q) is over");
	}
	return judge_idleness(relay);
}

static int
judge(struct relay *relay)
{
	int code = judge_breaks(relay);

	if (code == GO_ON)
		code = judge_ends(relay);
	if (code == GO_ON)
		code = judge_breaks(relay);
	return code == GO_ON ? judge_time(relay) : code;
}

static int64_t
next_deadline(const struct relay *relay)
{
	const int64_t moments[] = {
		relay->rules->deadline_us,
		relay->begin_deadline_us,
		relay->linger_deadline_us,
		relay->quiet_deadline_us,
		relay->idle_deadline_us,
		relay->tick_deadline_us,
		flow_deadline(&relay->send),
		flow_deadline(&relay->receive),
	};
	int64_t next = CLOCK_NEVER;
	size_t i;

	for (i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if (moments[i] < next)
			next = moments[i];
	return next;
}

/*
 * The set for poll(2): a socket that both flows wait for stands in it once,
 * and what nobody waits for not at all. at[] says where each wait has gone.
 */
static nfds_t
gather(struct flow *flow[2], struct pollfd *set, size_t *at)
{
	const struct pollfd *wait;
	nfds_t count = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		wait = &flow[i / 2]->wait[i % 2];
		for (at[i] = 0; at[i] < count; at[i]++)
			if (set[at[i]].fd == wait->fd)
				break;
		if (at[i] == count && wait->fd != -1)
			set[count++] = (struct pollfd){ .fd = wait->fd };
		set[at[i]].events |= wait->events;
	}
	return count;
}

static void
scatter(struct flow *flow[2], const struct pollfd *set, const size_t *at)
{
	const short always = POLLERR | POLLHUP | POLLNVAL;
	struct pollfd *wait;
	size_t i;

	for (i = 0; i < 4; i++) {
		wait = &flow[i / 2]->wait[i % 2];
		wait->revents = wait->fd == -1 ? 0 :
		    set[at[i]].revents & (short)(wait->events | always);
	}
}

/* The one place where a running relay sleeps. Steps the flows that woke. */
static void
await(struct relay *relay)
{
	struct flow *flow[2] = { &relay->receive, &relay->send };
	struct pollfd set[5];
	size_t at[4];
	nfds_t count;
	int i;

	flow_interest(flow[0]);
	flow_interest(flow[1]);
	count = gather(flow, set, at);
	if (poll(set, count, clock_poll_ms(next_deadline(relay))) == -1)
		return;
	scatter(flow, set, at);
	for (i = 0; i < 2; i++)
		if (flow_woken(flow[i]))
			flow_step(flow[i]);
}

int
relay_run(struct stream *local, struct stream *peer,
    const struct relay_rules *rules, const struct relay_watch *watch,
    struct relay_count *count)
{
	struct relay relay = { .rules = rules, .watch = watch, .count = count,
	    .local = local, .peer = peer };
	int code = GO_ON;

	*count = (struct relay_count){ .first = NULL };

	if (relay_open(&relay)) {
		flow_step(&relay.send);
		flow_step(&relay.receive);
	} else {
		diag_error("no memory for buffers");
		code = EXIT_LOCAL;
	}
	while (code == GO_ON) {
		send_answers(&relay);
		tick(&relay);
		code = judge(&relay);
		if (code == GO_ON)
			await(&relay);
	}
	take_count(&relay);
	flow_close(&relay.send);
	flow_close(&relay.receive);
	return code;
}
