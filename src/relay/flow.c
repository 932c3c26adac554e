#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "relay/flow.h"

/* Full buffers that a step moves before the other direction's turn. */
#define SHARE	16

/*
 * Bytes read at once from which splice(2) is used, and below which it no longer
 * is: few bytes are faster copied. No more is read at first, as a copy of 64
 * KiB costs more than the rest of a short connection does.
 */
#define BULK_BEGIN	(16 << 10)
#define BULK_END	(4 << 10)

/*
 * A wake-up costs more than moving 100 KiB. So a TCP source that gives this
 * much at a time gets SO_RCVLOWAT, and wakes us for as much, or after a while.
 */
#define PATIENT_BEGIN	(128 << 10)
#define PATIENT_BYTES	(256 << 10)
#define PATIENT_PIPE	(512 << 10)	/* if it goes on into a pipe */
#define PATIENCE	(CLOCK_SECOND / 1000)

/*
 * tar(1) exits at the end of the archive, just before EOF. So a reader that has
 * read every byte may go, if EOF follows within this time.
 */
#define FAREWELL	(CLOCK_SECOND / 2)

/*
 * A pipe wakes its reader for the first page, while its writer has more: a
 * short sleep saves many wake-ups. In microseconds.
 */
#define NAP		50

/* The same for the pipe to a digest, which takes half of it meanwhile. */
#define COPY_NAP	200

/* Pauses where poll(2) reports what cannot be used: a terminal, ENOBUFS. */
#define NOT_OURS	(CLOCK_SECOND / 5)
#define QUEUE_FULL	(CLOCK_SECOND / 1000)

#define GONE		(POLLERR | POLLHUP | POLLNVAL)
#define DATAGRAM	65507		/* bytes, the largest */

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
	diag_say(3, "%s: broken (%s: %s)", flow->name,
	    source ? culprit->input : culprit->output, culprit->error);
}

void
flow_open(struct flow *flow, const char *name, struct stream *source,
    struct stream *sink)
{
	*flow = (struct flow){
		.name = name,
		.source = source,
		.sink = sink,
		.splice = { .pipe = { -1, -1 } },
		.place = { -1, -1, -1 },
		.tap_full = -1,
		.copy_only = !splice_serves(source, sink),
		.unfinished = true,
	};
}

/* Returns an empty buffer and an empty pipe to the pool. */
static void
give_back(struct flow *flow)
{
	if (flow->head == flow->tail) {
		pool_give_buffer(flow->data);
		flow->data = NULL;
	}
	if (flow->splice.held == 0 && flow->splice.pipe[0] != -1)
		splice_give_pipe(&flow->splice);
}

void
flow_close(struct flow *flow)
{
	flow->head = flow->tail;
	give_back(flow);
	splice_give_pipe(&flow->splice);
}

bool
flow_add_tap(struct flow *flow, struct tap *tap)
{
	if (tap->pipe != 0)
		flow->splice.copy_to = tap->pipe;
	else
		flow->copy_only = true;
	return taps_add(&flow->taps, tap);
}

static bool
take_buffer(struct flow *flow)
{
	if (flow->data == NULL)
		flow->data = pool_take_buffer();
	if (flow->data != NULL)
		return true;
	stream_fail(flow->source, ENOMEM);
	broke(flow, flow->source, true);
	return false;
}

size_t
flow_rests(const struct flow *flow)
{
	return flow->tail - flow->head + flow->splice.held;
}

/* The sink has failed; one that may leave is only not written to any more. */
static void
sink_left(struct flow *flow)
{
	flow->deaf = flow->sink->broken_pipe &&
	    flow->sink->caps & STREAM_MAY_LEAVE;
	if (!flow->deaf)
		broke(flow, flow->sink, false);
	else {
		stream_forgive(flow->sink);
		splice_give_pipe(&flow->splice);
		flow->copy_only = true;
		flow->bulk = false;
	}
}

/* Notes the answer of a call to the sink; true if it has taken bytes. */
static bool
sink_answered(struct flow *flow, enum io answer, size_t done)
{
	flow->sink_wants = answer;
	flow->moved += done;
	if (answer == IO_FAIL)
		sink_left(flow);
	return answer == IO_OK || flow->deaf;
}

/* True when the pipe is empty, or what is in it must be copied. */
static bool
drain_splice(struct flow *flow)
{
	size_t done;
	enum io answer;

	while (flow->splice.held > 0 && !flow->copy_only) {
		if (flow->hold_us != 0)
			return false;
		answer = splice_drain(&flow->splice, flow->sink, &done);
		if (answer == IO_WANT_COPY)
			flow->hold_us = clock_deadline(COPY_NAP);
		else if (answer == IO_CANNOT)
			flow->copy_only = true;
		else if (!sink_answered(flow, answer, done))
			return false;
	}
	return true;
}

/* How many bytes to write now: with -i one line. */
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
		if (flow->hold_us != 0)
			return false;
		answer = flow->sink->ops->write(flow->sink,
		    flow->data + flow->head, offer(flow), &done);
		if (!sink_answered(flow, answer, done)) {
			/* The interface's queue is full (ENOBUFS). */
			if (answer == IO_WANT_WRITE && (flow->ready == answer ||
			    (flow->sink->wfd == -1 &&
			    flow->sink->caps & STREAM_DATAGRAMS)))
				flow->hold_us = clock_deadline(QUEUE_FULL);
			return false;
		}
		flow->head += flow->deaf ? flow->tail - flow->head : done;
		if (flow->line_us != 0 && flow->data[flow->head - 1] == '\n')
			flow->hold_us = clock_deadline(flow->line_us);
	}
	flow->head = flow->tail = 0;
	return true;
}

/* All that the taps make of one byte must fit into the buffer. */
static size_t
room(const struct flow *flow)
{
	unsigned caps = flow->sink->caps & ~flow->source->caps;
	size_t size = !flow->copy_only && !flow->bulk ? BULK_BEGIN :
	    caps & STREAM_DATAGRAMS ? DATAGRAM : POOL_BUFFER;

	return flow->taps.at[0] == NULL ? size :
	    size / taps_growth(&flow->taps);
}

static size_t
apply_taps(struct flow *flow, size_t size)
{
	const struct tap *objects;

	if (flow->taps.at[0] == NULL)
		return size;
	size = taps_apply(&flow->taps, &flow->data, size, &objects);
	if (objects != NULL)
		broke(flow, objects->blame, true);
	return size;
}

/* Not inlined: mostly nothing rests. */
__attribute__((noinline)) static bool
drain_all(struct flow *flow)
{
	bool seen;

	for (;;) {
		if (flow->deaf)
			flow->head = flow->tail = 0;
		if (!drain_buffer(flow) || !drain_splice(flow))
			return false;
		if (flow->splice.held == 0)
			return true;
		if (!take_buffer(flow))
			return false;
		seen = flow->splice.copied > 0;
		flow->tail = splice_take_back(&flow->splice, flow->data,
		    POOL_BUFFER / taps_growth(&flow->taps));
		if (flow->tail == 0) {
			stream_fail(flow->source, errno);
			broke(flow, flow->source, true);
			return false;
		}
		if (!seen)
			flow->tail = apply_taps(flow, flow->tail);
	}
}

/* Writes what waits for the sink; true when nothing does any more. */
static inline bool
drain(struct flow *flow)
{
	if (flow->hold_us != 0 && clock_passed(flow->hold_us))
		flow->hold_us = 0;
	return flow_rests(flow) == 0 || drain_all(flow);
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

/* Notes the answer of a call to the source; true if it gave something. */
static bool
source_answered(struct flow *flow, enum io answer, size_t done)
{
	flow->source_wants = answer;
	if (answer == IO_FAIL)
		broke(flow, flow->source, true);
	else if (answer == IO_EOF)
		set_state(flow, FLOW_DRAIN, "source ended");
	if (answer != IO_OK)
		return false;
	flow->taken += done;
	if (done >= PATIENT_BEGIN)
		set_patient(flow, true);
	if (flow->throttle.rate > 0)
		throttle_took(&flow->throttle, done);
	if (flow->reads > 0 && --flow->reads == 0) {
		flow->read_out = true;
		set_state(flow, FLOW_DRAIN, "limit reached");
	}
	return true;
}

/*
 * A connection's first bytes are often all of it: then its end is there, too.
 * Where it is forwarded they are mostly a request, and its sender waits.
 */
static bool
is_greeting(const struct flow *flow, size_t done)
{
	return flow->taken == done && !flow->wary &&
	    flow->source->caps & STREAM_ACKNOWLEDGES;
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

	if (!take_buffer(flow))
		return false;
	if (limit < size)
		size = limit;
	answer = flow->source->ops->read(flow->source, flow->data, size, &done);
	if (!source_answered(flow, answer, done)) {
		/* In the background: POLLIN, but no read is made. */
		if (answer == IO_WANT_READ && flow->ready == answer &&
		    flow->source->caps & STREAM_TERMINAL)
			flow->pause_us = clock_deadline(NOT_OURS);
		return false;
	}
	/* An empty datagram is passed on at once, or lost. */
	if (done == 0)
		flow->sink->ops->write(flow->sink, flow->data, 0, &done);
	flow->tail = apply_taps(flow, done);
	if (done >= BULK_BEGIN && !flow->copy_only && !flow->bulk) {
		splice_grow(flow->source, flow->sink);
		flow->bulk = true;
	}
	return done == size || flow->bulk || is_greeting(flow, done) ||
	    flow->source->caps & (STREAM_DATAGRAMS | STREAM_BUFFERS);
}

/*
 * A pipe's reader has gone. FIONREAD still tells what it has not read: if that
 * is nothing, it may have known where the data ends (FAREWELL).
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

/* Splices from source to sink, one of which is a pipe. */
static enum io
pass(struct flow *flow, size_t limit, size_t *done)
{
	enum io answer = splice_pass(flow->source, flow->sink, limit, done);

	flow->moved += *done;
	flow->sink_full = answer == IO_WANT_WRITE;
	if (answer == IO_FAIL && flow->sink->error[0] != '\0') {
		if (is_forgiven(flow)) {
			stream_forgive(flow->sink);
			return IO_CANNOT;
		}
		sink_left(flow);
	}
	return flow->deaf ? IO_OK : answer;
}

/* Splices directly, or into a pipe of ours. */
static enum io
by_splice(struct flow *flow, size_t limit, size_t *done)
{
	if (splice_is_direct(&flow->splice, flow->source, flow->sink))
		return pass(flow, limit, done);
	if (!splice_take_pipe(&flow->splice))
		return IO_EOF;
	return splice_fill(&flow->splice, flow->source, limit, done);
}

/*
 * Whether splice(2) says EAGAIN though poll(2) has just said ready: so it does
 * at urgent data, which only a read gets past.
 */
static bool
is_stuck(const struct flow *flow, enum io answer)
{
	return answer == flow->ready && answer != IO_OK;
}

/* True when it is worth another round, as in fill_buffer. */
static bool
fill_splice(struct flow *flow, size_t limit)
{
	size_t done = 0;
	enum io answer = by_splice(flow, limit, &done);

	flow->copy_only |= answer == IO_CANNOT;
	flow->bulk = !flow->copy_only && (answer != IO_OK || done >= BULK_END);
	if (answer == IO_CANNOT || answer == IO_EOF || is_stuck(flow, answer)) {
		flow->sink_full = false;
		return fill_buffer(flow, limit);
	}
	if (flow->sink_full)
		return false;
	return source_answered(flow, answer, done) &&
	    (done == SPLICE_SIZE || done == limit);
}

/* Bytes that the rate allows now; 0: none, and pause_us is set. */
static size_t
allowed(struct flow *flow)
{
	size_t limit = throttle_allows(&flow->throttle);

	if (limit == 0)
		flow->pause_us = throttle_deadline(&flow->throttle);
	/* A datagram is never cut; the next waits longer instead. */
	else if ((flow->source->caps | flow->sink->caps) & STREAM_DATAGRAMS)
		limit = SIZE_MAX;
	return limit;
}

/* Reads or splices once; true when it is worth another round. */
static bool
fill(struct flow *flow)
{
	size_t limit = SIZE_MAX;

	if (flow->pause_us != 0 && !clock_passed(flow->pause_us))
		return false;
	flow->pause_us = 0;
	if (flow->throttle.rate > 0)
		limit = allowed(flow);
	if (limit == 0)
		return false;
	/* A command's pipe has ended, and rfd is now a pidfd (child.h). */
	if (!(flow->source->caps & STREAM_RAW_INPUT))
		flow->copy_only = true;
	flow->bulk &= !flow->copy_only;
	return flow->bulk ? fill_splice(flow, limit) :
	    fill_buffer(flow, limit);
}

/* Lets taps write; true when none of them has anything left to write. */
static bool
flush_taps(struct flow *flow)
{
	const struct tap *objects;

	if (flow->taps.at[0] == NULL)
		return true;
	flow->tap_full = taps_flush(&flow->taps, &objects);
	if (objects != NULL)
		broke(flow, objects->blame, true);
	return flow->tap_full == -1 && objects == NULL;
}

static void
tell_sink(struct flow *flow)
{
	const struct tap *objects = taps_end(&flow->taps);
	enum io answer = IO_OK;

	if (objects != NULL) {
		broke(flow, objects->blame, true);
		return;
	}
	if (!flow->keep_sink && !flow->deaf)
		answer = flow->sink->ops->shutdown(flow->sink);
	flow->sink_wants = answer;
	if (answer == IO_FAIL)
		broke(flow, flow->sink, false);
	if (answer == IO_OK)
		set_state(flow, FLOW_CLOSED, flow->keep_sink ?
		    "nothing rests" : "sink told");
}

/* True when the step has moved its SHARE, and there may be more. */
static bool
go_on(struct flow *flow)
{
	bool more = flow->culprit == NULL && flow->state != FLOW_CLOSED &&
	    drain(flow);
	int round;

	for (round = 0; round < SHARE && more; round++) {
		more = flow->state == FLOW_OPEN && !flow->mute &&
		    flush_taps(flow) && fill(flow);
		flow->ready = IO_OK;
		if (flow->culprit != NULL || !drain(flow) || !flush_taps(flow))
			return false;
		if (flow->state == FLOW_DRAIN) {
			if (!flow->hold_end)
				tell_sink(flow);
			return false;
		}
	}
	return more;
}

void
flow_step(struct flow *flow)
{
	flow->sink_full = flow->unfinished = false;
	flow->unfinished = go_on(flow);
	give_back(flow);
}

bool
flow_insert(struct flow *flow, const void *data, size_t size)
{
	if (flow->state != FLOW_OPEN || flow_rests(flow) > 0 ||
	    flow->culprit != NULL || !take_buffer(flow))
		return false;
	memcpy(flow->data, data, size);
	flow->tail = size;
	return true;
}

void
flow_give(struct flow *flow, const void *data, size_t size)
{
	if (size == 0 || !take_buffer(flow))
		return;
	memcpy(flow->data, data, size);
	source_answered(flow, IO_OK, size);
	flow->tail = apply_taps(flow, size);
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

/* Whether to sleep for NAP instead of waiting for POLLIN. */
static bool
naps(const struct flow *flow)
{
	return flow->bulk && flow->may_nap && !flow->unfinished &&
	    flow->source->caps & STREAM_PIPE_INPUT &&
	    flow->source_wants == IO_OK;
}

static void
watch_source(struct flow *flow, struct loop *loop, bool rests)
{
	const struct stream *source = flow->source;

	if (flow->state != FLOW_OPEN)
		return;
	if (rests || flow->tap_full != -1 || flow->mute || flow->sink_full ||
	    flow->pause_us != 0) {
		if (flow->wary && !flow->source_hung)
			flow->place[0] = loop_watch(loop, source->rfd, 0);
		return;
	}
	if (naps(flow)) {
		flow->pause_us = clock_deadline(NAP);
		return;
	}
	flow->asked[0] = events(flow->source_wants, POLLIN);
	flow->place[0] = loop_watch(loop, flow->source_wants == IO_WANT_WRITE ?
	    source->wfd : source->rfd, flow->asked[0]);
}

static void
watch_sink(struct flow *flow, struct loop *loop, bool rests)
{
	short asked = 0;

	if (flow->sink_full)
		asked = POLLOUT;
	else if (flow->hold_us == 0 && (rests || (flow->state == FLOW_DRAIN &&
	    !flow->hold_end && flow->tap_full == -1)))
		asked = events(flow->sink_wants, POLLOUT);
	flow->asked[1] = asked;
	if (!flow->deaf && (!flow->sink_gone || (rests && flow->hold_us == 0)))
		flow->place[1] = loop_watch(loop, flow->sink->wfd, asked);
}

/* When the flow is to be stepped though no descriptor is ready. */
static int64_t
next_moment(const struct flow *flow)
{
	if (flow->hold_us != 0)
		return flow->hold_us;
	if (flow->farewell_us != 0)
		return flow->farewell_us;
	if (flow->pause_us != 0)
		return flow->pause_us;
	if (flow->unfinished)
		return 0;
	return flow->patient && flow->asked[0] != 0 ?
	    clock_deadline(PATIENCE) : CLOCK_NEVER;
}

void
flow_watch(struct flow *flow, struct loop *loop)
{
	bool rests = flow_rests(flow) > 0;

	flow->place[0] = flow->place[1] = flow->place[2] = -1;
	flow->asked[0] = flow->asked[1] = 0;
	flow->asked[2] = POLLOUT;
	flow->wake_us = CLOCK_NEVER;
	if (flow->culprit != NULL || flow->state == FLOW_CLOSED)
		return;
	watch_source(flow, loop, rests);
	watch_sink(flow, loop, rests);
	flow->place[2] = loop_watch(loop, flow->tap_full, POLLOUT);
	flow->wake_us = next_moment(flow);
	loop_until(loop, flow->wake_us);
}

/*
 * The sink has POLLHUP or POLLERR. A socket without an error is read to its end
 * by the other flow, which decides; for a pipe it means EPIPE.
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

/* The source has POLLHUP; without an error it is read to its end, later. */
static void
source_hung_up(struct flow *flow)
{
	int error = socket_error(flow->source->rfd);

	flow->source_hung = true;
	if (error == 0)
		return;
	stream_fail(flow->source, error);
	broke(flow, flow->source, true);
}

/* The events of one end in this round; its place is then used up. */
static short
found(struct flow *flow, int end, const struct loop *loop)
{
	int place = flow->place[end];

	if (place == -1)
		return 0;
	flow->place[end] = -1;
	return loop_revents(loop, place) & (short)(flow->asked[end] | GONE);
}

/* No descriptor is ready: whether the flow's moment has come. */
static bool
is_due(struct flow *flow, const struct loop *loop)
{
	bool due = loop_passed(loop, flow->wake_us);

	flow->wake_us = CLOCK_NEVER;
	if (!due || flow->unfinished)
		return flow->unfinished;
	if (flow->farewell_us != 0 && loop_passed(loop, flow->farewell_us)) {
		stream_fail(flow->sink, EPIPE);
		sink_left(flow);
		flow->farewell_us = 0;
	}
	set_patient(flow, false);
	return true;
}

bool
flow_has_news(const struct flow *flow, const struct loop *loop)
{
	return flow->unfinished || flow_rests(flow) > 0 ||
	    flow->source->rfd == -1 || loop_revents(loop, flow->place[0]) != 0;
}

bool
flow_woken(struct flow *flow, const struct loop *loop)
{
	short source = found(flow, 0, loop), sink = found(flow, 1, loop);
	short tap = found(flow, 2, loop);

	flow->ready = IO_OK;
	if ((source | sink | tap) == 0)
		return is_due(flow, loop);
	if (source & flow->asked[0])
		flow->ready = IO_WANT_READ;
	else if (sink & POLLOUT && (flow->sink_full ||
	    flow->sink->caps & STREAM_DATAGRAMS))
		flow->ready = IO_WANT_WRITE;
	if (source & GONE && flow->asked[0] == 0)
		source_hung_up(flow);
	if (sink & GONE && !(sink & flow->asked[1]))
		hung_up(flow);
	return true;
}
