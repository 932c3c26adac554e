#ifndef SYS_H
#define SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * What differs between kernels: linux.c has it by Linux's own calls, posix.c by
 * what the BSDs and macOS have, too (make SYS=posix). No other file uses what
 * only Linux has. Functions return -1 with errno set on failure, like the
 * system calls behind them.
 */

struct pollfd;

/* socket(2), accept(2) non-blocking, and pipe(2); all close-on-exec. */
int	sys_socket(int family, int type, int protocol);
int	sys_accept(int fd, struct sockaddr *, unsigned *length);
int	sys_pipe(int ends[2], bool nonblocking);

/* poll(2), with microseconds if the kernel has them; negative: for ever. */
int	sys_poll(struct pollfd *, size_t count, int64_t time_us);

/* A new descriptor that is readable when one of these two is. */
int	sys_either(int fd, int other);

/*
 * Wakes the loop from a thread: waker[0] is readable from the first sys_wake
 * on.
 */
int	sys_waker(int waker[2]);
void	sys_wake(const int waker[2]);
void	sys_waker_close(const int waker[2]);

/*
 * splice(2) and tee(2), non-blocking. sys_pipe_size returns a pipe's capacity,
 * or sets it unless size is 0. sys_splices: whether there is all this.
 */
extern const bool sys_splices;
ssize_t	sys_splice(int from, int to, size_t size);
ssize_t	sys_tee(int from, int to, size_t size);
int	sys_pipe_size(int fd, int size);

/* open(2)'s flag for a folder that may be searched but not read. */
extern const int sys_search;

/* Whether the device is /dev/null, even if that is not in this chroot. */
bool	sys_is_null(dev_t);

/* Opens the descriptor's file again, with a file description of our own. */
int	sys_reopen(int fd, int flags);

/* recvmmsg(2), non-blocking. Returns how many datagrams were received. */
struct sys_message {
	struct msghdr msg_hdr;
	unsigned msg_len;
};
int	sys_receive(int fd, struct sys_message *, unsigned count);

/* send(2)'s flag that more data follows, to be sent in one segment. */
extern const int sys_more;

/* memrchr(3), which macOS lacks. */
void	*sys_memrchr(const void *, int octet, size_t size);

/* A descriptor, readable when the child has ended; -1 where there are none. */
int	sys_child_end(int pid);

/* Lets this process get SIGHUP when its parent dies, where that exists. */
void	sys_die_with_parent(void);

/* Socket options; failures of those that return nothing do not matter. */
int	sys_set_min_hops(int fd, int family, int hops);
int	sys_sign(int fd, const struct sockaddr *, unsigned length, bool any,
	    const char *key);
void	sys_want_buffer(int fd, int bytes);
void	sys_keepalive(int fd, int seconds, int probes);

/*
 * TCP_QUICKACK: acknowledges at once. A peer with Nagle's algorithm (RFC 896)
 * would wait for that before it sends more.
 */
void	sys_acknowledge(int fd);

/*
 * Lets the kernel queue ICMP errors for the socket (POLLERR). sys_icmp takes
 * the next one: type << 8 | code, with *error set to its errno; -1: none.
 */
void	sys_hear_icmp(int fd, int family);
int	sys_icmp(int fd, int *error);

/*
 * Octets of sequence space that the peer's TCP has not acknowledged (tcp(7),
 * SIOCOUTQ); on Linux, a FIN counts as one.
 */
uint64_t sys_unacknowledged(int fd);

#endif
