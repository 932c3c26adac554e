/*
 * datagrams PORT COUNT PACE
 *
 * COUNT datagrams of 1,400 bytes to 127.0.0.1, PACE a second (0: as fast as
 * it goes, one system call each). Prints how many the kernel took.
 */
#define _GNU_SOURCE
#include <sys/socket.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long
blast(int fd, long count, double pace)
{
	char bytes[1400] = "datagram";
	double start = now_s();
	long taken = 0;

	for (long i = 0; i < count; i++) {
		while (pace > 0 && now_s() < start + (double)i / pace)
			continue;
		if (send(fd, bytes, sizeof(bytes), 0) == sizeof(bytes))
			taken++;
	}
	return taken;
}

int
main(int argc, char *argv[])
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 4) {
		fputs("usage: datagrams port count pace\n", stderr);
		return 2;
	}
	to.sin_port = htons((in_port_t)atoi(argv[1]));
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == -1) {
		perror("connect");
		return 1;
	}
	printf("%ld\n", blast(fd, atol(argv[2]), atof(argv[3])));
	return 0;
}
