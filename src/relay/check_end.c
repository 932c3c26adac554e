#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "relay/check_end.h"
#include "relay/count.h"
#include "relay/relay.h"

/* How long the peer's TCP may take to acknowledge, unless -w says. */
#define SETTLE		(60 * CLOCK_SECOND)

/* Pauses between looks for it: each is twice the last, up to a limit. */
#define LOOK_FIRST	1000
#define LOOK_MOST	50000

/* How long an input that is open but empty may take for its first byte. */
#define BEGIN		(2 * CLOCK_SECOND)

/* A peer that ended its way is asked after this many seconds. */
#define KEEPALIVE	10

/* A command that neither speaks nor listens any more keeps no peer. */
#define NOBODY_HERE	CLOCK_SECOND

/* Notes why it is no clean end; returns the code. */
__attribute__((format(printf, 3, 4))) static int
incomplete(struct relay *relay, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(relay->outcome.reason, OUTCOME_REASON, format, arguments);
	va_end(arguments);
	return code;
}

/*
 * The peer's failure is the network's, ours a local one; but the reader of our
 * output may go away, as any filter's.
 */
static int
broken(struct relay *relay, const struct flow *flow)
{
	const struct stream *culprit = flow->culprit;
	int code = culprit->code != 0 ? culprit->code :
	    culprit != relay->peer ? EXIT_LOCAL : culprit->refused ? EXIT_IDENTITY : EXIT_NETWORK;

	if (culprit == relay->local && !flow->source_failed &&
	    culprit->broken_pipe)
		code = EXIT_SIGNAL + SIGPIPE;
	return incomplete(relay, code, "%s: %s", flow->source_failed ?
	    culprit->input : culprit->output, culprit->error);
}

/*
 * What arrived before the peer broke is still delivered: so a broken send
 * flow ends the run only when the receive flow has come to its end, too.
 */
static int
check_breaks(struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;

	if (receive->culprit != NULL && receive->culprit != send->culprit)
		return broken(relay, receive);
	if (send->culprit == NULL)
		return CHECK_GO_ON;
	if (send->culprit == relay->peer && receive->culprit == NULL &&
	    receive->state != FLOW_CLOSED &&
	    !(relay->peer->caps & STREAM_DATAGRAMS))
		return CHECK_GO_ON;
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

	if (relay->send.mute || relay->receive.read_out ||
	    relay->local->caps & STREAM_TERMINAL)
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
		relay->linger_deadline_us =
		    clock_deadline(relay->receive.deaf ? NOBODY_HERE :
		    relay->rules->linger_us);
	if (relay->quiet_deadline_us == CLOCK_NEVER ||
	    relay->received_mark != relay->receive.taken)
		relay->quiet_deadline_us =
		    clock_deadline(relay->rules->quiet_us);
	relay->received_mark = relay->receive.taken;
}

/* A peer that has left may reset our goodbye, if it has the rest. */
static int
confirmed(struct relay *relay, int error)
{
	if (error == 0 || (count_unacknowledged(relay) == 0 &&
	    relay->peer->goodbye > 0 && relay->receive.state == FLOW_CLOSED)) {
		socket_abortive(relay->peer->wfd, false);
		return EXIT_DONE;
	}
	return incomplete(relay, EXIT_NETWORK, "peer: %s", strerror(error));
}

int
check_confirmed(struct relay *relay)
{
	uint64_t missing = count_unacknowledged(relay);
	int error = socket_error(relay->peer->wfd);
	char text[CLOCK_TEXT];

	if (missing == 0 || error != 0)
		return confirmed(relay, error);
	if (clock_passed(relay->confirm_deadline_us))
		return incomplete(relay, EXIT_TIME, "peer did not acknowledge "
		    "%" PRIu64 " bytes within %s", missing,
		    clock_text(relay->confirm_us, text));
	relay->look_us = clock_deadline(relay->pause_us);
	if (relay->pause_us < LOOK_MOST)
		relay->pause_us *= 2;
	return CHECK_CONFIRM;
}

/*
 * A peer whose way has ended may reset what we never sent: that is nothing to
 * us. But when it was sent something, a reset says that it was not wanted.
 */
static int
clean_end(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;
	int64_t now_us = clock_now_us(), at_us;

	if (!(relay->peer->caps & STREAM_ACKNOWLEDGES))
		return EXIT_DONE;
	if (relay->send.moved == 0) {
		socket_abortive(relay->peer->wfd, false);
		return EXIT_DONE;
	}
	at_us = now_us + (rules->idle_us > 0 ? rules->idle_us : SETTLE);
	at_us = clock_earlier(at_us, clock_earlier(rules->deadline_us,
	    relay->linger_deadline_us));
	relay->confirm_deadline_us = at_us;
	relay->confirm_us = at_us > now_us ? at_us - now_us : 0;
	relay->pause_us = LOOK_FIRST;
	return CHECK_CONFIRM;
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
		if (relay->peer->caps & STREAM_DATAGRAMS)
			return EXIT_DONE;
		after_peer_end(relay);
	}
	if (send->state != FLOW_CLOSED)
		return CHECK_GO_ON;
	if (receive->state == FLOW_CLOSED || relay->rules->send_only)
		return clean_end(relay);
	after_own_end(relay);
	return CHECK_GO_ON;
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
		acknowledged = send->moved - count_unacknowledged(relay);
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
quiet_end(struct relay *relay)
{
	int error = socket_error(relay->peer->wfd);

	return error == 0 ? EXIT_DONE :
	    incomplete(relay, EXIT_NETWORK, "peer: %s", strerror(error));
}

static int
check_idleness(struct relay *relay)
{
	char text[CLOCK_TEXT];

	if (relay->rules->idle_us < 0 || !is_idle(relay))
		return CHECK_GO_ON;
	if (relay->rules->idle_is_end)
		return quiet_end(relay);
	return incomplete(relay, EXIT_TIME, "idle for %s",
	    clock_text(relay->rules->idle_us, text));
}

/*
 * The time after our input's end is over. Who asked and was answered may go;
 * who only receives, or is being told something just now, would cut it short.
 */
static bool
may_leave(const struct relay *relay)
{
	return count_unacknowledged(relay) == 0 && relay->send.moved > 0 &&
	    flow_rests(&relay->receive) == 0 &&
	    socket_unread(relay->peer->rfd) == 0;
}

static int
check_time(struct relay *relay)
{
	char text[CLOCK_TEXT];

	if (clock_passed(relay->rules->deadline_us))
		return incomplete(relay, EXIT_TIME, "not done within %s",
		    clock_text(relay->rules->run_us, text));
	if (clock_passed(relay->quiet_deadline_us))
		return quiet_end(relay);
	if (clock_passed(relay->linger_deadline_us)) {
		if (may_leave(relay))
			return clean_end(relay);
		return incomplete(relay, EXIT_TIME,
		    "time after the input's end (-q) is over");
	}
	return check_idleness(relay);
}

int
check_end(struct relay *relay)
{
	int code = check_breaks(relay);

	if (code == CHECK_GO_ON)
		code = check_ends(relay);
	if (code == CHECK_GO_ON)
		code = check_breaks(relay);
	return code == CHECK_GO_ON ? check_time(relay) : code;
}
