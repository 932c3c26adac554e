#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#if __has_include(<sys/filio.h>)
#include <sys/filio.h>
#endif

#include "sys/sys.h"

/* Octets in the send queue: FreeBSD's name for the ioctl, and the others'. */
#ifndef FIONWRITE
#define FIONWRITE	TIOCOUTQ
#endif

const bool sys_splices = false;
const int sys_more = 0;
const int sys_search = O_RDONLY;

/* Not atomic: a command started meanwhile by another thread inherits it. */
static int
set_up(int fd, bool nonblocking)
{
	if (fd != -1)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (fd != -1 && nonblocking)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

static int
cannot(int error)
{
	errno = error;
	return -1;
}

int
sys_socket(int family, int type, int protocol)
{
	return set_up(socket(family, type, protocol), true);
}

int
sys_accept(int fd, struct sockaddr *peer, unsigned *length)
{
	return set_up(accept(fd, peer, length), true);
}

int
sys_pipe(int ends[2], bool nonblocking)
{
	if (pipe(ends) == -1)
		return -1;
	set_up(ends[0], nonblocking);
	set_up(ends[1], nonblocking);
	return 0;
}

int
sys_poll(struct pollfd *set, size_t count, int64_t time_us)
{
	int64_t time_ms = time_us / 1000 + (time_us % 1000 > 0);

	return poll(set, (nfds_t)count, time_us < 0 ? -1 :
	    time_ms > INT_MAX ? INT_MAX : (int)time_ms);
}

#if __has_include(<sys/event.h>)
#include <sys/event.h>

int
sys_either(int fd, int other)
{
	struct kevent wait[2];
	int both = set_up(kqueue(), false), error;

	EV_SET(&wait[0], fd, EVFILT_READ, EV_ADD, 0, 0, NULL);
	EV_SET(&wait[1], other, EVFILT_READ, EV_ADD, 0, 0, NULL);
	if (both == -1 || kevent(both, wait, 2, NULL, 0, NULL) != -1)
		return both;
	error = errno;
	close(both);
	return cannot(error);
}
#else
/* Without kqueue(2) the second is only noticed with the first. */
int
sys_either(int fd, int other)
{
	return set_up(dup(fd), false);
}
#endif

int
sys_waker(int waker[2])
{
	return sys_pipe(waker, true);
}

void
sys_wake(const int waker[2])
{
	/* EAGAIN: it is readable already. */
	if (write(waker[1], "", 1) == -1)
		return;
}

void
sys_waker_close(const int waker[2])
{
	close(waker[0]);
	close(waker[1]);
}

ssize_t
sys_splice(int from, int to, size_t size)
{
	return cannot(ENOSYS);
}

ssize_t
sys_tee(int from, int to, size_t size)
{
	return sys_splice(from, to, size);
}

int
sys_pipe_size(int fd, int size)
{
	return cannot(ENOSYS);
}

bool
sys_is_null(dev_t device)
{
	struct stat null;

	return stat("/dev/null", &null) == 0 && null.st_rdev == device;
}

/* /dev/fd only duplicates the descriptor, with the same description. */
int
sys_reopen(int fd, int flags)
{
	return cannot(ENOSYS);
}

int
sys_receive(int fd, struct sys_message *message, unsigned count)
{
	unsigned i;
	ssize_t size;

	for (i = 0; i < count; i++) {
		size = recvmsg(fd, &message[i].msg_hdr, MSG_DONTWAIT);
		if (size == -1)
			return i > 0 ? (int)i : -1;
		message[i].msg_len = (unsigned)size;
	}
	return (int)count;
}

void *
sys_memrchr(const void *data, int octet, size_t size)
{
	const unsigned char *at = (const unsigned char *)data + size;

	while (size-- > 0)
		if (*--at == (unsigned char)octet)
			return (void *)(uintptr_t)at;
	return NULL;
}

int
sys_child_end(int pid)
{
	return cannot(ENOSYS);
}

void
sys_die_with_parent(void)
{
}

int
sys_set_min_hops(int fd, int family, int hops)
{
	return cannot(ENOPROTOOPT);
}

int
sys_sign(int fd, const struct sockaddr *peer, unsigned length, bool any,
    const char *key)
{
	return cannot(ENOPROTOOPT);
}

void
sys_want_buffer(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

#if !defined TCP_KEEPIDLE && defined TCP_KEEPALIVE
#define TCP_KEEPIDLE	TCP_KEEPALIVE	/* macOS */
#endif
#ifdef TCP_KEEPIDLE
void
sys_keepalive(int fd, int seconds, int probes)
{
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}
#else
/* OpenBSD has one time for all, sysctl net.inet.tcp.keepidle. */
void
sys_keepalive(int fd, int seconds, int probes)
{
}
#endif

void
sys_acknowledge(int fd)
{
}

void
sys_hear_icmp(int fd, int family)
{
}

int
sys_icmp(int fd, int *error)
{
	return -1;
}

#ifdef SO_NWRITE
/* macOS */
uint64_t
sys_unacknowledged(int fd)
{
	int count;
	socklen_t length = sizeof(count);

	return getsockopt(fd, SOL_SOCKET, SO_NWRITE, &count, &length) == -1 ||
	    count < 0 ? 0 : (uint64_t)count;
}
#else
uint64_t
sys_unacknowledged(int fd)
{
	int count;

	return ioctl(fd, FIONWRITE, &count) == -1 || count < 0 ? 0 :
	    (uint64_t)count;
}
#endif
