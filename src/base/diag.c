#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/borrowed.h"
#include "base/diag.h"
#include "base/signals.h"
#include "base/text.h"

#define CLEAR	"\r\033[K"	/* clears a terminal's line (ECMA-48, EL) */
#define PATIENCE_MS	500	/* at exit, for a stderr that takes nothing */

static const char *name = "nc-lite";
static const char *(*about)(const void *, char *);
static const void *about_what;
static int verbosity;
static volatile sig_atomic_t line_is_open;

void
diag_begin(const char *argv0)
{
	const char *slash = strrchr(argv0, '/');

	name = slash != NULL ? slash + 1 : argv0;
}

void
diag_verbosity(int level)
{
	verbosity = level;
}

void
diag_about(const char *(*whom)(const void *, char *), const void *what)
{
	about = whom;
	about_what = what;
}

const char *
diag_whom(void)
{
	static char text[DIAG_ABOUT];

	return about != NULL ? about(about_what, text) : NULL;
}

/*
 * stderr may be a full pipe or a stopped terminal: what it does not take is
 * queued here, and lines for which the queue has no room are counted.
 */
static struct borrowed out = { .fd = -1 };
static char queue[16 << 10];
static size_t queued, lost;

/* Failures other than EAGAIN are ignored: where could they be told? */
static size_t
put(const char *text, size_t length)
{
	ssize_t done;

	if (out.fd == -1)
		borrowed_open(&out, STDERR_FILENO, false);
	done = borrowed_write(&out, text, length);
	if (done == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : length;
	return (size_t)done;
}

int
diag_flush(void)
{
	size_t done;
	int length;

	if (queued == 0)
		return -1;
	done = put(queue, queued);
	memmove(queue, queue + done, queued - done);
	queued -= done;
	if (queued > 0)
		return out.fd;
	if (lost > 0) {
		length = snprintf(queue, sizeof(queue), "%s: %zu lines were "
		    "lost, as stderr was full\n", name, lost);
		lost = 0;
		queued = (size_t)length;
		return diag_flush();
	}
	return -1;
}

static void
say(const char *line, size_t length)
{
	size_t done = diag_flush() == -1 ? put(line, length) : 0;

	if (length - done > sizeof(queue) - queued) {
		lost++;
		return;
	}
	memcpy(queue + queued, line + done, length - done);
	queued += length - done;
}

void
diag_draw(const char *text)
{
	char line[512];
	int length = snprintf(line, sizeof(line), CLEAR "%s", text);

	line_is_open = diag_flush() == -1 && put(line, (size_t)length) > 0;
}

void
diag_end_line(void)
{
	if (line_is_open)
		put("\n", 1);
	line_is_open = false;
}

bool
diag_wants(int level)
{
	return verbosity >= level;
}

/* One write: lines of two processes on one terminal must not mix. */
static void
print(const char *prefix, const char *format, va_list arguments)
{
	char line[2048];
	size_t clear = line_is_open ? sizeof(CLEAR) - 1 : 0, length;
	int error = errno;
	const char *whom = prefix != NULL ? diag_whom() : NULL;

	length = (size_t)snprintf(line, 512, "%s%.200s%s%.200s%s",
	    line_is_open ? CLEAR : "", prefix != NULL ? prefix : "",
	    prefix != NULL ? ": " : "", whom != NULL ? whom : "",
	    whom != NULL ? ": " : "");
	line_is_open = false;
	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	/* Names of peers and files may contain control characters. */
	text_clean(line + clear, '?');
	length = strlen(line);
	line[length++] = '\n';
	say(line, length);
	/* Callers print first and look at errno later. */
	errno = error;
}

void
diag_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print(name, format, arguments);
	va_end(arguments);
}

void
diag_say(int level, const char *format, ...)
{
	va_list arguments;

	if (!diag_wants(level))
		return;
	va_start(arguments, format);
	print(name, format, arguments);
	va_end(arguments);
}

void
diag_line(int level, const char *format, ...)
{
	va_list arguments;

	if (!diag_wants(level))
		return;
	va_start(arguments, format);
	print(NULL, format, arguments);
	va_end(arguments);
}

/* The queue is written while its reader takes some of it now and then. */
static void
say_rest(void)
{
	struct pollfd wait = { .fd = diag_flush(), .events = POLLOUT };

	while (wait.fd != -1 && poll(&wait, 1, PATIENCE_MS) > 0)
		wait.fd = diag_flush();
}

void
diag_exit(int code)
{
	signals_end();
	say_rest();
	if (code > EXIT_SIGNAL)
		signals_die(code - EXIT_SIGNAL);
	exit(code);
}
