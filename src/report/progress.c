#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/quantity.h"
#include "relay/outcome.h"
#include "report/progress.h"

#define LINE	256
#define WIDTH	80		/* of a terminal of unknown width */
#define BAR	12		/* columns of the shortest bar */
#define BAR_MOST	42	/* of the longest */
#define LEFT_MOST	(1000 * 3600.0)	/* seconds; more is not shown */

struct line {
	char	 text[LINE];
	size_t	 used, width;
};

/* Bytes left in the input, if it is a file or a disk; else 0. */
static int64_t
rest_of_input(int fd)
{
	struct stat file;
	off_t size, at = lseek(fd, 0, SEEK_CUR);

	if (at == -1 || fstat(fd, &file) == -1)
		return 0;
	size = S_ISREG(file.st_mode) ? file.st_size : 0;
	if (S_ISBLK(file.st_mode)) {
		size = lseek(fd, 0, SEEK_END);
		lseek(fd, at, SEEK_SET);
	}
	return at < size ? size - at : 0;
}

/* System calls that are only made once progress is shown. */
static void
examine(struct progress *progress, uint64_t sent)
{
	int64_t rest = progress->size > 0 ? 0 : rest_of_input(progress->in);

	progress->terminal = isatty(STDERR_FILENO);
	progress->shared = isatty(progress->out);
	progress->send_size = rest > 0 ? rest + (int64_t)sent : 0;
	progress->last_us = progress->since_us;
}

void
progress_begin(struct progress *progress, int64_t size,
    const struct stream *local, bool alone)
{
	*progress = (struct progress){
		.alone = alone,
		.in = local->rfd,
		.out = local->wfd,
		.size = size,
		.since_us = clock_now_us(),
	};
	if (!alone)
		examine(progress, 0);
}

static size_t
width(const struct progress *progress)
{
	struct winsize size;

	if (!progress->terminal)
		return LINE - 1;
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == -1 || size.ws_col == 0)
		return WIDTH - 1;
	return size.ws_col < LINE ? size.ws_col - 1u : LINE - 1;
}

/* Adds a part if it fits; the more important ones are added first. */
static void
add(struct line *line, const char *before, const char *text, const char *after)
{
	const char *gap = line->used > 0 ? "  " : "";
	size_t length = strlen(gap) + strlen(before) + strlen(text) +
	    strlen(after);

	if (line->used + length > line->width) {
		line->width = line->used;
		return;
	}
	line->used += (size_t)snprintf(line->text + line->used,
	    LINE - line->used, "%s%s%s%s", gap, before, text, after);
}

static const char *
time_text(int64_t time_us, char *text, size_t size)
{
	int64_t s = time_us / CLOCK_SECOND;

	if (s < 3600)
		snprintf(text, size, "%" PRId64 ":%02d", s / 60, (int)(s % 60));
	else
		snprintf(text, size, "%" PRId64 ":%02d:%02d", s / 3600,
		    (int)(s / 60 % 60), (int)(s % 60));
	return text;
}

static void
add_bar(struct line *line, double share)
{
	size_t i, columns = line->width - line->used, full;

	if (columns < BAR + 2)
		return;
	columns = columns < BAR_MOST ? columns : BAR_MOST;
	full = (size_t)((double)(columns - 4) * share);
	line->used += (size_t)snprintf(line->text + line->used,
	    LINE - line->used, "  [");
	for (i = 0; i < columns - 4; i++)
		line->text[line->used++] = i < full ? '=' :
		    i == full ? '>' : ' ';
	line->text[line->used++] = ']';
}

/* Updates the current rate, a mean in which older values decay in a second. */
static void
take_rate(struct progress *progress, uint64_t moved, int64_t now_us)
{
	double passed = (double)(now_us - progress->last_us) / CLOCK_SECOND;
	double rate;

	if (passed < 0.05)
		return;
	rate = (double)(moved - progress->last) / passed;
	if (progress->last_us == progress->since_us)
		progress->rate = rate;
	progress->rate += (rate - progress->rate) * passed / (passed + 1);
	progress->last = moved;
	progress->last_us = now_us;
}

static double
mean(double moved, int64_t spent_us)
{
	return spent_us > 0 ? moved * CLOCK_SECOND / (double)spent_us : 0;
}

static void
compose(struct progress *progress, const struct outcome *count,
    struct line *line, bool last)
{
	bool sending = progress->send_size > 0 ||
	    count->sent >= count->received;
	double moved = (double)(sending ? count->sent : count->received);
	double before = (double)(sending ? progress->sent_before :
	    progress->received_before), all = before + moved;
	double other = (double)(sending ? count->received : count->sent);
	double size = progress->size > 0 ? (double)progress->size :
	    progress->send_size > 0 ? (double)progress->send_size + before : 0;
	double share = size > 0 ? all < size ? all / size : 1 : 0;
	int64_t now_us = clock_now_us(), spent_us = now_us - progress->since_us;
	char text[QUANTITY_TEXT];
	double left_s;

	take_rate(progress, (uint64_t)moved, now_us);
	snprintf(text, sizeof(text), "%zu", progress->peers);
	if (progress->many)
		add(line, "", text, progress->peers == 1 ? " peer" : " peers");
	if (size > 0) {
		snprintf(text, sizeof(text), "%d%%", (int)(share * 100));
		add(line, "", text, "");
	}
	add(line, sending ? "sent " : "got ", quantity_text(all, text), "");
	if (!last)
		add(line, "", quantity_text(progress->rate, text), "/s");
	left_s = (1 - share) * size / progress->rate;
	if (size > 0 && !last && progress->rate >= 1 && left_s < LEFT_MOST)
		add(line, "left ", time_text((int64_t)(left_s * CLOCK_SECOND),
		    text, sizeof(text)), "");
	if (other > 0)
		add(line, sending ? "got " : "sent ",
		    quantity_text(other, text), "");
	add(line, last ? "in " : "", time_text(spent_us, text, sizeof(text)),
	    "");
	add(line, "mean ", quantity_text(mean(moved, spent_us), text), "/s");
	if (size > 0 && progress->terminal)
		add_bar(line, share);
}

/*
 * Not in the background, where the terminal is another job's, and not while
 * stderr is full, which must not stop the transfer.
 */
static bool
may_draw(const struct progress *progress)
{
	struct pollfd wait = { .fd = STDERR_FILENO, .events = POLLOUT };
	pid_t group = progress->terminal ? tcgetpgrp(STDERR_FILENO) : -1;

	return (group == -1 || group == getpgrp()) && poll(&wait, 1, 0) == 1;
}

void
progress_draw(struct progress *progress, const struct outcome *count,
    bool last)
{
	struct line line = { .used = 0 };
	bool open;

	if (progress->last_us == 0)
		examine(progress, count->sent);
	open = progress->terminal && !progress->alone && !last;
	line.width = width(progress);
	/* Received data is on the same terminal and must not be erased. */
	if (!may_draw(progress) ||
	    (open && progress->shared && count->received > 0))
		return;
	compose(progress, count, &line, last);
	if (open)
		diag_draw(line.text);
	else
		diag_line(0, "%s", line.text);
}
