#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "relay/run.h"

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
		if (wait->fd == -1)
			continue;
		for (at[i] = 0; at[i] < count; at[i]++)
			if (set[at[i]].fd == wait->fd)
				break;
		if (at[i] == count)
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

/*
 * A pipe wakes its reader for the first page, while its writer has more: so
 * where much comes that way, a short sleep saves many wake-ups.
 */
#define NAP_US	50

/* The one place where a running relay sleeps. Steps the flows that woke. */
static void
await(struct relay *relay)
{
	struct flow *flow[2] = { &relay->receive, &relay->send };
	struct pollfd set[4];
	size_t at[4];
	nfds_t count;
	int i;

	flow_interest(flow[0]);
	flow_interest(flow[1]);
	if (flow_may_nap(&relay->send) && !relay->receive.bulk)
		usleep(NAP_US);
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
	int code = JUDGE_GO_ON;

	*count = (struct relay_count){ .first = NULL };
	if (relay_open(&relay)) {
		flow_step(&relay.send);
		flow_step(&relay.receive);
	} else {
		diag_error("no memory for buffers");
		code = EXIT_LOCAL;
	}
	while (code == JUDGE_GO_ON) {
		send_answers(&relay);
		count_tick(&relay);
		code = judge(&relay);
		if (code == JUDGE_GO_ON)
			await(&relay);
	}
	count_take(&relay);
	flow_close(&relay.send);
	flow_close(&relay.receive);
	return code;
}
