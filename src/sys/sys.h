#ifndef SYS_H
#define SYS_H

#include <stdint.h>

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

/*
 * From now on the kernel keeps the ICMP messages about the socket; poll(2)
 * says POLLERR. sys_icmp takes the next one: its type << 8 | code, with
 * *error set to what it means, or -1 when there is none.
 */
void	sys_hear_icmp(int fd, int family);
int	sys_icmp(int fd, int *error);

/*
 * What the peer's TCP has not acknowledged, in octets of sequence space: our
 * FIN counts as one (tcp(7), SIOCOUTQ).
 */
uint64_t sys_unacknowledged(int fd);

#endif
