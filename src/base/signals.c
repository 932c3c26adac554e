#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/signals.h"
#include "sys/sys.h"

/* A path that we have made; the list begins with the latest. */
struct name {
	struct name *next;
	dev_t	 device;	/* of the file we made; inode 0: unknown */
	ino_t	 inode;
	char	 path[];	/* "" once it is removed */
};

static struct name *volatile names;
static volatile sig_atomic_t asked;
static pid_t owner;	/* a forked child must not remove its parent's paths */

/* Another process may have replaced the file: then it is not ours to remove. */
static bool
is_another(const struct name *name)
{
	struct stat now;

	return name->inode != 0 && lstat(name->path, &now) == 0 &&
	    (now.st_ino != name->inode || now.st_dev != name->device);
}

/* Only async-signal-safe calls: this runs in the handler. */
static void
take_away(struct name *name)
{
	if (getpid() == owner && name->path[0] != '\0' && !is_another(name) &&
	    unlink(name->path) == -1)
		rmdir(name->path);
	name->path[0] = '\0';
}

void
signals_end(void)
{
	struct name *name;

	for (name = names; name != NULL; name = name->next)
		take_away(name);
}

static void
handle(int signal_number)
{
	diag_end_line();
	signals_end();
	/* In process 1 of a namespace default actions do nothing: it exits. */
	signals_die(signal_number);
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
	/* Where it is ignored, waitpid(2) knows of no child (ECHILD). */
	signal(SIGCHLD, SIG_DFL);
	sigaction(SIGUSR1, &question, NULL);
	for (i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		if (sigaction(deadly[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaction(deadly[i], &ours, NULL);
}

static int end_pipe[2];
static volatile sig_atomic_t ending;

static void
note_end(int signal_number)
{
	int error = errno;

	/* The pipe is empty, so this cannot block. */
	ending = write(end_pipe[1], "", 1) == 1 ? signal_number : ending;
	errno = error;
}

int
signals_take_end(void)
{
	static const int taken[] = { SIGINT, SIGTERM };
	struct sigaction now, once = { .sa_handler = note_end,
	    .sa_flags = SA_RESTART | (int)SA_RESETHAND };
	size_t i;

	if (sys_pipe(end_pipe, true) == -1)
		return -1;
	for (i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (sigaction(taken[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaction(taken[i], &once, NULL);
	return end_pipe[0];
}

int
signals_ending(void)
{
	return ending;
}

/* Write ends of the pipes of those who wait for a child; 0: a free place. */
#define WAITING	1024
static volatile sig_atomic_t waiting[WAITING];

/* EAGAIN: the pipe is readable already; EPIPE: its reader has closed it. */
static void
note_child(int signal_number)
{
	int i, error = errno;

	(void)signal_number;
	for (i = 0; i < WAITING; i++)
		if (waiting[i] != 0 && write(waiting[i], "", 1) == -1 &&
		    errno == EPIPE) {
			close(waiting[i]);
			waiting[i] = 0;
		}
	errno = error;
}

/* The read end of a pipe that is readable whenever a child has ended. */
static int
any_child_end(void)
{
	struct sigaction child = { .sa_handler = note_child,
	    .sa_flags = SA_RESTART | SA_NOCLDSTOP };
	int i, ends[2];

	for (i = 0; i < WAITING && waiting[i] != 0; i++)
		;
	if (i == WAITING)
		errno = EMFILE;
	if (i == WAITING || sys_pipe(ends, true) == -1)
		return -1;
	waiting[i] = ends[1];
	sigaction(SIGCHLD, &child, NULL);
	return ends[0];
}

int
signals_child_end(pid_t pid)
{
	int fd = sys_child_end(pid);

	return fd != -1 ? fd : any_child_end();
}

void
signals_child_seen(int fd)
{
	char octets[64];

	while (read(fd, octets, sizeof(octets)) > 0)
		;
}

void
signals_defaults(void)
{
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
}

void
signals_hold(sigset_t *before)
{
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, before);
}

void
signals_release(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int
signals_thread(pthread_t *thread, void *(*work)(void *), void *argument)
{
	sigset_t before;
	pthread_t detached;
	int error;

	signals_hold(&before);
	error = pthread_create(thread != NULL ? thread : &detached, NULL, work,
	    argument);
	signals_release(&before);
	if (error == 0 && thread == NULL)
		pthread_detach(detached);
	return error;
}

bool
signals_remember(const char *path)
{
	struct stat file = { .st_ino = 0 };
	size_t size = strlen(path) + 1;
	struct name *name = malloc(sizeof(*name) + size);

	if (name == NULL)
		return false;
	memcpy(name->path, path, size);
	lstat(path, &file);
	name->device = file.st_dev;
	name->inode = file.st_ino;
	name->next = names;
	names = name;
	return true;
}

void
signals_forget(const char *path)
{
	struct name *name, **place;
	sigset_t before;

	signals_hold(&before);
	for (place = (struct name **)&names; (name = *place) != NULL;
	    place = &name->next)
		if (strcmp(name->path, path) == 0) {
			take_away(name);
			*place = name->next;
			free(name);
			break;
		}
	signals_release(&before);
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
