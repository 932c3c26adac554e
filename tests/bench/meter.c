/*
 * meter OUT COUNT COMMAND [ARG ...]
 *
 * Runs the command COUNT times, one after the other, and writes a line for
 * each to OUT: start and end (monotonic, ns), wait status, user and system
 * time (us), peak memory (KiB).
 *
 * Linux counts the memory of the process that calls exec into the peak of the
 * program it becomes; this one is linked statically to stay below all others.
 */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static long long
now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static long long
time_us(struct timeval t)
{
	return t.tv_sec * 1000000LL + t.tv_usec;
}

static int
run(FILE *out, char *const argv[])
{
	struct rusage used;
	long long start = now_ns();
	pid_t pid = vfork();
	int status;

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid == -1 || wait4(pid, &status, 0, &used) != pid)
		return -1;
	fprintf(out, "%lld %lld %d %lld %lld %ld\n", start, now_ns(), status,
	    time_us(used.ru_utime), time_us(used.ru_stime), used.ru_maxrss);
	return 0;
}

int
main(int argc, char *argv[])
{
	FILE *out;

	if (argc < 4 || (out = fopen(argv[1], "we")) == NULL) {
		fputs("usage: meter out count command [arg ...]\n", stderr);
		return 2;
	}
	for (long left = atol(argv[2]); left > 0; left--)
		if (run(out, argv + 3) == -1)
			return 1;
	return fclose(out) == 0 ? 0 : 1;
}
