#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "relay/flow.h"

#define BUFFER	(256 << 10)

/* Full buffers a step moves before the other direction has its turn. */
#define SHARE	16

/*
 * A read of this much starts moving by the conduit, less than that much ends
 * it: a few bytes are quicker read and written than spliced.
 */
#define FIRST_LOOK	(64 << 10)
#define BULK_BEGIN	(16 << 10)
#define BULK_END	(4 << 10)

/*
 * Each wake-up costs more than moving 100 KiB does. So a TCP source that gives
 * this much at a time is asked to wake us for as much only, or after a while.
 */
#define PATIENT_BEGIN	(128 << 10)
#define PATIENT_BYTES	(256 << 10)
#define PATIENT_PIPE	(512 << 10)	/* if it goes on into a pipe */
#define PATIENCE	(CLOCK_SECOND / 1000)

/*
 * tar(1) leaves when it has seen the archive's end, just before ours comes. So
 * a reader that has taken every byte is forgiven if no more come, and soon.
 */
#define FAREWELL	(CLOCK_SECOND / 2)

static const char *state_name[] = { "open", "drain", "closed" };

/* The only place where the state changes. */
static void
set_state(struct flow *flow, enum flow_state state, const char *why)
{
	diag_say(3, "%s: %s -> %s (%s)", flow->name, state_name[flow->state],
	    state_name[state], why);
	flow->state = state;
	flow->pause_us = flow->farewell_us = 0;
}

static void
broke(struct flow *flow, struct stream *culprit, bool source)
{
	if (flow->culprit != NULL)
		return;
	flow->culprit = culprit;
	flow->source_failed = source;
	flow->hold_us = flow->pause_us = 0;
	diag_say(3, "%s: broke (%s: %s)", flow->name,
	    source ? culprit->input : culprit->output, culprit->error);
}

bool
flow_open(struct flow *flow, const char *name, struct stream *source,
    struct stream *sink)
{
	*flow = (struct flow){
		.name = name,
		.source = source,
		.sink = sink,
		.size = sink->caps & STREAM_DATAGRAMS ? 65507 : BUFFER,
		.data = malloc(BUFFER),
		.conduit = { .in = -1, .out = -1 },
		.copy_only = !conduit_serves(source, sink),
	};
	return flow->data != NULL;
}

void
flow_close(struct flow *flow)
{
	conduit_close(&flow->conduit);
	free(flow->data);
	free(flow->spare);
	flow->data = flow->spare = NULL;
}

bool
flow_add_tap(struct flow *flow, struct tap *tap)
{
	size_t i = 0;

	while (i < FLOW_TAPS && flow->tap[i] != NULL)
		i++;
	if (tap->apply != NULL && flow->spare == NULL)
		flow->spare = malloc(BUFFER);
	if (i == FLOW_TAPS || (tap->apply != NULL && flow->spare == NULL))
		return false;
	flow->tap[i] = tap;
	if (tap->pipe != 0)
		flow->conduit.copy_to = tap->pipe;
	else
		flow->copy_only = true;
	return true;
}

size_t
flow_rests(const struct flow *flow)
{
	return flow->tail - flow->head + flow->conduit.held;
}

/* The sink takes no more: an error, unless it may leave. */
static void
sink_left(struct flow *flow)
{
	flow->deaf = flow->sink->broken_pipe &&
	    flow->sink->caps & STREAM_MAY_LEAVE;
	if (!flow->deaf)
		broke(flow, flow->sink, false);
	else {
		conduit_close(&flow->conduit);
		flow->copy_only = true;
		flow->bulk = false;
	}
}

/* What a call to the sink answered; true when it has taken something. */
static bool
sink_answered(struct flow *flow, enum io answer, size_t done)
{
	flow->sink_wants = answer;
	flow->moved += done;
	if (answer == IO_FAIL)
		sink_left(flow);
	return answer == IO_OK || flow->deaf;
}

/* True when the conduit is empty: in the sink, or taken back to be copied. */
static bool
drain_conduit(struct flow *flow)
{
	size_t done;
	enum io answer;

	while (flow->conduit.held > 0 && !flow->copy_only) {
		answer = conduit_drain(&flow->conduit, flow->sink, &done);
		if (answer == IO_CANNOT)
			flow->copy_only = true;
		else if (!sink_answered(flow, answer, done))
			return false;
	}
	return true;
}

/* With -i, a line at a time: what the sink may be offered now. */
static size_t
offer(const struct flow *flow)
{
	const uint8_t *at = flow->data + flow->head, *end;
	size_t rests = flow->tail - flow->head;

	if (flow->line_us == 0)
		return rests;
	end = memchr(at, '\n', rests);
	return end == NULL ? rests : (size_t)(end - at) + 1;
}

/* True when the buffer is empty. */
static bool
drain_buffer(struct flow *flow)
{
	size_t done;
	enum io answer;

	while (flow->head < flow->tail) {
		if (flow->hold_us != 0 && !clock_passed(flow->hold_us))
			return false;
		flow->hold_us = 0;
		answer = flow->sink->ops->write(flow->sink,
		    flow->data + flow->head, offer(flow), &done);
		if (!sink_answered(flow, answer, done))
			return false;
		flow->head += flow->deaf ? flow->tail - flow->head : done;
		if (flow->line_us != 0 && flow->data[flow->head - 1] == '\n')
			flow->hold_us = clock_deadline(flow->line_us);
	}
	flow->head = flow->tail = 0;
	return true;
}

/*
 * All that the taps make of one byte must fit into the buffer. Where the rest
 * goes by the conduit, a first look need not touch all of the memory.
 */
static size_t
room(const struct flow *flow)
{
	size_t i, size = flow->copy_only ? flow->size : FIRST_LOOK;

	for (i = 0; i < FLOW_TAPS && flow->tap[i] != NULL; i++)
		if (flow->tap[i]->apply != NULL)
			size /= flow->tap[i]->growth;
	return size;
}

static size_t
apply_taps(struct flow *flow, size_t size)
{
	struct tap *tap;
	uint8_t *swap;
	size_t i;

	for (i = 0; i < FLOW_TAPS && (tap = flow->tap[i]) != NULL; i++) {
		if (tap->apply == NULL) {
			if (size > 0 && !tap->look(tap, flow->data, size))
				broke(flow, tap->blame, true);
			continue;
		}
		size = tap->apply(tap, flow->data, size, flow->spare);
		swap = flow->data;
		flow->data = flow->spare;
		flow->spare = swap;
	}
	return size;
}

/* True when nothing rests any more. */
static bool
drain(struct flow *flow)
{
	bool seen;

	for (;;) {
		if (flow->deaf)
			flow->head = flow->tail = 0;
		if (!drain_buffer(flow) || !drain_conduit(flow))
			return false;
		seen = flow->conduit.copied > 0;
		flow->tail = conduit_take_back(&flow->conduit, flow->data,
		    flow->size);
		if (flow->tail == 0)
			return true;
		if (!seen)
			flow->tail = apply_taps(flow, flow->tail);
	}
}

static void
set_patient(struct flow *flow, bool patient)
{
	int bytes = flow->sink->caps & STREAM_PIPE_OUTPUT ? PATIENT_PIPE :
	    PATIENT_BYTES;

	if (flow->patient == patient ||
	    !(flow->source->caps & STREAM_ACKNOWLEDGES))
		return;
	socket_low_water(flow->source->rfd, patient ? bytes : 1);
	flow->patient = patient;
}

/* What a call to the source answered; true when it gave something. */
static bool
source_answered(struct flow *flow, enum io answer, size_t done)
{
	if (done >= PATIENT_BEGIN)
		set_patient(flow, true);
	if (flow->throttle.rate > 0)
		throttle_took(&flow->throttle, done);
	flow->source_wants = answer;
	flow->taken += done;
	if (answer == IO_FAIL)
		broke(flow, flow->source, true);
	if (answer == IO_EOF)
		set_state(flow, FLOW_DRAIN, "source ended");
	return answer == IO_OK;
}

/*
 * True when it is worth another round: the source filled the buffer. Less
 * than that means it was emptied, and poll may as well say when there is
 * more; unless the source holds bytes that poll does not see.
 */
static bool
fill_buffer(struct flow *flow, size_t limit)
{
	size_t done = 0, size = room(flow);
	enum io answer;

	if (limit < size)
		size = limit;
	answer = flow->source->ops->read(flow->source, flow->data, size, &done);
	if (!source_answered(flow, answer, done))
		return false;
	flow->tail = apply_taps(flow, done);
	if (done >= BULK_BEGIN && !flow->copy_only)
		flow->bulk = conduit_open(&flow->conduit, flow->source,
		    flow->sink);
	return done == size || flow->bulk ||
	    flow->source->caps & (STREAM_DATAGRAMS | STREAM_BUFFERS);
}

/*
 * A pipe's reader has gone. What it left behind is still counted at our end:
 * if that is nothing, it may have known where the end is.
 */
static bool
is_forgiven(struct flow *flow)
{
	int unread;

	if (flow_rests(flow) > 0 || !(flow->sink->caps & STREAM_PIPE_OUTPUT) ||
	    ioctl(flow->sink->wfd, FIONREAD, &unread) == -1 || unread > 0)
		return false;
	flow->sink_gone = true;
	flow->farewell_us = clock_deadline(FAREWELL);
	return true;
}

/* One splice(2) from end to end: nothing rests, but either may be waited for. */
static enum io
pass(struct flow *flow, size_t limit, size_t *done)
{
	enum io answer = conduit_pass(flow->source, flow->sink, limit, done);

	flow->moved += *done;
	flow->sink_full = answer == IO_WANT_WRITE;
	if (answer == IO_FAIL && flow->sink->error[0] != '\0') {
		if (is_forgiven(flow))
			return IO_CANNOT;
		sink_left(flow);
	}
	return flow->deaf ? IO_OK : answer;
}

/* As with the buffer, another round is worth it after a full load only. */
static bool
fill_conduit(struct flow *flow, size_t limit)
{
	size_t done = 0;
	enum io answer;

	if (conduit_is_direct(&flow->conduit, flow->source, flow->sink))
		answer = pass(flow, limit, &done);
	else
		answer = conduit_fill(&flow->conduit, flow->source, limit,
		    &done);
	flow->copy_only |= answer == IO_CANNOT;
	flow->bulk = !flow->copy_only && (answer != IO_OK || done >= BULK_END);
	if (answer == IO_CANNOT || answer == IO_EOF)
		return fill_buffer(flow, limit);
	if (flow->sink_full)
		return false;
	return source_answered(flow, answer, done) && done == CONDUIT_SIZE;
}

/* Moves what may be moved now; true when it is worth another round. */
static bool
fill(struct flow *flow)
{
	size_t limit = SIZE_MAX;

	if (flow->throttle.rate > 0) {
		limit = throttle_allows(&flow->throttle);
		flow->pause_us = 0;
		if (limit == 0) {
			flow->pause_us = throttle_deadline(&flow->throttle);
			return false;
		}
		/* A datagram is not cut: the next must wait longer. */
		if ((flow->source->caps | flow->sink->caps) & STREAM_DATAGRAMS)
			limit = SIZE_MAX;
	}
	return flow->bulk ? fill_conduit(flow, limit) :
	    fill_buffer(flow, limit);
}

/* Whether the taps agree that all is as it should be. */
static bool
end_taps(struct flow *flow)
{
	struct tap *tap;
	size_t i;

	for (i = 0; i < FLOW_TAPS && (tap = flow->tap[i]) != NULL; i++)
		if (tap->end != NULL && !tap->end(tap))
			broke(flow, tap->blame, true);
	return flow->culprit == NULL;
}

static void
tell_sink(struct flow *flow)
{
	enum io answer = IO_OK;

	if (!end_taps(flow))
		return;
	if (!flow->keep_sink && !flow->deaf)
		answer = flow->sink->ops->shutdown(flow->sink);
	flow->sink_wants = answer;
	if (answer == IO_FAIL)
		broke(flow, flow->sink, false);
	if (answer == IO_OK)
		set_state(flow, FLOW_CLOSED, flow->keep_sink ?
		    "nothing rests" : "sink told");
}

void
flow_step(struct flow *flow)
{
	bool more = true;
	int round;

	flow->sink_full = flow->unfinished = false;
	for (round = 0; round < SHARE && more; round++) {
		if (flow->culprit != NULL || flow->state == FLOW_CLOSED)
			return;
		if (!drain(flow))
			return;
		if (flow->state == FLOW_OPEN && !flow->mute) {
			more = fill(flow);
			if (flow->culprit != NULL || !drain(flow))
				return;
		} else
			more = false;
		if (flow->state == FLOW_DRAIN)
			tell_sink(flow);
	}
	flow->unfinished = more;
}

void
flow_end(struct flow *flow, const char *why)
{
	if (flow->state == FLOW_OPEN)
		set_state(flow, FLOW_DRAIN, why);
}

static short
events(enum io wants, short otherwise)
{
	switch (wants) {
	case IO_WANT_READ:
		return POLLIN;
	case IO_WANT_WRITE:
		return POLLOUT;
	default:
		return otherwise;
	}
}

void
flow_interest(struct flow *flow)
{
	struct pollfd *source = &flow->wait[0], *sink = &flow->wait[1];

	*source = *sink = (struct pollfd){ .fd = -1 };
	flow->patience_us = CLOCK_NEVER;
	if (flow->culprit != NULL || flow->state == FLOW_CLOSED)
		return;
	if (flow_rests(flow) == 0 && flow->state == FLOW_OPEN && !flow->mute &&
	    !flow->sink_full && flow->pause_us == 0) {
		if (flow->patient)
			flow->patience_us = clock_deadline(PATIENCE);
		source->fd = flow->source_wants == IO_WANT_WRITE ?
		    flow->source->wfd : flow->source->rfd;
		source->events = events(flow->source_wants, POLLIN);
	}
	if (!flow->deaf && (!flow->sink_gone ||
	    (flow_rests(flow) > 0 && flow->hold_us == 0)))
		sink->fd = flow->sink->wfd;
	if (flow->sink_full)
		sink->events = POLLOUT;
	else if (flow->hold_us == 0 &&
	    (flow_rests(flow) > 0 || flow->state == FLOW_DRAIN))
		sink->events = events(flow->sink_wants, POLLOUT);
}

bool
flow_may_nap(const struct flow *flow)
{
	return flow->bulk && flow->source->caps & STREAM_PIPE_INPUT &&
	    flow->wait[0].fd != -1 && !flow->unfinished;
}

/*
 * A socket that only hung up is read to its end by the other flow, which then
 * decides; a pipe only knows that nobody reads.
 */
static void
hung_up(struct flow *flow)
{
	int error = socket_error(flow->sink->wfd);

	if (error == 0 && flow->sink->caps & STREAM_DUPLEX) {
		flow->sink_gone = true;
		return;
	}
	if (is_forgiven(flow))
		return;
	stream_fail(flow->sink,
	    error == 0 || error == ENOTSOCK ? EPIPE : error);
	sink_left(flow);
}

int64_t
flow_deadline(const struct flow *flow)
{
	if (flow->hold_us != 0)
		return flow->hold_us;
	if (flow->farewell_us != 0)
		return flow->farewell_us;
	if (flow->pause_us != 0)
		return flow->pause_us;
	return flow->unfinished ? 0 : flow->patience_us;
}

bool
flow_woken(struct flow *flow)
{
	short gone = POLLERR | POLLHUP | POLLNVAL;
	short seen = flow->wait[1].revents;

	if (seen & gone && !(seen & flow->wait[1].events))
		hung_up(flow);
	if (flow->wait[0].revents != 0 || seen != 0 || flow->unfinished)
		return true;
	if (!clock_passed(flow_deadline(flow)))
		return false;
	if (flow->farewell_us != 0 && flow->culprit == NULL) {
		stream_fail(flow->sink, EPIPE);
		sink_left(flow);
		flow->farewell_us = 0;
	}
	set_patient(flow, false);
	return true;
}
