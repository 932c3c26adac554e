#include <netinet/in.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>

#include "sys/sys.h"

int
sys_accept(int fd, struct sockaddr *peer, unsigned *length)
{
	return accept4(fd, peer, length, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int
sys_waker(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void
sys_wake(int waker)
{
	eventfd_write(waker, 1);
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
