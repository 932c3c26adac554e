#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "relay/check_end.h"
#include "relay/count.h"
#include "relay/relay.h"

/* Looks per time of -w, to find out whether the connection is idle. */
#define IDLE_LOOKS	8

/* Time in which a file is synced does not count against the peer. */
static bool
is_synced(const struct relay *relay)
{
	return relay->receive.state == FLOW_DRAIN &&
	    relay->receive.sink_wants == IO_WANT_READ;
}

/*
 * Idle means that not even acknowledgements come, since a slow line takes long
 * to empty the kernel's buffer. They are polled for IDLE_LOOKS times.
 */
static bool
is_idle(struct relay *relay)
{
	int64_t idle_us = relay->rules->idle_us, since_us = relay->moved_us;
	uint64_t given = relay->send.moved + relay->receive.moved;
	uint64_t acknowledged;

	if (relay->idle_look_us == CLOCK_NEVER &&
	    relay->acknowledged != given)
		relay->idle_look_us = clock_deadline(idle_us / IDLE_LOOKS);
	if (clock_passed(relay->idle_look_us)) {
		acknowledged = given - count_unacknowledged(relay);
		if (acknowledged != relay->acknowledged)
			relay->acknowledged_us = clock_now_us();
		relay->acknowledged = acknowledged;
		relay->idle_look_us = CLOCK_NEVER;
		if (acknowledged != given)
			relay->idle_look_us =
			    clock_deadline(idle_us / IDLE_LOOKS);
	}
	if (relay->acknowledged_us > since_us)
		since_us = relay->acknowledged_us;
	if (is_synced(relay))
		since_us = clock_now_us();
	relay->idle_deadline_us = since_us + idle_us;
	if (relay->send.line_us > 0 && relay->send.hold_us != 0)
		relay->idle_deadline_us = relay->send.hold_us + idle_us;
	return clock_passed(relay->idle_deadline_us);
}

/* An ICMP error may say that the last datagram was not received. */
static int
quiet_end(struct relay *relay)
{
	int error = socket_error(relay->peer->wfd);

	return error == 0 ? EXIT_DONE :
	    check_incomplete(relay, EXIT_NETWORK, "peer: %s", strerror(error));
}

/*
 * Whether -q ends cleanly: we have sent something, all is acknowledged, and
 * nothing is arriving that would be cut off.
 */
static bool
may_leave(const struct relay *relay)
{
	return count_unacknowledged(relay) == 0 && relay->send.moved > 0 &&
	    flow_rests(&relay->receive) == 0 &&
	    socket_unread(relay->peer->rfd) == 0;
}

int
check_time(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;

	if (clock_passed(rules->deadline_us))
		return check_late(relay, "not done within", rules->run_us);
	if (clock_passed(relay->quiet_deadline_us))
		return quiet_end(relay);
	if (clock_passed(relay->linger_deadline_us) && is_synced(relay))
		relay->linger_deadline_us = clock_deadline(CHECK_LOOK);
	if (clock_passed(relay->linger_deadline_us)) {
		if (may_leave(relay))
			return check_clean(relay);
		return check_incomplete(relay, EXIT_TIME,
		    "timeout after the end of input (-q)");
	}
	if (rules->idle_us < 0 || !is_idle(relay))
		return CHECK_GO_ON;
	return rules->idle_is_end ? quiet_end(relay) :
	    check_late(relay, "idle for", rules->idle_us);
}
