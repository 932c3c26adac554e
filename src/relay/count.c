#include "base/clock.h"
#include "relay/count.h"
#include "relay/relay.h"
#include "sys/sys.h"

/* FIN and close_notify, which come last, do not count. */
uint64_t
count_resting(const struct stream *sink, const struct flow *to)
{
	uint64_t octets, end = sink->goodbye;

	if (!(sink->caps & STREAM_ACKNOWLEDGES) ||
	    (to->moved == 0 && end == 0))
		return 0;
	octets = sys_unacknowledged(sink->wfd);
	end += to->state == FLOW_CLOSED && !to->keep_sink;
	return octets > end ? octets - end : 0;
}

uint64_t
count_unacknowledged(const struct relay *relay)
{
	return count_resting(relay->peer, &relay->send) +
	    count_resting(relay->local, &relay->receive);
}

/* With TLS, octets include its overhead: then this is a lower bound. */
static uint64_t
arrived(const struct stream *sink, const struct flow *to)
{
	uint64_t octets = count_resting(sink, to);

	return to->moved > octets ? to->moved - octets : 0;
}

void
count_take(struct relay *relay)
{
	relay->outcome.sent = arrived(relay->peer, &relay->send);
	relay->outcome.received = arrived(relay->local, &relay->receive);
}

void
count_tick(struct relay *relay, bool asked)
{
	const struct relay_watch *watch = relay->watch;

	count_take(relay);
	watch->tick(watch->context, &relay->outcome, asked);
	relay->tick_deadline_us = clock_deadline(watch->every_us);
}
