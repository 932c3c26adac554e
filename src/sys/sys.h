#ifndef SYS_H
#define SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

/*
 * What only one kernel has, behind calls that another one can answer, too: in
 * linux.c by Linux's own calls, in posix.c by what the BSDs and macOS share
 * with it (make SYS=posix). Above, nothing is used that they do not have. What
 * fails returns -1 with errno set, as the calls behind it do.
 */

struct pollfd;

/* New descriptors, each close-on-exec, those of sockets non-blocking. */
int	sys_socket(int family, int type, int protocol);
int	sys_accept(int fd, struct sockaddr *, unsigned *length);
int	sys_pipe(int ends[2], bool nonblocking);

/* poll(2) to the microsecond, if the kernel can; time < 0: for ever. */
int	sys_poll(struct pollfd *, size_t count, int64_t time_us);

/* A descriptor that is readable when one of these two is. */
int	sys_either(int fd, int other);

/*
 * A pair by which a thread wakes who polls the first: readable once sys_wake
 * was called, and from then on.
 */
int	sys_waker(int waker[2]);
void	sys_wake(const int waker[2]);
void	sys_waker_close(const int waker[2]);

/*
 * splice(2) and tee(2), without waiting; and how many bytes a pipe holds, from
 * now on if size is not 0.
 */
extern const bool sys_splices;
ssize_t	sys_splice(int from, int to, size_t size);
ssize_t	sys_tee(int from, int to, size_t size);
int	sys_pipe_size(int fd, int size);

/* For open(2): to find names in a folder, no more. */
extern const int sys_search;

/* Whether a device is /dev/null, which need not be there by that name. */
bool	sys_is_null(dev_t);

/* A description of our own of what a descriptor is open to. */
int	sys_reopen(int fd, int flags);

/* recvmmsg(2), without waiting: returns how many datagrams there were. */
struct sys_message {
	struct msghdr msg_hdr;
	unsigned msg_len;
};
int	sys_receive(int fd, struct sys_message *, unsigned count);

/* To send(2): more follows at once, and may be sent with it. */
extern const int sys_more;

/* memrchr(3), which macOS has not. */
void	*sys_memrchr(const void *, int octet, size_t size);

/* Readable when the child has ended; -1 where SIGCHLD must say it. */
int	sys_child_end(int pid);

/* The process gets SIGHUP when its parent has died, where that can be had. */
void	sys_die_with_parent(void);

/* Options of a socket. Those that return nothing are wishes. */
int	sys_set_min_hops(int fd, int family, int hops);
int	sys_sign(int fd, const struct sockaddr *, unsigned length, bool any,
	    const char *key);
void	sys_want_buffer(int fd, int bytes);
void	sys_keepalive(int fd, int seconds, int probes);

/*
 * Acknowledges at once what has come, when no answer will carry that: a peer
 * with Nagle's algorithm (RFC 896) holds back its next words until then.
 */
void	sys_acknowledge(int fd);

/*
 * From now on the kernel keeps the ICMP messages about the socket; poll(2)
 * says POLLERR. sys_icmp takes the next one: its type << 8 | code, with
 * *error set to what it means, or -1 when there is none.
 */
void	sys_hear_icmp(int fd, int family);
int	sys_icmp(int fd, int *error);

/*
 * What the peer's TCP has not acknowledged, in octets of sequence space: our
 * FIN counts as one (tcp(7), SIOCOUTQ), on Linux.
 */
uint64_t sys_unacknowledged(int fd);

#endif
