/*
 * crowd send PORT COUNT BYTES AT_ONCE
 *	COUNT connections to 127.0.0.1, so many at a time: each sends so many
 *	bytes and its end, and awaits the peer's. Prints connections a second.
 * crowd ping PORT COUNT
 *	One connection: 64 bytes, and their answer. Prints the median in us.
 * crowd echo
 *	Prints its port, and sends back what comes, to all at once.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MESSAGE	64
#define EVENTS	256

static char bytes[64 << 10];

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	perror(what);
	exit(1);
}

static struct sockaddr_in
here(const char *port)
{
	struct sockaddr_in to = { .sin_family = AF_INET };

	to.sin_port = htons((in_port_t)atoi(port));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return to;
}

static void
watch(int set, int fd, uint32_t events, void *of, int how)
{
	struct epoll_event event = { .events = events, .data.ptr = of };

	if (epoll_ctl(set, how, fd, &event) == -1)
		fail("epoll_ctl");
}

struct sender {
	int	 fd;
	long	 left;
};

static void
begin(int set, struct sender *sender, const struct sockaddr_in *to, long size)
{
	sender->left = size;
	sender->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (connect(sender->fd, (const struct sockaddr *)to, sizeof(*to)) ==
	    -1 && errno != EINPROGRESS)
		fail("connect");
	watch(set, sender->fd, EPOLLOUT, sender, EPOLL_CTL_ADD);
}

/* True when it is over. */
static int
step(int set, struct sender *sender)
{
	ssize_t n = 1;

	while (sender->left > 0 && n > 0) {
		n = send(sender->fd, bytes, sender->left < (long)sizeof(bytes) ?
		    (size_t)sender->left : sizeof(bytes), MSG_NOSIGNAL);
		sender->left -= n > 0 ? n : 0;
	}
	if (sender->left > 0) {
		if (errno != EAGAIN)
			fail("send");
		return 0;
	}
	if (sender->left == 0) {
		shutdown(sender->fd, SHUT_WR);
		watch(set, sender->fd, EPOLLIN, sender, EPOLL_CTL_MOD);
		sender->left = -1;
		return 0;
	}
	while ((n = recv(sender->fd, bytes, sizeof(bytes), 0)) > 0)
		continue;
	if (n == -1 && errno == EAGAIN)
		return 0;
	/* Some netcats say goodbye so; who counts the bytes knows more. */
	if (n == -1 && errno != ECONNRESET)
		fail("recv");
	close(sender->fd);
	return 1;
}

static void
send_all(const char *port, long count, long size, long most)
{
	struct sender *sender = calloc((size_t)most, sizeof(*sender));
	struct sockaddr_in to = here(port);
	struct epoll_event event[EVENTS];
	int i, n, set = epoll_create1(EPOLL_CLOEXEC);
	long begun, over = 0;
	double start = now_s();

	for (begun = 0; begun < most && begun < count; begun++)
		begin(set, &sender[begun], &to, size);
	while (over < count) {
		n = epoll_wait(set, event, EVENTS, 60000);
		if (n <= 0)
			fail("epoll_wait");
		for (i = 0; i < n; i++)
			if (step(set, event[i].data.ptr)) {
				over++;
				if (begun++ < count)
					begin(set, event[i].data.ptr, &to,
					    size);
			}
	}
	printf("%.3f\n", (double)count / (now_s() - start));
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
ping(const char *port, long count)
{
	struct sockaddr_in to = here(port);
	double *took = calloc((size_t)count, sizeof(*took)), start;
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	long i;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) == -1)
		fail("connect");
	for (i = -100; i < count; i++) {
		start = now_s();
		if (write(fd, bytes, MESSAGE) != MESSAGE || recv(fd, bytes,
		    MESSAGE, MSG_WAITALL) != MESSAGE)
			fail("ping");
		if (i >= 0)
			took[i] = now_s() - start;
	}
	qsort(took, (size_t)count, sizeof(*took), by_size);
	printf("%.3f\n", took[count / 2] * 1e6);
}

static void
echo(void)
{
	struct sockaddr_in at = here("0");
	socklen_t length = sizeof(at);
	struct epoll_event event[EVENTS];
	int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
	int i, n, fd, set = epoll_create1(EPOLL_CLOEXEC);
	ssize_t got;

	if (bind(listener, (struct sockaddr *)&at, length) == -1 ||
	    listen(listener, SOMAXCONN) == -1)
		fail("listen");
	getsockname(listener, (struct sockaddr *)&at, &length);
	printf("%d\n", ntohs(at.sin_port));
	fflush(stdout);
	watch(set, listener, EPOLLIN, NULL, EPOLL_CTL_ADD);
	while ((n = epoll_wait(set, event, EVENTS, -1)) > 0)
		for (i = 0; i < n; i++) {
			fd = (int)(long)event[i].data.ptr;
			if (fd == 0) {
				fd = accept4(listener, NULL, NULL,
				    SOCK_NONBLOCK);
				setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on,
				    sizeof(on));
				watch(set, fd, EPOLLIN, (void *)(long)fd,
				    EPOLL_CTL_ADD);
			} else if ((got = read(fd, bytes, sizeof(bytes))) <=
			    0)
				close(fd);
			/* Who takes nothing more is left to stall. */
			else if (write(fd, bytes, (size_t)got) != got)
				epoll_ctl(set, EPOLL_CTL_DEL, fd, NULL);
		}
}

int
main(int argc, char *argv[])
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 6 && strcmp(argv[1], "send") == 0)
		send_all(argv[2], atol(argv[3]), atol(argv[4]), atol(argv[5]));
	else if (argc == 4 && strcmp(argv[1], "ping") == 0)
		ping(argv[2], atol(argv[3]));
	else if (argc == 2 && strcmp(argv[1], "echo") == 0)
		echo();
	else {
		fputs("usage: crowd send PORT COUNT BYTES AT_ONCE | "
		    "crowd ping PORT COUNT | crowd echo\n", stderr);
		return 2;
	}
	return 0;
}
