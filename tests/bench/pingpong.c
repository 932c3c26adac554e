/*
 * pingpong ping COUNT	sends 64 bytes on stdout, awaits 64 on stdin, COUNT
 *			times; prints the median round trip (us) on stderr
 * pingpong echo	sends back what it gets until its end
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, WARM_UP = 200 };

static double
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int
round_trip(void)
{
	char message[SIZE] = "ping";
	ssize_t n;

	if (write(STDOUT_FILENO, message, SIZE) != SIZE)
		return -1;
	for (size_t got = 0; got < SIZE; got += (size_t)n)
		if ((n = read(STDIN_FILENO, message, SIZE - got)) <= 0)
			return -1;
	return 0;
}

static int
ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int
ping(size_t count)
{
	double *took = calloc(count, sizeof(*took));

	if (took == NULL)
		return 1;
	for (int i = 0; i < WARM_UP; i++)
		if (round_trip() == -1)
			return 1;
	for (size_t i = 0; i < count; i++) {
		double start = now_us();

		if (round_trip() == -1)
			return 1;
		took[i] = now_us() - start;
	}
	qsort(took, count, sizeof(*took), ascending);
	fprintf(stderr, "%.3f\n", took[count / 2]);
	free(took);
	return 0;
}

static int
echo(void)
{
	char message[SIZE];
	ssize_t n;

	while ((n = read(STDIN_FILENO, message, SIZE)) > 0)
		if (write(STDOUT_FILENO, message, (size_t)n) != n)
			return 1;
	return n == 0 ? 0 : 1;
}

int
main(int argc, char *argv[])
{
	if (argc == 3 && strcmp(argv[1], "ping") == 0)
		return ping(strtoul(argv[2], NULL, 10));
	if (argc == 2 && strcmp(argv[1], "echo") == 0)
		return echo();
	fputs("usage: pingpong ping count | pingpong echo\n", stderr);
	return 2;
}
