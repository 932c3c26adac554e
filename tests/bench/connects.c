/*
 * connects PORT COUNT
 *
 * COUNT connections to 127.0.0.1, one after the other: 64 bytes, our end, the
 * peer's end awaited. Prints connections a second.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <sys/time.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int
one(const struct sockaddr_in *to)
{
	const struct timeval patience = { .tv_sec = 3 };
	char bytes[64] = "hello";
	ssize_t n = -1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
	    write(fd, bytes, sizeof(bytes)) == sizeof(bytes) &&
	    shutdown(fd, SHUT_WR) == 0)
		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			continue;
	close(fd);
	return n == 0 ? 0 : -1;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	double start = now_s();
	long count;

	if (argc != 3) {
		fputs("usage: connects port count\n", stderr);
		return 2;
	}
	to.sin_port = htons((in_port_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	count = atol(argv[2]);
	for (long i = 0; i < count; i++)
		if (one(&to) == -1) {
			perror("connects");
			return 1;
		}
	printf("%.3f\n", (double)count / (now_s() - start));
	return 0;
}
