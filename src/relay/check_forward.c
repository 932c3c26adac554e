#include "base/clock.h"
#include "net/socket.h"
#include "relay/check_end.h"
#include "relay/check_forward.h"
#include "relay/relay.h"

/* Idle seconds before connections are probed, once one direction has ended. */
#define KEEPALIVE	10

/* Relays what had arrived before the end broke, such as an error message. */
static int
break_off(struct relay *relay, const struct flow *broke)
{
	struct flow *other = broke == &relay->send ? &relay->receive :
	    &relay->send;

	if (other->source == broke->culprit && other->culprit == NULL)
		flow_step(other);
	return check_broken(relay, broke);
}

/*
 * Probes both ends once one direction has ended, since the other may be silent
 * for long; after a second, since most end sooner.
 */
static void
watch_over(struct relay *relay)
{
	if (relay->peer_watched)
		return;
	if (relay->begin_deadline_us == CLOCK_NEVER)
		relay->begin_deadline_us = clock_deadline(CLOCK_SECOND);
	if (!clock_passed(relay->begin_deadline_us))
		return;
	relay->begin_deadline_us = CLOCK_NEVER;
	relay->peer_watched = true;
	if (relay->peer->caps & STREAM_ACKNOWLEDGES)
		socket_keepalive(relay->peer->wfd, KEEPALIVE);
	if (relay->local->caps & STREAM_ACKNOWLEDGES)
		socket_keepalive(relay->local->wfd, KEEPALIVE);
}

int
check_forward(struct relay *relay)
{
	const struct flow *send = &relay->send, *receive = &relay->receive;

	if (relay->outcome.first == NULL && receive->state != FLOW_OPEN)
		relay->outcome.first = relay->peer->input;
	if (relay->outcome.first == NULL && send->state != FLOW_OPEN)
		relay->outcome.first = relay->local->input;
	if (receive->culprit != NULL)
		return break_off(relay, receive);
	if (send->culprit != NULL)
		return break_off(relay, send);
	if (send->state == FLOW_CLOSED && receive->state == FLOW_CLOSED)
		return CHECK_CONFIRM;
	if (send->state == FLOW_CLOSED || receive->state == FLOW_CLOSED)
		watch_over(relay);
	return CHECK_GO_ON;
}
