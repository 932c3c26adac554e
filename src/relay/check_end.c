#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "relay/check_end.h"
#include "relay/check_forward.h"
#include "relay/count.h"
#include "relay/relay.h"

/* How long the peer's TCP may take to acknowledge anything, without -w. */
#define SETTLE		(60 * CLOCK_SECOND)

/* Pauses between looks at SIOCOUTQ double from this to CHECK_LOOK. */
#define LOOK_FIRST	1000

/* Limit for the first byte of our open input, once the peer has ended. */
#define BEGIN		(2 * CLOCK_SECOND)

/*
 * An input of so few bytes is taken for a request. Many servers drop the answer
 * if FIN comes before it, so FIN waits until they have been silent for so long.
 */
#define QUESTION	(64 << 10)
#define SILENCE		(CLOCK_SECOND / 2)

/* Idle seconds before a peer that has ended is probed. */
#define KEEPALIVE	10

/* Limit for a command that has closed its stdin, or does not read it. */
#define NOBODY_HERE	CLOCK_SECOND

int
check_incomplete(struct relay *relay, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(relay->outcome.reason, OUTCOME_REASON, format, arguments);
	va_end(arguments);
	return code;
}

int
check_late(struct relay *relay, const char *what, int64_t time_us)
{
	char text[CLOCK_TEXT];

	return check_incomplete(relay, EXIT_TIME, "%s %s", what,
	    clock_text(time_us, text));
}

/*
 * The exit code: a peer's failure is EXIT_NETWORK, one of ours EXIT_LOCAL, and
 * EPIPE on stdout is SIGPIPE, as for any filter.
 */
int
check_broken(struct relay *relay, const struct flow *flow)
{
	const struct stream *culprit = flow->culprit;
	int code = culprit->code != 0 ? culprit->code :
	    culprit != relay->peer ? EXIT_LOCAL :
	    culprit->refused ? EXIT_IDENTITY : EXIT_NETWORK;

	if (culprit == relay->local && !flow->source_failed &&
	    culprit->broken_pipe)
		code = EXIT_SIGNAL + SIGPIPE;
	if (culprit->unwanted) {
		relay->outcome.unwanted = true;
		return check_incomplete(relay, EXIT_NETWORK, "%s",
		    culprit->error);
	}
	return check_incomplete(relay, code, "%s: %s", flow->source_failed ?
	    culprit->input : culprit->output, culprit->error);
}

/*
 * Whether there are still bytes that had arrived when the peer broke. Later
 * ones do not count: if only sending fails, the peer may send for ever.
 */
static bool
has_arrivals(struct relay *relay)
{
	struct flow *receive = &relay->receive;
	uint64_t taken = receive->taken;

	if (relay->peer->caps & STREAM_DATAGRAMS)
		return false;
	if (relay->last_taken == 0)
		relay->last_taken = taken + socket_unread(relay->peer->rfd) + 1;
	flow_step(receive);
	receive->unfinished |= receive->taken != taken;
	return receive->culprit == NULL && (flow_rests(receive) > 0 ||
	    ((receive->unfinished || receive->pause_us != 0) &&
	    receive->taken < relay->last_taken));
}

/*
 * Whether the peer had everything when it was gone, and what we could not send
 * since was only a filter's reaction to the end of its input.
 */
static bool
nobody_misses(const struct relay *relay)
{
	return relay->local->caps & STREAM_ANSWERS &&
	    !(relay->local->caps & STREAM_MAY_LEAVE) &&
	    relay->send.culprit == relay->peer &&
	    relay->receive.state == FLOW_CLOSED && relay->had_all &&
	    relay->send.taken == relay->taken_mark;
}

/*
 * A command may read no more because we do not read its output: it is given
 * what arrived as long as it keeps reading.
 */
static bool
takes_arrivals(struct relay *relay)
{
	if (!(relay->local->caps & STREAM_MAY_LEAVE))
		return true;
	relay->begin_deadline_us = relay->moved_us + NOBODY_HERE;
	return !clock_passed(relay->begin_deadline_us);
}

static int
check_breaks(struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;

	if (receive->culprit != NULL && receive->culprit != send->culprit)
		return check_broken(relay, receive);
	if (send->culprit == NULL)
		return CHECK_GO_ON;
	if (send->culprit == relay->peer && receive->culprit == NULL &&
	    receive->state != FLOW_CLOSED && has_arrivals(relay) &&
	    takes_arrivals(relay))
		return CHECK_GO_ON;
	if (nobody_misses(relay))
		return EXIT_DONE;
	return check_broken(relay, send);
}

/*
 * Acknowledgements cause no event, so this polls, and sets look_us. The
 * deadline moves on with each acknowledgement: a slow reader has time.
 */
static bool
all_acknowledged(struct relay *relay)
{
	uint64_t missing = count_unacknowledged(relay);

	if (missing == 0) {
		relay->look_us = CLOCK_NEVER;
		return true;
	}
	if (relay->look_us == CLOCK_NEVER)
		relay->pause_us = LOOK_FIRST;
	else if (relay->pause_us < CHECK_LOOK && clock_passed(relay->look_us))
		relay->pause_us *= 2;
	if (relay->look_us == CLOCK_NEVER || missing != relay->missing)
		relay->confirm_deadline_us = clock_deadline(
		    relay->rules->idle_us > 0 ? relay->rules->idle_us : SETTLE);
	relay->missing = missing;
	relay->look_us = clock_deadline(relay->pause_us);
	return false;
}

/* The deadline for acknowledgements has passed. */
static int
unconfirmed(struct relay *relay)
{
	int64_t idle_us = relay->rules->idle_us;
	char text[CLOCK_TEXT];

	return check_incomplete(relay, EXIT_TIME,
	    "peer did not acknowledge %" PRIu64 " bytes within %s",
	    relay->missing, clock_text(idle_us > 0 ? idle_us : SETTLE, text));
}

/* Reads once more: nothing that is there may be dropped. */
static bool
gives_nothing(struct flow *flow)
{
	uint64_t taken = flow->taken;

	flow_step(flow);
	return flow->state == FLOW_OPEN && flow->culprit == NULL &&
	    flow->taken == taken && flow->source_wants == IO_WANT_READ &&
	    flow_rests(flow) == 0;
}

/*
 * Whether our input, which is open, will probably give no more. If the peer
 * sent nothing, it may be a receiver with no input of its own, which waits for
 * ours.
 */
static bool
input_is_idle(struct relay *relay)
{
	struct flow *send = &relay->send;

	if (send->mute || relay->receive.read_out ||
	    relay->local->caps & STREAM_TERMINAL)
		return true;
	if (send->sink_gone)
		return gives_nothing(send);
	if (relay->local->caps & STREAM_ANSWERS)
		return false;
	/* With -k a shared stdin must not keep a peer that has ended. */
	if (relay->rules->keep_output && relay->receive.taken > 0)
		return gives_nothing(send);
	if (!relay->rules->keep_output &&
	    (send->taken > 0 || relay->receive.taken == 0)) {
		relay->begin_deadline_us = CLOCK_NEVER;
		return false;
	}
	if (relay->begin_deadline_us == CLOCK_NEVER)
		relay->begin_deadline_us = clock_deadline(BEGIN);
	return clock_passed(relay->begin_deadline_us) && gives_nothing(send);
}

/* Notes whether the peer has all we have sent, if it should go now. */
static void
note_peer_end(struct relay *relay)
{
	if (!relay->peer_ended)
		relay->taken_mark = relay->send.taken;
	relay->peer_ended = true;
	if (!relay->had_all && flow_rests(&relay->send) == 0)
		relay->had_all = all_acknowledged(relay);
}

/* "Ends" 3: the peer has ended; is there more to send? */
static void
after_peer_end(struct relay *relay)
{
	struct flow *send = &relay->send;

	note_peer_end(relay);
	if (send->state != FLOW_OPEN)
		return;
	if (input_is_idle(relay)) {
		if (relay->rules->asks && !send->mute &&
		    !relay->receive.read_out &&
		    !(relay->local->caps & STREAM_TERMINAL))
			diag_error("the peer has ended: %s is still open, and "
			    "was not read", relay->local->input);
		flow_end(send, "peer ended");
		flow_step(send);
	} else if (!relay->peer_watched &&
	    relay->peer->caps & STREAM_ACKNOWLEDGES) {
		socket_keepalive(relay->peer->wfd, KEEPALIVE);
		relay->peer_watched = true;
	}
}

/* Our input has ended and is sent: starts -q once it is acknowledged. */
static int
after_own_end(struct relay *relay)
{
	int64_t linger_us = relay->receive.deaf ? NOBODY_HERE :
	    relay->rules->linger_us;

	if (relay->linger_deadline_us == CLOCK_NEVER && linger_us >= 0) {
		if (relay->receive.deaf || all_acknowledged(relay))
			relay->linger_deadline_us = clock_deadline(linger_us);
		else if (clock_passed(relay->confirm_deadline_us))
			return unconfirmed(relay);
	}
	if (relay->quiet_deadline_us == CLOCK_NEVER ||
	    relay->received_mark != relay->receive.taken)
		relay->quiet_deadline_us =
		    clock_deadline(relay->rules->quiet_us);
	relay->received_mark = relay->receive.taken;
	return CHECK_GO_ON;
}

/*
 * How long the peer must be silent before our FIN is sent ("Ends" 1): for a
 * client's request, and for a listener without input, which lets the client end
 * first.
 */
static int64_t
silence(const struct relay *relay)
{
	const struct flow *send = &relay->send;

	if (relay->rules->asks)
		return send->taken <= QUESTION ? SILENCE : 0;
	return send->taken == 0 && !(relay->local->caps & STREAM_ANSWERS) ?
	    BEGIN : 0;
}

/* Sends the FIN that was held back, once the silence was long enough. */
static void
say_end(struct relay *relay)
{
	struct flow *send = &relay->send;
	bool first = relay->end_deadline_us == CLOCK_NEVER;

	if (!send->hold_end || send->culprit != NULL ||
	    relay->receive.culprit != NULL)
		return;
	relay->end_deadline_us = relay->moved_us + silence(relay);
	if (relay->receive.state == FLOW_OPEN &&
	    !clock_passed(relay->end_deadline_us)) {
		if (first)
			diag_say(3, "send: FIN is delayed until the peer "
			    "has been silent for %d ms",
			    (int)(silence(relay) / 1000));
		return;
	}
	relay->end_deadline_us = CLOCK_NEVER;
	send->hold_end = false;
	flow_step(send);
}

static int
clean(struct relay *relay)
{
	if (relay->peer->caps & STREAM_ACKNOWLEDGES)
		socket_abortive(relay->peer->wfd, false);
	if (relay->local->caps & STREAM_ACKNOWLEDGES)
		socket_abortive(relay->local->wfd, false);
	return EXIT_DONE;
}

/*
 * The errno by which bytes that were sent are lost; 0: none. After its own end
 * a peer may reset our close_notify, if everything before is acknowledged.
 */
static int
lost(const struct stream *sink, const struct flow *to, const struct flow *from)
{
	int error;

	if (!(sink->caps & STREAM_ACKNOWLEDGES) || to->moved == 0)
		return 0;
	error = socket_error(sink->wfd);
	return sink->goodbye > 0 && from->state == FLOW_CLOSED &&
	    count_resting(sink, to) == 0 ? 0 : error;
}

int
check_confirmed(struct relay *relay)
{
	const struct stream *loser = relay->peer;
	bool good = all_acknowledged(relay);
	int error = lost(loser, &relay->send, &relay->receive);

	if (error == 0 && relay->rules->forward) {
		loser = relay->local;
		error = lost(loser, &relay->receive, &relay->send);
	}
	if (error != 0)
		return check_incomplete(relay, EXIT_NETWORK, "%s: %s",
		    loser->output, strerror(error));
	if (good)
		return clean(relay);
	if (clock_passed(relay->rules->deadline_us))
		return check_late(relay, "not done within",
		    relay->rules->run_us);
	return clock_passed(relay->confirm_deadline_us) ?
	    unconfirmed(relay) : CHECK_CONFIRM;
}

int
check_clean(struct relay *relay)
{
	return relay->send.moved > 0 ? CHECK_CONFIRM : clean(relay);
}

static int
check_ends(struct relay *relay)
{
	struct flow *send = &relay->send, *receive = &relay->receive;

	if (relay->outcome.first == NULL && send->state != FLOW_OPEN)
		relay->outcome.first = relay->local->input;
	if (relay->outcome.first == NULL && receive->state != FLOW_OPEN)
		relay->outcome.first = relay->peer->input;
	if (receive->state == FLOW_CLOSED) {
		/* A command may still answer the last datagrams. */
		if (!(relay->peer->caps & STREAM_DATAGRAMS))
			after_peer_end(relay);
		else if (!(relay->local->caps & STREAM_MAY_LEAVE))
			return EXIT_DONE;
	}
	if (send->state == FLOW_OPEN || flow_rests(send) > 0)
		return CHECK_GO_ON;
	say_end(relay);
	if (send->state == FLOW_CLOSED && (receive->state == FLOW_CLOSED ||
	    relay->rules->send_only))
		return check_clean(relay);
	return after_own_end(relay);
}

/* A write may have slept: what time counts from is later than the round. */
static void
note_movement(struct relay *relay, const struct loop *loop)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;
	uint64_t moved = send->taken + send->moved + receive->taken +
	    receive->moved;

	if (moved == relay->moved)
		return;
	relay->moved = moved;
	relay->moved_us = send->state == FLOW_OPEN &&
	    relay->rules->idle_us < 0 ? loop->now_us : clock_now_us();
}

/* As in nearly all rounds: no flow has ended. */
static bool
only_moves(const struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;

	return send->state == FLOW_OPEN && receive->state == FLOW_OPEN &&
	    send->culprit == NULL && receive->culprit == NULL;
}

static int
check_flows(struct relay *relay)
{
	int64_t look_us = relay->look_us;
	int code = check_breaks(relay);

	if (code == CHECK_GO_ON)
		code = check_ends(relay);
	if (code == CHECK_GO_ON)
		code = check_breaks(relay);
	/* Not needed any more: it would wake us again and again. */
	if (relay->look_us == look_us && clock_passed(look_us))
		relay->look_us = CLOCK_NEVER;
	return code;
}

int
check_end(struct relay *relay, const struct loop *loop)
{
	int code = CHECK_GO_ON;

	note_movement(relay, loop);
	if (!only_moves(relay))
		code = relay->rules->forward ? check_forward(relay) :
		    check_flows(relay);
	return code == CHECK_GO_ON ? check_time(relay) : code;
}
