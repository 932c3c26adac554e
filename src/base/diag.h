#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

/*
 * What the user is told on stderr, and what the exit status means. Every
 * message is one line, written with one write(2).
 */

enum exit_code {
	EXIT_DONE = 0,		/* all bytes there, both ends agree */
	EXIT_NETWORK = 1,	/* refused, unreachable, reset, incomplete */
	EXIT_LOCAL = 2,		/* usage, cannot bind, cannot write stdout */
	EXIT_TIME = 3,		/* connect, idle or whole run took too long */
	EXIT_NAME = 4,		/* the name does not resolve */
	EXIT_IDENTITY = 5,	/* the peer is not who it should be */
	EXIT_SIGNAL = 128	/* plus n: ended as by signal n */
};

/* The name messages begin with is the last component of argv0. */
void	diag_begin(const char *argv0);

/* How often -v was given; 0 until this is called. */
void	diag_verbosity(int level);

/* Whether a message of this level would be printed. */
bool	diag_wants(int level);

/*
 * Whom the messages that follow are about: "NAME: ABOUT: text". The text, of
 * less than DIAG_ABOUT bytes, is made only when one is printed. NULL: nobody in
 * particular.
 */
#define DIAG_ABOUT	128
void	diag_about(const char *(*whom)(const void *what, char *text),
	    const void *what);

/* That text, which stays until the next call, or NULL. */
const char *diag_whom(void);

/*
 * Messages never sleep: goes on with those that stderr had no room for, and
 * returns what must have some first, or -1 when there are none.
 */
int	diag_flush(void);

/* A line without an end, on a terminal: what is said next replaces it. */
void	diag_draw(const char *text);

/*
 * Ends it as it is, for what else goes to the terminal. A signal's handler may
 * call this.
 */
void	diag_end_line(void);

/* "NAME: text": always printed. */
void	diag_error(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/* "NAME: text" when the verbosity is at least level. */
void	diag_say(int level, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/* The text alone, as scripts match it, when the verbosity is at least level. */
void	diag_line(int level, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));

/*
 * The only way out of the program. A code of EXIT_SIGNAL + n dies as by
 * signal n, so that the shell sees what it would see of any other filter.
 */
_Noreturn void	diag_exit(int code);

#endif
