#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>

#include "sys/sys.h"

const bool sys_splices = true;
const int sys_more = MSG_MORE;
const int sys_search = O_PATH;

int
sys_socket(int family, int type, int protocol)
{
	return socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
}

int
sys_accept(int fd, struct sockaddr *peer, unsigned *length)
{
	return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int
sys_pipe(int ends[2], bool nonblocking)
{
	return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0));
}

int
sys_poll(struct pollfd *set, size_t count, int64_t time_us)
{
	struct timespec time;

	if (time_us < 0)
		return ppoll(set, (nfds_t)count, NULL, NULL);
	time.tv_sec = (time_t)(time_us / 1000000);
	time.tv_nsec = (long)(time_us % 1000000) * 1000;
	return ppoll(set, (nfds_t)count, &time, NULL);
}

int
sys_either(int fd, int other)
{
	struct epoll_event event = { .events = EPOLLIN };
	int both = epoll_create1(EPOLL_CLOEXEC), error;

	if (both == -1 || (epoll_ctl(both, EPOLL_CTL_ADD, fd, &event) == 0 &&
	    epoll_ctl(both, EPOLL_CTL_ADD, other, &event) == 0))
		return both;
	error = errno;
	close(both);
	errno = error;
	return -1;
}

int
sys_waker(int waker[2])
{
	waker[0] = waker[1] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return waker[0] == -1 ? -1 : 0;
}

void
sys_wake(const int waker[2])
{
	eventfd_write(waker[1], 1);
}

void
sys_waker_close(const int waker[2])
{
	close(waker[0]);
}

ssize_t
sys_splice(int from, int to, size_t size)
{
	return splice(from, NULL, to, NULL, size,
	    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
}

ssize_t
sys_tee(int from, int to, size_t size)
{
	return tee(from, to, size, SPLICE_F_NONBLOCK);
}

int
sys_pipe_size(int fd, int size)
{
	return size == 0 ? fcntl(fd, F_GETPIPE_SZ) :
	    fcntl(fd, F_SETPIPE_SZ, size);
}

bool
sys_is_null(dev_t device)
{
	return device == makedev(1, 3);
}

int
sys_reopen(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

int
sys_receive(int fd, struct sys_message *message, unsigned count)
{
	_Static_assert(sizeof(*message) == sizeof(struct mmsghdr) &&
	    offsetof(struct sys_message, msg_len) ==
	    offsetof(struct mmsghdr, msg_len), "the same");

	return recvmmsg(fd, (void *)message, count, MSG_DONTWAIT, NULL);
}

void *
sys_memrchr(const void *data, int octet, size_t size)
{
	return memrchr(data, octet, size);
}

int
sys_child_end(int pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

void
sys_die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGHUP);
}

int
sys_set_min_hops(int fd, int family, int hops)
{
	bool six = family == AF_INET6;

	return setsockopt(fd, six ? IPPROTO_IPV6 : IPPROTO_IP,
	    six ? IPV6_MINHOPCOUNT : IP_MINTTL, &hops, sizeof(hops));
}

int
sys_sign(int fd, const struct sockaddr *peer, unsigned length, bool any,
    const char *key)
{
	struct tcp_md5sig sig = { .tcpm_flags = 0 };
	int result;

	memcpy(&sig.tcpm_addr, peer, length);
	sig.tcpm_keylen = (uint16_t)strlen(key);
	memcpy(sig.tcpm_key, key, sig.tcpm_keylen);
	sig.tcpm_flags = any ? TCP_MD5SIG_FLAG_PREFIX : 0;
	result = setsockopt(fd, IPPROTO_TCP, any ? TCP_MD5SIG_EXT :
	    TCP_MD5SIG, &sig, sizeof(sig));
	explicit_bzero(&sig, sizeof(sig));
	return result;
}

void
sys_want_buffer(int fd, int bytes)
{
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

void
sys_keepalive(int fd, int seconds, int probes)
{
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof(seconds));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof(probes));
}

void
sys_acknowledge(int fd)
{
	int on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

void
sys_hear_icmp(int fd, int family)
{
	int on = 1;

	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

int
sys_icmp(int fd, int *error)
{
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr message = {
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *part;
	struct sock_extended_err found;

	if (recvmsg(fd, &message, MSG_ERRQUEUE) == -1)
		return -1;
	part = CMSG_FIRSTHDR(&message);
	if (part == NULL || part->cmsg_len < CMSG_LEN(sizeof(found)))
		return -1;
	memcpy(&found, CMSG_DATA(part), sizeof(found));
	if (found.ee_origin != SO_EE_ORIGIN_ICMP &&
	    found.ee_origin != SO_EE_ORIGIN_ICMP6)
		return -1;
	*error = (int)found.ee_errno;
	return found.ee_type << 8 | found.ee_code;
}

uint64_t
sys_unacknowledged(int fd)
{
	int count;

	return ioctl(fd, SIOCOUTQ, &count) == -1 || count < 0 ? 0 :
	    (uint64_t)count;
}
