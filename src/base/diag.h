#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

/*
 * Messages on stderr, and the exit status. Every message is one line and one
 * write(2).
 */

enum exit_code {
	EXIT_DONE = 0,		/* every byte arrived, as both ends know */
	EXIT_NETWORK = 1,	/* refused, unreachable, reset, incomplete */
	EXIT_LOCAL = 2,		/* usage, cannot bind, cannot write stdout */
	EXIT_TIME = 3,	/* connecting, silence or the run took too long */
	EXIT_NAME = 4,		/* the name does not resolve */
	EXIT_IDENTITY = 5,	/* the peer is not who it should be */
	EXIT_SIGNAL = 128	/* plus n: ended as by signal n */
};

/* Messages begin with the last component of argv0. */
void	diag_begin(const char *argv0);

/* Sets the level: how often -v was given. */
void	diag_verbosity(int level);

/* Whether a message of this level would be printed. */
bool	diag_wants(int level);

/*
 * Whom the following messages are about: "NAME: ABOUT: text". whom writes
 * ABOUT, with its NUL at most DIAG_ABOUT bytes, and is called only when a
 * message is printed. NULL: nobody in particular.
 */
#define DIAG_ABOUT	128
void	diag_about(const char *(*whom)(const void *what, char *text),
	    const void *what);

/* ABOUT, valid until the next call, or NULL. */
const char *diag_whom(void);

/*
 * Writes what stderr did not take at once; messages never sleep. Returns the
 * descriptor to wait for (POLLOUT), or -1 when nothing is queued.
 */
int	diag_flush(void);

/* Draws a line without a newline on a terminal; later output replaces it. */
void	diag_draw(const char *text);

/* Adds that newline, before other output. Signal handlers may call this. */
void	diag_end_line(void);

/* "NAME: text": always printed. */
void	diag_error(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/* "NAME: text" when the verbosity is at least level. */
void	diag_say(int level, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* "text" alone, in words that scripts match, at that verbosity. */
void	diag_line(int level, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * The only way out of the program. EXIT_SIGNAL + n kills the process by signal
 * n, as happens to other filters.
 */
_Noreturn void	diag_exit(int code);

#endif
