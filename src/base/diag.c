#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/signals.h"
#include "base/text.h"

/* Puts the cursor of a terminal at the begin of its line, which is cleared. */
#define CLEAR	"\r\033[K"

static const char *name = "nc-lite";
static const char *about;
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
diag_about(const char *whom)
{
	about = whom;
}

void
diag_draw(const char *text)
{
	line_is_open = dprintf(STDERR_FILENO, CLEAR "%s", text) > 0;
}

/* Nobody is left to tell when stderr itself fails. */
void
diag_end_line(void)
{
	if (line_is_open && write(STDERR_FILENO, "\n", 1) == -1)
		return;
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

	bool named = prefix != NULL && about != NULL;

	length = (size_t)snprintf(line, 512, "%s%.200s%s%.200s%s",
	    line_is_open ? CLEAR : "", prefix != NULL ? prefix : "",
	    prefix != NULL ? ": " : "", named ? about : "", named ? ": " : "");
	line_is_open = false;
	vsnprintf(line + length, sizeof(line) - length - 1, format, arguments);
	/* What a peer or a file is called must not move the cursor. */
	text_clean(line + clear, '?');
	length = strlen(line);
	line[length++] = '\n';
	/* Nobody is left to tell when stderr itself fails. */
	if (write(STDERR_FILENO, line, length) == -1)
		return;
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

void
diag_exit(int code)
{
	signals_end();
	if (code > EXIT_SIGNAL)
		signals_die(code - EXIT_SIGNAL);
	exit(code);
}
