#include <sys/eventfd.h>
#include <sys/socket.h>

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
