#ifndef SIGNALS_H
#define SIGNALS_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/*
 * Signals. Connections need no handler: the kernel closes them with the
 * process, and SO_LINGER {1, 0} makes that a reset. Paths that we have made
 * would stay, so they are remembered here and removed.
 */

/*
 * Ignores SIGPIPE and SIGXFSZ, so that write(2) fails with EPIPE and EFBIG.
 * Signals that end the process remove the remembered paths first; those that
 * were ignored when we started stay ignored. SIGUSR1 is noted.
 */
void	signals_begin(void);

/*
 * Whether SIGUSR1, which asks for the progress, has come since the last call.
 * It interrupts poll(2); other calls are restarted.
 */
bool	signals_asked(void);

/*
 * From now on the first SIGINT or SIGTERM does not end the process but makes
 * the returned descriptor readable; signals_ending is then its number (0: none
 * yet). The second one ends it. Returns -1 with errno set, and nothing changed.
 */
int	signals_take_end(void);
int	signals_ending(void);

/*
 * A descriptor, the caller's to close, that is readable once this child has
 * ended (pidfd_open(2)); without pidfds, whenever any child ends: the caller
 * calls signals_child_seen first and waitpid(2) after it. -1 with errno set.
 */
int	signals_child_end(pid_t);
void	signals_child_seen(int fd);

/* Undoes what exec(3) would hand on: no signal is ignored because of us. */
void	signals_defaults(void);

/*
 * Starts a thread that handles no signal, which is left to the one that sleeps
 * in the loop. It must be joined (pthread_join(3)); with NULL it is detached.
 * Returns 0 or an errno.
 */
int	signals_thread(pthread_t *, void *(*work)(void *), void *argument);

/*
 * Blocks all signals of this thread until signals_release: a path must not be
 * made and then not remembered.
 */
void	signals_hold(sigset_t *before);
void	signals_release(const sigset_t *before);

/*
 * Removes the path (a socket or an empty directory) at the end, whatever the
 * end is. The text is copied. Returns false when there is no memory for it.
 */
bool	signals_remember(const char *path);

/* Removes this path now. */
void	signals_forget(const char *path);

/* Removes all remembered paths now, the latest first. */
void	signals_end(void);

/* Dies of the signal, for the parent's waitpid(2) to see. */
_Noreturn void	signals_die(int signal_number);

#endif
