#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/loop.h"
#include "stream/hub.h"
#include "sys/sys.h"

#define PIECE	((size_t)64 << 10)	/* of stdin or the log at once */
#define SMALL	((size_t)4 << 10) /* a chunk has this much room at least */

/* How long others wait for the rest of a line that has begun on stdout. */
#define OPEN	(CLOCK_SECOND / 5)

/* How long all wait for a member that is about to be cut off to catch up. */
#define LATE	(CLOCK_SECOND / 4)

/* How far a member that sends may be ahead of the fastest reader. */
#define AHEAD	((size_t)256 << 10)

/* A stretch of the log: freed once no member is at it or before it. */
struct chunk {
	struct chunk *next;
	const struct hub_member *from;	/* who does not hear it; or NULL */
	size_t	 readers;	/* members that are at it */
	size_t	 size, room;
	uint8_t	 data[];
};

static struct chunk *
chunk_new(const struct hub_member *from, size_t room)
{
	struct chunk *chunk = malloc(sizeof(*chunk) + room);

	if (chunk != NULL)
		*chunk = (struct chunk){ .from = from, .room = room };
	return chunk;
}

static void
drop_old(struct hub *hub)
{
	struct chunk *chunk;

	while ((chunk = hub->oldest) != hub->newest && chunk->readers == 0) {
		hub->oldest = chunk->next;
		hub->dropped += chunk->size;
		free(chunk);
	}
}

static void
wake(struct hub_member *member)
{
	member->wake(member->context);
}

/* How many bytes the fastest member, other than this one, is behind. */
static uint64_t
least_behind(const struct hub *hub, const struct hub_member *but)
{
	const struct hub_member *member;
	uint64_t least = UINT64_MAX;

	for (member = hub->members; member != NULL && least > 0;
	    member = member->next)
		if (member != but && hub->said - member->seen < least)
			least = hub->said - member->seen;
	return least;
}

/*
 * Whether to stop input for members that are about to be cut off: one that only
 * had no CPU time will catch up, a slow one will not. *until_us is set to when
 * that ends.
 */
static bool
waits_for_late(const struct hub *hub, const struct hub_member *but,
    int64_t *until_us)
{
	struct hub_member *member;
	int64_t now_us;
	bool waits = false;

	/* The log is shorter than that. */
	if (hub->said - hub->dropped + PIECE <= HUB_BEHIND)
		return false;
	now_us = clock_now_us();
	/* At the same time for all, or many could stop input for long. */
	for (member = hub->members; member != NULL; member = member->next) {
		if (member == but || hub->count == 1 ||
		    hub->said - member->seen + PIECE <= HUB_BEHIND)
			continue;
		if (member->late_us == 0)
			member->late_us = now_us + LATE;
		if (member->late_us <= now_us)
			continue;
		if (!waits || member->late_us > *until_us)
			*until_us = member->late_us;
		waits = true;
	}
	return waits;
}

/* Adds to the log; false when there is no memory. */
static bool
say(struct hub *hub, const struct hub_member *from, const void *data,
    size_t size)
{
	struct chunk *chunk = hub->newest;
	struct hub_member *member;

	if (chunk->from != from || chunk->room - chunk->size < size) {
		chunk = chunk_new(from, size > SMALL ? size : SMALL);
		if (chunk == NULL)
			return false;
		hub->newest->next = chunk;
		hub->newest = chunk;
	}
	memcpy(chunk->data + chunk->size, data, size);
	chunk->size += size;
	hub->said += size;
	for (member = hub->members; member != NULL; member = member->next) {
		member->behind |= hub->count > 1 &&
		    hub->said - member->seen > HUB_BEHIND;
		wake(member);
	}
	return true;
}

/* Writes to stdout; what it does not take now is kept. */
static enum io
put(struct hub *hub, const uint8_t *data, size_t size)
{
	size_t done = 0;
	enum io answer = IO_OK;

	if (hub->rest_head < hub->rest_tail)
		return IO_WANT_WRITE;
	while (size > 0 && answer == IO_OK) {
		answer = hub->local.ops->write(&hub->local, data, size, &done);
		data += done;
		size -= done;
	}
	if (answer == IO_FAIL) {
		hub->failed = true;
		return IO_FAIL;
	}
	if (size == 0)
		return IO_OK;
	hub->rest = malloc(size);
	if (hub->rest == NULL)
		return IO_FAIL;
	memcpy(hub->rest, data, size);
	hub->rest_head = 0;
	hub->rest_tail = size;
	return IO_OK;
}

/* Writes to stdout and, if relayed, to the other members. */
static enum io
tell(struct hub *hub, struct hub_member *from, const uint8_t *data,
    size_t size)
{
	enum io answer = put(hub, data, size);

	if (answer == IO_OK && (hub->open == NULL || hub->open == from ||
	    hub->open_us != 0)) {
		hub->open = data[size - 1] != '\n' ? from : NULL;
		hub->open_us = 0;
	}
	if (answer == IO_OK && hub->relayed && hub->count > 1 &&
	    !say(hub, from, data, size))
		answer = IO_FAIL;
	return answer;
}

/* Keeps a part of a line until its newline comes. */
static bool
keep(struct hub_member *member, const uint8_t *data, size_t size)
{
	if (member->line == NULL)
		member->line = malloc(HUB_LINE + HUB_NAME);
	if (member->line == NULL)
		return false;
	if (member->held == 0) {
		member->held = strlen(member->name);
		memcpy(member->line, member->name, member->held);
	}
	memcpy(member->line + member->held, data, size);
	member->held += size;
	return true;
}

/* Writes the part that is kept; it stays if that cannot be done yet. */
static enum io
release(struct hub_member *member)
{
	enum io answer = IO_OK;

	if (member->held > 0)
		answer = tell(member->hub, member, member->line, member->held);
	if (answer != IO_OK)
		return answer;
	member->held = 0;
	free(member->line);
	member->line = NULL;
	return IO_OK;
}

/*
 * Keeps data up to a newline, at most HUB_LINE bytes in all: *taken of the size
 * bytes. Writes the line once it is complete, or has that size.
 */
static enum io
take_line(struct hub_member *member, const uint8_t *data, size_t size,
    size_t *taken)
{
	size_t room = HUB_LINE - (member->held < HUB_LINE ? member->held :
	    HUB_LINE);
	const uint8_t *end = memchr(data, '\n', size);
	size_t length = end != NULL ? (size_t)(end - data) + 1 : size;

	*taken = 0;
	if (room == 0)
		return release(member);
	if (length > room)
		length = room;
	if (!keep(member, data, length))
		return IO_FAIL;
	*taken = length;
	return member->held < HUB_LINE && data[length - 1] != '\n' ? IO_OK :
	    release(member);
}

/* The size of complete lines that can be written without being kept. */
static size_t
whole_lines(const struct hub_member *member, const uint8_t *data, size_t size)
{
	const uint8_t *end;

	if (member->held > 0 || member->name[0] != '\0')
		return 0;
	if (member->hub->count == 1)
		return size;
	end = sys_memrchr(data, '\n', size);
	return end != NULL ? (size_t)(end - data) + 1 : 0;
}

/*
 * Whether stdout and the other members can take more now. Another member that
 * was alone may have begun a line: it has OPEN microseconds to complete it.
 */
static bool
has_room(struct hub_member *member)
{
	struct hub *hub = member->hub;

	if (hub->open != NULL && hub->open != member && hub->open_us == 0)
		hub->open_us = clock_deadline(OPEN);
	if (hub->open != NULL && hub->open != member &&
	    !clock_passed(hub->open_us))
		return false;
	return hub->rest_head == hub->rest_tail && (!hub->relayed ||
	    hub->count == 1 || (least_behind(hub, member) < AHEAD &&
	    !waits_for_late(hub, member, &hub->late_us)));
}

/*
 * After a call to a member's own files: what they wait for, can do, and why
 * they failed is the member's.
 */
static enum io
adopt(struct hub_member *member, struct stream *stream, enum io answer)
{
	const struct stream *files = member->files;
	const unsigned in = STREAM_RAW_INPUT | STREAM_PIPE_INPUT;
	const unsigned out = STREAM_RAW_OUTPUT | STREAM_PIPE_OUTPUT;
	unsigned theirs = (member->hub->in_files ? in : 0) |
	    (member->hub->out_files ? out : 0);

	stream->caps = (stream->caps & ~theirs) | (files->caps & theirs);
	stream->rfd = member->hub->in_files ? files->rfd : -1;
	stream->wfd = member->hub->out_files ? files->wfd : -1;
	stream->unwanted = files->unwanted;
	stream->broken_pipe = files->broken_pipe;
	stream->why = files->why;
	if (answer == IO_FAIL)
		memcpy(stream->error, files->error, STREAM_ERROR);
	return answer;
}

/* Fails for the reason of the shared stdout, or else for lack of memory. */
static enum io
fail(const struct hub *hub, struct stream *stream)
{
	if (!hub->failed)
		return stream_fail(stream, ENOMEM);
	stream->broken_pipe = hub->local.broken_pipe;
	memcpy(stream->error, hub->local.error, STREAM_ERROR);
	return IO_FAIL;
}

static void
set_waits(struct hub_member *member, bool waits)
{
	member->hub->waiting += (size_t)waits - (size_t)member->waits;
	member->waits = waits;
}

static enum io
member_write(struct stream *stream, const void *data, size_t size,
    size_t *done)
{
	struct hub_member *member = stream->priv;
	enum io answer = member->hub->failed ? IO_FAIL : IO_OK;
	size_t taken;

	*done = 0;
	if (member->hub->out_files)
		return adopt(member, stream, member->files->ops->write(
		    member->files, data, size, done));
	while (*done < size && answer == IO_OK && has_room(member)) {
		const uint8_t *at = (const uint8_t *)data + *done;
		size_t rest = size - *done;

		/* No more than is asked for by waits_for_late. */
		if (member->hub->relayed && rest > PIECE)
			rest = PIECE;
		taken = whole_lines(member, at, rest);
		if (taken > 0)
			answer = tell(member->hub, member, at, taken);
		else
			answer = take_line(member, at, rest, &taken);
		if (answer == IO_OK)
			*done += taken;
	}
	if (answer == IO_FAIL) {
		*done = 0;
		return fail(member->hub, stream);
	}
	set_waits(member, *done == 0);
	return *done > 0 ? IO_OK : IO_WANT_WRITE;
}

static void
step_to(struct hub_member *member, struct chunk *chunk)
{
	member->at->readers--;
	member->at = chunk;
	member->offset = 0;
	chunk->readers++;
	drop_old(member->hub);
}

/* Skips what the member sent itself; returns the bytes it can read now. */
static size_t
unheard(struct hub_member *member)
{
	struct chunk *chunk;

	for (;;) {
		chunk = member->at;
		if (chunk->from == member && member->offset < chunk->size) {
			member->seen += chunk->size - member->offset;
			member->offset = chunk->size;
		}
		if (member->offset < chunk->size || chunk->next == NULL)
			return chunk->size - member->offset;
		step_to(member, chunk->next);
	}
}

/* Wakes members that could not write and now can. */
static void
wake_waiting(struct hub *hub)
{
	struct hub_member *member;

	for (member = hub->members; member != NULL && hub->waiting > 0;
	    member = member->next)
		if (member->waits && (hub->failed || has_room(member))) {
			set_waits(member, false);
			wake(member);
		}
}

/* At the end of the log: whether more can come. */
static enum io
at_end(const struct hub_member *member, struct stream *stream)
{
	const struct hub *hub = member->hub;

	if (hub->input_failed) {
		memcpy(stream->error, hub->local.error, STREAM_ERROR);
		return IO_FAIL;
	}
	return hub->input_over && !hub->relayed ? IO_EOF : IO_WANT_READ;
}

static enum io
member_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct hub_member *member = stream->priv;
	size_t length;

	if (member->hub->in_files)
		return adopt(member, stream, member->files->ops->read(
		    member->files, data, size, done));
	/* What a member does not take rests in a buffer of its own. */
	if (size > PIECE)
		size = PIECE;
	length = unheard(member);
	if (member->hub->said - member->seen < HUB_BEHIND / 2)
		member->late_us = 0;
	*done = length < size ? length : size;
	memcpy(data, member->at->data + member->offset, *done);
	member->offset += *done;
	member->seen += *done;
	if (*done == 0)
		return at_end(member, stream);
	wake_waiting(member->hub);
	return IO_OK;
}

/* Writes what was kept, too: the newline will not come any more. */
static enum io
member_shutdown(struct stream *stream)
{
	struct hub_member *member = stream->priv;
	enum io answer;

	if (member->hub->out_files)
		return adopt(member, stream,
		    member->files->ops->shutdown(member->files));
	answer = release(member);
	if (member->hub->rest_head < member->hub->rest_tail)
		answer = member->hub->failed ? IO_FAIL : IO_WANT_WRITE;
	set_waits(member, answer == IO_WANT_WRITE);
	return answer == IO_FAIL ? fail(member->hub, stream) : answer;
}

static void
member_close(struct stream *stream)
{
	struct hub_member *member = stream->priv;
	struct hub *hub = member->hub;

	/* Also what arrived of a member that is cut off is written. */
	release(member);
	if (member->files != NULL)
		member->files->ops->close(member->files);
	stream->rfd = stream->wfd = -1;
	free(member->line);
	if (member->next != NULL)
		member->next->before = member->before;
	if (member->before != NULL)
		member->before->next = member->next;
	else
		hub->members = member->next;
	hub->count--;
	set_waits(member, false);
	if (hub->open == member)
		hub->open = NULL;
	member->at->readers--;
	drop_old(hub);
	wake_waiting(hub);
}

static void
use_files(struct hub_member *member, struct stream *stream,
    struct stream *files)
{
	member->files = files;
	if (member->hub->in_files) {
		stream->caps &= ~(unsigned)STREAM_BUFFERS;
		stream->caps &= ~(unsigned)(STREAM_NO_INPUT | STREAM_TERMINAL);
		stream->caps |= files->caps & STREAM_NO_INPUT;
		stream->input = files->input;
	}
	if (member->hub->out_files)
		stream->output = files->output;
	adopt(member, stream, IO_OK);
}

void
hub_join(struct hub *hub, struct hub_member *member, struct stream *stream,
    const char *who, struct stream *files, void (*wake_by)(void *),
    void *context)
{
	static const struct stream_ops ops = {
		.read = member_read,
		.write = member_write,
		.shutdown = member_shutdown,
		.close = member_close,
	};
	const unsigned caps = hub->local.caps;

	*member = (struct hub_member){ .hub = hub, .next = hub->members,
	    .at = hub->newest, .offset = hub->newest->size, .seen = hub->said,
	    .wake = wake_by, .context = context };
	if (hub->names)
		snprintf(member->name, sizeof(member->name), "<%s> ", who);
	if (hub->members != NULL)
		hub->members->before = member;
	hub->members = member;
	hub->newest->readers++;
	hub->count++;
	*stream = (struct stream){
		.ops = &ops,
		.priv = member,
		.rfd = -1,
		.wfd = -1,
		.caps = STREAM_SHARED | STREAM_BUFFERS |
		    (caps & (STREAM_NO_INPUT | STREAM_TERMINAL)),
		.input = hub->local.input,
		.output = hub->local.output,
	};
	if (hub->input_over)
		stream->caps |= STREAM_NO_INPUT;
	if (hub->relayed)
		stream->caps &= ~(unsigned)STREAM_NO_INPUT;
	if (files != NULL)
		use_files(member, stream, files);
}

bool
hub_open(struct hub *hub, const struct stream *local)
{
	hub->local = *local;
	hub->late_us = CLOCK_NEVER;
	hub->input_over = local->caps & STREAM_NO_INPUT;
	hub->oldest = hub->newest = chunk_new(NULL, 0);
	return hub->newest != NULL;
}

/* True when nothing is kept any more. */
static bool
flush(struct hub *hub)
{
	size_t done = 0;
	enum io answer = IO_OK;

	while (hub->rest_head < hub->rest_tail && answer == IO_OK) {
		answer = hub->local.ops->write(&hub->local,
		    hub->rest + hub->rest_head,
		    hub->rest_tail - hub->rest_head, &done);
		hub->rest_head += done;
	}
	hub->failed |= answer == IO_FAIL;
	if (hub->rest_head < hub->rest_tail)
		return false;
	free(hub->rest);
	hub->rest = NULL;
	return true;
}

static bool
wants_input(struct hub *hub)
{
	return !hub->input_over && hub->count > 0 && !hub->in_files &&
	    least_behind(hub, NULL) == 0 &&
	    !waits_for_late(hub, NULL, &hub->late_us);
}

void
hub_watch(struct hub *hub, struct loop *loop)
{
	hub->out_place = loop_watch(loop, hub->out_files || hub->failed ? -1 :
	    hub->local.wfd, hub->rest_head < hub->rest_tail ? POLLOUT : 0);
	if (hub->open != NULL && hub->open_us != 0)
		loop_until(loop, hub->open_us);
	hub->in_place = loop_watch(loop, wants_input(hub) ?
	    hub->local.rfd : -1, POLLIN);
	loop_until(loop, hub->late_us);
}

static void
read_input(struct hub *hub)
{
	static uint8_t data[PIECE];
	struct hub_member *member;
	size_t done = 0;
	enum io answer;

	answer = hub->local.ops->read(&hub->local, data, sizeof(data), &done);
	if (done > 0)
		say(hub, NULL, data, done);
	if (answer != IO_EOF && answer != IO_FAIL)
		return;
	hub->input_over = true;
	hub->input_failed = answer == IO_FAIL;
	for (member = hub->members; member != NULL; member = member->next)
		wake(member);
}

void
hub_step(struct hub *hub, const struct loop *loop)
{
	short gone = POLLERR | POLLHUP | POLLNVAL;

	if (loop_revents(loop, hub->out_place) & gone &&
	    !(loop_revents(loop, hub->out_place) & POLLOUT)) {
		stream_fail(&hub->local, EPIPE);
		hub->failed = true;
	}
	if (loop_passed(loop, hub->late_us) || (hub->open != NULL &&
	    hub->open_us != 0 && loop_passed(loop, hub->open_us))) {
		hub->late_us = CLOCK_NEVER;
		wake_waiting(hub);
	}
	if (hub->failed || (hub->rest != NULL && flush(hub)) || hub->failed)
		wake_waiting(hub);
	if (loop_revents(loop, hub->in_place) != 0)
		read_input(hub);
}
