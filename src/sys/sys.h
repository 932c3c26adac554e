#ifndef SYS_H
#define SYS_H

#include <stdbool.h>

/*
 * What only one kernel has, behind calls that another one can answer, too.
 * One file for each kernel.
 */

struct sockaddr;

/*
 * Takes a connection; the new descriptor is close-on-exec and non-blocking.
 * Returns it, or -1 with errno set.
 */
int	sys_accept(int fd, struct sockaddr *, unsigned *length);

/*
 * A descriptor by which a thread wakes who polls it: readable once sys_wake
 * was called, and from then on. -1 with errno set.
 */
int	sys_waker(void);
void	sys_wake(int waker);

#endif
