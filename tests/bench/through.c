/*
 * through stream TARGET VIA FILE COUNT	the file in COUNT connections at once
 * through connects TARGET VIA COUNT AT_ONCE	64 bytes there and back in each
 * through socks TARGET VIA COUNT AT_ONCE	the same, VIA being a SOCKS 5 proxy
 * through trips TARGET VIA COUNT	64 bytes there and back in one connection
 *
 * Is the client of the port VIA of 127.0.0.1 and, as a process of its own, the
 * server of the port TARGET. Prints seconds, connections a second, or the median
 * round trip (us). What does not arrive whole is an error.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, MOST = 4096, WARM_UP = 200 };

static struct sockaddr_in target = { .sin_family = AF_INET };
static struct sockaddr_in via = { .sin_family = AF_INET };
static long long left[MOST];	/* by descriptor: bytes that are still to come */
static bool socks;
static long count;

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* Echoes, or takes each bytes from each and then ends its side. */
static void
serve(int door, long long each)
{
	static char data[1 << 18];
	struct epoll_event event = { .events = EPOLLIN, .data.fd = door };
	struct epoll_event found[64];
	int i, fd, n, poll = epoll_create1(0);
	ssize_t got;

	epoll_ctl(poll, EPOLL_CTL_ADD, door, &event);
	for (;;) {
		n = epoll_wait(poll, found, 64, -1);
		for (i = 0; i < n; i++) {
			fd = found[i].data.fd;
			if (fd == door) {
				event.data.fd = accept(door, NULL, NULL);
				left[event.data.fd] = each;
				epoll_ctl(poll, EPOLL_CTL_ADD, event.data.fd,
				    &event);
				continue;
			}
			got = recv(fd, data, sizeof(data),
			    each > 0 ? MSG_TRUNC : 0);
			left[fd] -= got;
			if (each == 0 && got > 0 &&
			    send(fd, data, (size_t)got, MSG_NOSIGNAL) == got)
				continue;
			if (each > 0 && got > 0)
				continue;
			/* A reset says that it is not whole. */
			if (each > 0 && (got < 0 || left[fd] != 0))
				setsockopt(fd, SOL_SOCKET, SO_LINGER,
				    &(struct linger){ 1, 0 },
				    sizeof(struct linger));
			close(fd);
		}
	}
}

static void
start_target(long long each)
{
	int door = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(door, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	if (bind(door, (struct sockaddr *)&target, sizeof(target)) == -1 ||
	    listen(door, 1024) == -1)
		die("target");
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(door, each);
	}
	close(door);
}

static void
whole(int fd, const void *ask, size_t size, void *answer, size_t wanted)
{
	if (send(fd, ask, size, MSG_NOSIGNAL) != (ssize_t)size ||
	    recv(fd, answer, wanted, MSG_WAITALL) != (ssize_t)wanted)
		die("exchange");
}

static int
reach(void)
{
	const struct timeval patience = { .tv_sec = 10 };
	char answer[10], ask[10] = "\5\1\0\1";
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (connect(fd, (struct sockaddr *)&via, sizeof(via)) == -1)
		die("connect");
	if (!socks)
		return fd;
	whole(fd, "\5\1\0", 3, answer, 2);
	memcpy(ask + 4, &target.sin_addr, 4);
	memcpy(ask + 8, &target.sin_port, 2);
	whole(fd, ask, sizeof(ask), answer, sizeof(answer));
	if (answer[1] != 0)
		die("proxy");
	return fd;
}

static void *
connects(void *unused)
{
	char data[SIZE] = "hello";
	int fd;

	while (__atomic_fetch_sub(&count, 1, __ATOMIC_RELAXED) > 0) {
		fd = reach();
		whole(fd, data, SIZE, data, SIZE);
		shutdown(fd, SHUT_WR);
		if (recv(fd, data, SIZE, 0) != 0)
			die("end");
		close(fd);
	}
	return unused;
}

static double
measure_connects(long at_once)
{
	pthread_t thread[256];
	double began = now_s(), all = (double)count;
	long i;

	for (i = 0; i < at_once; i++)
		pthread_create(&thread[i], NULL, connects, NULL);
	for (i = 0; i < at_once; i++)
		pthread_join(thread[i], NULL);
	return all / (now_s() - began);
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double
measure_trips(void)
{
	double *took = calloc((size_t)count, sizeof(*took));
	char data[SIZE] = "ping";
	int fd = reach();
	double began;
	long i;

	for (i = -WARM_UP; i < count; i++) {
		began = now_s();
		whole(fd, data, SIZE, data, SIZE);
		if (i >= 0)
			took[i] = (now_s() - began) * 1e6;
	}
	qsort(took, (size_t)count, sizeof(*took), ascending);
	return took[count / 2];
}

/* What the socket takes now; true when all is sent. */
static bool
push(int fd, int file, long long each)
{
	off_t at = each - left[fd];

	if (sendfile(fd, file, &at, (size_t)left[fd]) < 0 && errno != EAGAIN)
		die("stream");
	left[fd] = each - at;
	return left[fd] == 0 && shutdown(fd, SHUT_WR) == 0;
}

static double
measure_stream(int file, long long each)
{
	struct epoll_event event, found[64];
	int i, n, fd, poll = epoll_create1(0);
	double began = now_s();
	long open = 0;
	char end;

	/* Who is connected sends: nobody waits for the last one. */
	for (; open < count; open++) {
		event.data.fd = fd = reach();
		fcntl(fd, F_SETFL, O_NONBLOCK);
		left[fd] = each;
		event.events = push(fd, file, each) ? EPOLLIN : EPOLLOUT;
		epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
	}
	while (open > 0) {
		n = epoll_wait(poll, found, 64, -1);
		for (i = 0; i < n; i++) {
			event.data.fd = fd = found[i].data.fd;
			event.events = EPOLLIN;
			if (left[fd] > 0 && push(fd, file, each))
				epoll_ctl(poll, EPOLL_CTL_MOD, fd, &event);
			else if (left[fd] == 0) {
				if (recv(fd, &end, 1, 0) != 0)
					die("stream");
				open--;
				close(fd);
			}
		}
	}
	return now_s() - began;
}

int
main(int argc, char *argv[])
{
	const char *what = argc > 4 ? argv[1] : "";
	struct stat file = { .st_size = 0 };
	int fd = -1;

	signal(SIGPIPE, SIG_IGN);
	target.sin_addr.s_addr = via.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (argc < 5)
		return 2;
	target.sin_port = htons((in_port_t)atoi(argv[2]));
	via.sin_port = htons((in_port_t)atoi(argv[3]));
	count = atol(argv[4]);
	socks = strcmp(what, "socks") == 0;
	if (strcmp(what, "stream") == 0) {
		if ((fd = open(argv[4], O_RDONLY)) == -1 || argc < 6)
			die("file");
		fstat(fd, &file);
		count = atol(argv[5]);
	}
	start_target(file.st_size);
	printf("%.6f\n", fd != -1 ? measure_stream(fd, file.st_size) :
	    strcmp(what, "trips") == 0 ? measure_trips() :
	    measure_connects(argc > 5 ? atol(argv[5]) : 1));
	return 0;
}
