#ifndef SIGNALS_H
#define SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Signals. A connection needs no care here: the kernel closes it with the
 * process, and SO_LINGER {1, 0} makes that an abort. What a process leaves
 * behind are names in the file system, so those are remembered and removed.
 */

/*
 * Ignores SIGPIPE and SIGXFSZ (EPIPE and EFBIG are answers we want to see), and
 * makes the signals that end a process remove the remembered paths before they
 * do what they always do. A signal that was ignored when we started stays
 * ignored. SIGUSR1 is noted.
 */
void	signals_begin(void);

/*
 * Whether SIGUSR1 has come since the last call: somebody wants to know how far
 * we are. It wakes poll(2) and restarts all else.
 */
bool	signals_asked(void);

/*
 * From now on the first SIGINT or SIGTERM is for the caller to obey: it makes
 * the descriptor readable, and signals_ending says which it was (0: none yet).
 * The second one ends the process. -1 with errno set, and nothing changed.
 */
int	signals_take_end(void);
int	signals_ending(void);

/*
 * A descriptor, the caller's, that is readable once this child of ours has
 * ended (pidfd_open(2)); where the kernel has none, whenever any has: who looks
 * calls signals_child_seen and then, not before, asks waitpid(2). -1 with errno
 * set.
 */
int	signals_child_end(pid_t);
void	signals_child_seen(int fd);

/* Signals as other programs expect them: for a process about to exec. */
void	signals_defaults(void);

/* No signal comes between these two: what is made is remembered, too. */
void	signals_hold(sigset_t *before);
void	signals_release(const sigset_t *before);

/*
 * Removes the path (a socket or an empty directory) at the end, whatever the
 * end is. The text is copied. Returns false when there is no memory for it.
 */
bool	signals_remember(const char *path);

/* Removes this one now. */
void	signals_forget(const char *path);

/* Removes all remembered paths now, the last remembered first. */
void	signals_end(void);

/* Dies as by the signal. */
_Noreturn void	signals_die(int signal_number);

#endif
