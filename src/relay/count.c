#include "base/clock.h"
#include "relay/count.h"
#include "relay/relay.h"
#include "sys/sys.h"

/* The end itself, which comes last, does not count. */
uint64_t
count_unacknowledged(const struct relay *relay)
{
	uint64_t octets, end = relay->peer->goodbye;

	if (!(relay->peer->caps & STREAM_ACKNOWLEDGES) ||
	    (relay->send.moved == 0 && end == 0))
		return 0;
	octets = sys_unacknowledged(relay->peer->wfd);
	end += relay->send.state == FLOW_CLOSED && !relay->send.keep_sink;
	return octets > end ? octets - end : 0;
}

/* TLS makes more octets of the bytes: then this is the least it can be. */
uint64_t
count_acknowledged(const struct relay *relay)
{
	uint64_t octets = count_unacknowledged(relay);

	return relay->send.moved > octets ? relay->send.moved - octets : 0;
}

void
count_take(struct relay *relay)
{
	relay->outcome.sent = count_acknowledged(relay);
	relay->outcome.received = relay->receive.moved;
}

/* Without a watch that wants to be told, and no signal, this costs nothing. */
void
count_tick(struct relay *relay, const struct loop *loop)
{
	const struct relay_watch *watch = relay->watch;

	if (!loop->progress_asked &&
	    !loop_passed(loop, relay->tick_deadline_us))
		return;
	count_take(relay);
	watch->tick(watch->context, &relay->outcome, loop->progress_asked);
	relay->tick_deadline_us = clock_deadline(watch->every_us);
}
