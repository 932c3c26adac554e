#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/signals.h"

#define PATHS	4

static struct {
	char	 path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	dev_t	 device;	/* what it named; inode 0: not known */
	ino_t	 inode;
} remembered[PATHS];
static volatile sig_atomic_t paths;
static volatile sig_atomic_t asked;
static pid_t owner;	/* a forked child must not remove its parent's paths */

/* Somebody may have put a thing of his own where ours was. */
static bool
is_another(int i)
{
	struct stat now;

	return remembered[i].inode != 0 &&
	    lstat(remembered[i].path, &now) == 0 &&
	    (now.st_ino != remembered[i].inode ||
	    now.st_dev != remembered[i].device);
}

/* Only async-signal-safe calls: this runs in the handler. */
void
signals_end(void)
{
	if (getpid() != owner)
		return;
	while (paths > 0) {
		paths--;
		if (is_another(paths))
			continue;
		if (unlink(remembered[paths].path) == -1)
			rmdir(remembered[paths].path);
	}
}

static void
handle(int signal_number)
{
	diag_end_line();
	signals_end();
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void
note(int signal_number)
{
	(void)signal_number;
	asked = 1;
}

bool
signals_asked(void)
{
	if (asked == 0)
		return false;
	asked = 0;
	return true;
}

void
signals_begin(void)
{
	static const int deadly[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
	    SIGALRM, SIGUSR2, SIGXCPU };
	struct sigaction now, ours = { .sa_handler = handle };
	struct sigaction question = { .sa_handler = note,
	    .sa_flags = SA_RESTART };
	size_t i;

	owner = getpid();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	/* Where it is ignored, nobody can ask how a command has ended. */
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGUSR1, &question, NULL);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaction(deadly[i], &ours, NULL);
}

void
signals_defaults(void)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
}

bool
signals_remember(const char *text)
{
	struct stat file = { .st_ino = 0 };

	if (paths == PATHS || strlen(text) >= sizeof(remembered[0].path))
		return false;
	strcpy(remembered[paths].path, text);
	lstat(text, &file);
	remembered[paths].device = file.st_dev;
	remembered[paths].inode = file.st_ino;
	paths++;
	return true;
}

void
signals_die(int signal_number)
{
	sigset_t all;

	signal(signal_number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	raise(signal_number);
	_exit(128 + signal_number);
}
