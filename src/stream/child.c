#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/signals.h"
#include "net/address.h"
#include "net/transport.h"
#include "stream/child.h"
#include "sys/sys.h"

#define HANG_UP	CLOCK_SECOND		/* from the peer's end to SIGHUP */
#define KILL	(5 * CLOCK_SECOND)	/* from that to SIGKILL */

struct child {
	const char *command;
	pid_t	 pid;		/* 0 once it was reaped */
	int	 end;		/* readable once it has ended */
	int	 status;	/* of waitpid(2) */
	bool	 group;		/* pid is also a process group's */
	int	 next_signal;	/* SIGHUP, then SIGKILL */
	int64_t	 signal_us;	/* when it is due */
};

static enum io
child_shutdown(struct stream *stream)
{
	if (stream->wfd != -1)
		close(stream->wfd);
	stream->wfd = -1;
	return IO_OK;
}

static bool
reap(struct child *child)
{
	pid_t pid;

	/* In this order, or an end between the two calls would be missed. */
	signals_child_seen(child->end);
	do
		pid = waitpid(child->pid, &child->status, WNOHANG);
	while (pid == -1 && errno == EINTR);
	if (pid == 0)
		return false;
	/* An unknown exit status is not a success: see ended. */
	if (pid == -1)
		child->status = -1;
	child->pid = 0;
	return true;
}

/* Its output is complete only if it has exited with status 0. */
static enum io
ended(struct stream *stream, const struct child *child)
{
	int status = child->status;

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return IO_EOF;
	if (stream->error[0] == '\0')
		snprintf(stream->error, sizeof(stream->error), "'%.100s' %s %d",
		    child->command, WIFSIGNALED(status) ?
		    "was ended by signal" : "exited with status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
		    WEXITSTATUS(status));
	return IO_FAIL;
}

static enum io
child_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct child *child = stream->priv;
	enum io answer;

	*done = 0;
	if (stream->rfd != child->end) {
		answer = stream_read(stream, data, size, done);
		if (answer != IO_EOF)
			return answer;
		close(stream->rfd);
		stream->rfd = child->end;
		stream->caps &= ~(unsigned)(STREAM_RAW_INPUT |
		    STREAM_PIPE_INPUT);
	}
	if (child->pid != 0 && !reap(child))
		return IO_WANT_READ;
	return ended(stream, child);
}

static void
child_free(struct child *child)
{
	close(child->end);
	free(child);
}

/* Closes our ends of its pipes. Returns the child if it still runs. */
static struct child *
hang_up(struct stream *stream)
{
	struct child *child = stream->priv;

	child_shutdown(stream);
	if (child == NULL)
		return NULL;
	if (stream->rfd != child->end)
		close(stream->rfd);
	stream->rfd = -1;
	stream->priv = NULL;
	if (child->pid != 0 && !reap(child))
		return child;
	child_free(child);
	return NULL;
}

static void
child_close(struct stream *stream)
{
	struct child *child = hang_up(stream);

	if (child != NULL)
		child_free(child);
}

struct child *
child_leave(struct stream *stream)
{
	struct child *child = hang_up(stream);

	if (child != NULL)
		child->signal_us = clock_deadline(HANG_UP);
	return child;
}

void
child_watch(const struct child *child, struct loop *loop)
{
	loop_watch(loop, child->end, POLLIN);
	loop_until(loop, child->signal_us);
}

bool
child_step(struct child *child, const struct loop *loop)
{
	if (reap(child)) {
		child_free(child);
		return true;
	}
	if (loop_passed(loop, child->signal_us)) {
		diag_say(2, "the peer is gone, command '%s' still runs: "
		    "sending signal %d", child->command, child->next_signal);
		kill(child->group ? -child->pid : child->pid,
		    child->next_signal);
		child->signal_us = child->next_signal == SIGKILL ?
		    CLOCK_NEVER : clock_deadline(KILL);
		child->next_signal = SIGKILL;
	}
	return false;
}

#define VARIABLES	10
#define VARIABLE	(ADDRESS_TEXT + 24)

static void
describe(char text[VARIABLES][VARIABLE], int socket,
    const struct address *here, const struct address *peer)
{
	static const char *const prefix[] = { "NC", "NCAT" };
	char theirs[ADDRESS_TEXT], ours[ADDRESS_TEXT];
	size_t i;

	address_text(peer, theirs);
	address_text(here, ours);
	for (i = 0; i < 2; i++, text += VARIABLES / 2) {
		snprintf(text[0], VARIABLE, "%s_REMOTE_ADDR=%s", prefix[i],
		    theirs);
		snprintf(text[1], VARIABLE, "%s_REMOTE_PORT=%u", prefix[i],
		    address_port(peer));
		snprintf(text[2], VARIABLE, "%s_LOCAL_ADDR=%s", prefix[i],
		    ours);
		snprintf(text[3], VARIABLE, "%s_LOCAL_PORT=%u", prefix[i],
		    address_port(here));
		snprintf(text[4], VARIABLE, "%s_PROTO=%s", prefix[i],
		    transport_of_socket(socket)->label);
	}
}

static bool
is_described(char text[VARIABLES][VARIABLE], const char *entry)
{
	size_t i, length = strcspn(entry, "=") + 1;

	for (i = 0; i < VARIABLES; i++)
		if (strncmp(text[i], entry, length) == 0)
			return true;
	return false;
}

/*
 * Our environment with the variables replaced or added; NULL when there is no
 * memory. Not by setenv(3), which leaks each value that it replaces.
 */
static char **
surround(char text[VARIABLES][VARIABLE])
{
	size_t i, count = 0;
	char **all;

	for (i = 0; environ != NULL && environ[i] != NULL; i++)
		continue;
	all = calloc(i + VARIABLES + 1, sizeof(*all));
	for (i = 0; all != NULL && environ != NULL && environ[i] != NULL; i++)
		if (!is_described(text, environ[i]))
			all[count++] = environ[i];
	for (i = 0; all != NULL && i < VARIABLES; i++)
		all[count++] = text[i];
	return all;
}

/* In the new process; does not return. */
static void
execute(const struct child_config *config, char **words, int in, int out)
{
	if (dup2(in, STDIN_FILENO) == -1 || dup2(out, STDOUT_FILENO) == -1)
		_exit(126);
	if (config->group)
		setpgid(0, 0);
	sys_die_with_parent();
	signals_defaults();
	if (config->shell)
		execl("/bin/sh", "sh", "-c", config->command, (char *)NULL);
	else
		execvp(words[0], words);
	diag_error("cannot run '%s': %s", config->command, strerror(errno));
	_exit(127);
}

/* Splits text in place at blanks; NULL when there is no memory. */
static char **
split(char *text)
{
	char **words = calloc(strlen(text) / 2 + 2, sizeof(*words));
	size_t count = 0;

	while (words != NULL &&
	    (words[count] = strtok(count == 0 ? text : NULL, " \t")) != NULL)
		count++;
	return words;
}

static bool
start(struct child *child, const struct child_config *config,
    char variables[VARIABLES][VARIABLE], int fd[4])
{
	char *text = strdup(config->command), **all = surround(variables);
	char **words = text != NULL ? split(text) : NULL;
	int *hear = fd, *say = fd + 2, error;

	child->pid = -1;
	if (words != NULL && all != NULL && sys_pipe(hear, false) == 0 &&
	    sys_pipe(say, false) == 0)
		child->pid = fork();
	if (child->pid == 0) {
		environ = all;
		execute(config, words, hear[0], say[1]);
	}
	free(all);
	free(words);
	free(text);
	if (child->pid == -1)
		return false;
	/* In both processes, since either may run first. */
	if (config->group)
		setpgid(child->pid, child->pid);
	child->end = signals_child_end(child->pid);
	/* Only our ends: each end of a pipe has a description of its own. */
	fcntl(hear[1], F_SETFL, O_NONBLOCK);
	fcntl(say[0], F_SETFL, O_NONBLOCK);
	if (child->end != -1)
		return true;
	/* Its end could not be noticed: do not let it run. */
	error = errno;
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	errno = error;
	return false;
}

static void
close_all(const int fd[4])
{
	int i, error = errno;

	for (i = 0; i < 4; i++)
		if (fd[i] != -1)
			close(fd[i]);
	errno = error;
}

bool
child_open(struct stream *stream, const struct child_config *config,
    int socket, const struct address *here, const struct address *peer)
{
	static const struct stream_ops ops = {
		.read = child_read,
		.write = stream_write,
		.shutdown = child_shutdown,
		.close = child_close,
	};
	struct child *child = calloc(1, sizeof(*child));
	char variables[VARIABLES][VARIABLE];
	int fd[4] = { -1, -1, -1, -1 };

	describe(variables, socket, here, peer);
	if (child == NULL || !start(child, config, variables, fd)) {
		diag_error("cannot start '%s': %s", config->command,
		    strerror(errno));
		close_all(fd);
		free(child);
		return false;
	}
	close(fd[0]);
	close(fd[3]);
	child->command = config->command;
	child->group = config->group;
	child->next_signal = SIGHUP;
	*stream = (struct stream){
		.ops = &ops,
		.priv = child,
		.rfd = fd[2],
		.wfd = fd[1],
		.caps = STREAM_ANSWERS | STREAM_MAY_LEAVE |
		    STREAM_RAW_INPUT | STREAM_RAW_OUTPUT |
		    STREAM_PIPE_INPUT | STREAM_PIPE_OUTPUT,
		.input = "command",
		.output = "command",
		.code = EXIT_NETWORK,
	};
	return true;
}
