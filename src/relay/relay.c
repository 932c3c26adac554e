#include <stdio.h>

#include "relay/relay.h"

#include "base/clock.h"
#include "base/diag.h"
#include "relay/check_end.h"
#include "relay/count.h"

/* Taps that only look come last, to see what the sink will get. */
static bool
add_taps(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;
	const struct relay_watch *watch = relay->watch;
	bool good = true;
	int i;

	if (rules->crlf) {
		crlf_begin(&relay->crlf);
		relay->crlf.tap.blame = relay->local;
		good = flow_add_tap(&relay->send, &relay->crlf.tap);
	}
	if (rules->telnet) {
		telnet_begin(&relay->telnet, relay->peer);
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

static void
begin_flows(struct relay *relay)
{
	const struct relay_rules *rules = relay->rules;
	struct flow *send = &relay->send, *receive = &relay->receive;

	flow_open(send, "send", relay->local, relay->peer);
	flow_open(receive, "receive", relay->peer, relay->local);
	send->mute = relay->local->caps & STREAM_NO_INPUT;
	send->wary = receive->wary = rules->forward;
	/* Who has just accepted says nothing yet, or poll(2) tells. */
	send->unfinished = !rules->forward ||
	    relay->local->caps & STREAM_BUFFERS;
	send->keep_sink = rules->no_half_close;
	send->hold_end = rules->hold_end;
	send->line_us = rules->line_us;
	send->copy_only |= rules->line_us > 0;
	receive->keep_sink = rules->keep_output &&
	    !(relay->local->caps & STREAM_SHARED);
	receive->reads = rules->reads;
	receive->copy_only |= rules->reads > 0;
	throttle_begin(&send->throttle, rules->send_rate);
	throttle_begin(&receive->throttle, rules->receive_rate);
}

bool
relay_open(struct relay *relay, struct stream *local, struct stream *peer,
    const struct relay_rules *rules, const struct relay_watch *watch)
{
	*relay = (struct relay){
		.rules = rules,
		.watch = watch,
		.local = local,
		.peer = peer,
		.begin_deadline_us = CLOCK_NEVER,
		.linger_deadline_us = CLOCK_NEVER,
		.quiet_deadline_us = CLOCK_NEVER,
		.end_deadline_us = CLOCK_NEVER,
		.idle_deadline_us = CLOCK_NEVER,
		.idle_look_us = CLOCK_NEVER,
		.look_us = CLOCK_NEVER,
		.moved_us = clock_now_us(),
		.tick_deadline_us = clock_deadline(watch->every_us),
	};
	begin_flows(relay);
	if (!add_taps(relay))
		return false;
	if (relay->send.mute && rules->end_at_once)
		flow_end(&relay->send, "no input");
	return true;
}

void
relay_close(struct relay *relay)
{
	flow_close(&relay->send);
	flow_close(&relay->receive);
}

void
relay_give_up(struct relay *relay, int code, const char *reason)
{
	count_take(relay);
	snprintf(relay->outcome.reason, OUTCOME_REASON, "%s", reason);
	relay->outcome.code = code;
	relay->state = RELAY_DONE;
}

/* Steps a flow in the next round, unless poll(2) would wake it. */
static void
wake(struct flow *flow)
{
	flow->unfinished |= flow->source->rfd == -1 ||
	    flow->state != FLOW_OPEN || flow_rests(flow) > 0;
}

void
relay_wake(struct relay *relay)
{
	wake(&relay->send);
	wake(&relay->receive);
}

void
relay_watch(struct relay *relay, struct loop *loop)
{
	if (relay->state == RELAY_DONE)
		return;
	loop_until(loop, relay->tick_deadline_us);
	loop_until(loop, relay->look_us);
	loop_until(loop, relay->rules->deadline_us);
	if (relay->state == RELAY_CONFIRM)
		return;
	relay->send.may_nap = !relay->receive.bulk;
	flow_watch(&relay->receive, loop);
	flow_watch(&relay->send, loop);
	loop_until(loop, relay->end_deadline_us);
	loop_until(loop, relay->idle_look_us);
	loop_until(loop, relay->begin_deadline_us);
	loop_until(loop, relay->linger_deadline_us);
	loop_until(loop, relay->quiet_deadline_us);
	loop_until(loop, relay->idle_deadline_us);
}

/*
 * After FIN a peer may have gone, which only a write to it tells. So its end is
 * not passed on before what we have for it was written.
 */
static void
step_receive(struct relay *relay, const struct loop *loop)
{
	struct flow *receive = &relay->receive;
	bool held = receive->hold_end;

	receive->hold_end |= receive->state == FLOW_OPEN;
	flow_step(receive);
	if (receive->state == FLOW_DRAIN && !held &&
	    flow_has_news(&relay->send, loop))
		flow_step(&relay->send);
	receive->hold_end = held || relay->send.culprit != NULL;
	if (receive->state == FLOW_DRAIN && !receive->hold_end)
		flow_step(receive);
}

/* Steps the flows that woke. */
static void
move(struct relay *relay, const struct loop *loop)
{
	struct flow *send = &relay->send, *receive = &relay->receive;

	if (flow_woken(receive, loop)) {
		step_receive(relay, loop);
		send->hold_end |= receive->culprit != NULL;
	}
	if (flow_woken(send, loop)) {
		flow_step(send);
		receive->hold_end |= send->culprit != NULL;
	}
	/* The telnet tap's answers. */
	if (relay->telnet.waiting > 0 && flow_insert(&relay->send,
	    relay->telnet.answers, relay->telnet.waiting))
		relay->telnet.waiting = 0;
}

/* The only place where the state changes. */
static void
set_state(struct relay *relay, int code)
{
	bool all_arrived = relay->state == RELAY_CONFIRM && code == EXIT_DONE;

	relay->state = code == CHECK_CONFIRM ? RELAY_CONFIRM : RELAY_DONE;
	if (code == CHECK_CONFIRM)
		return;
	relay->outcome.sent = relay->send.moved;
	relay->outcome.received = relay->receive.moved;
	if (!all_arrived)
		count_take(relay);
	relay->outcome.code = code;
}

void
relay_step(struct relay *relay, const struct loop *loop)
{
	int code = CHECK_GO_ON;

	if (relay->state == RELAY_RUN)
		move(relay, loop);
	if (loop->progress_asked ||
	    loop_passed(loop, relay->tick_deadline_us))
		count_tick(relay, loop->progress_asked);
	if (relay->state == RELAY_RUN)
		code = check_end(relay, loop);
	if (code != CHECK_GO_ON)
		set_state(relay, code);
	if (relay->state == RELAY_CONFIRM)
		set_state(relay, check_confirmed(relay));
}
