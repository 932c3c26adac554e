#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signals.h"
#include "stream/child.h"

/* Between two looks whether a command has ended, where time is limited. */
#define NAP_MS	10

struct child {
	const char *command;
	pid_t	 pid;
	int	 status;	/* of waitpid(2) */
};

static enum io
child_shutdown(struct stream *stream)
{
	if (stream->wfd != -1)
		close(stream->wfd);
	stream->wfd = -1;
	return IO_OK;
}

static void
child_close(struct stream *stream)
{
	child_shutdown(stream);
	if (stream->rfd != -1)
		close(stream->rfd);
	stream->rfd = -1;
}

/* Never returns: becomes the command. */
static void
become(const struct child_config *config, int in, int out)
{
	char *text = strdup(config->command), **words;
	size_t count = 0;

	words = calloc(strlen(config->command) / 2 + 2, sizeof(*words));
	if (text == NULL || words == NULL || dup2(in, STDIN_FILENO) == -1 ||
	    dup2(out, STDOUT_FILENO) == -1)
		_exit(126);
	signals_defaults();
	if (config->shell)
		execl("/bin/sh", "sh", "-c", text, (char *)NULL);
	while ((words[count] = strtok(text, " \t")) != NULL) {
		text = NULL;
		count++;
	}
	if (count > 0)
		execvp(words[0], words);
	diag_error("cannot run '%s': %s", config->command, strerror(errno));
	_exit(127);
}

static bool
start(struct child *child, const struct child_config *config, int hear[2],
    int say[2])
{
	if (pipe2(hear, O_CLOEXEC) == -1 || pipe2(say, O_CLOEXEC) == -1)
		return false;
	child->command = config->command;
	child->pid = fork();
	if (child->pid == -1)
		return false;
	if (child->pid == 0)
		become(config, hear[0], say[1]);
	close(hear[0]);
	close(say[1]);
	/* Our ends only: each end of a pipe has its own description. */
	fcntl(hear[1], F_SETFL, O_NONBLOCK);
	fcntl(say[0], F_SETFL, O_NONBLOCK);
	return true;
}

bool
child_open(struct stream *stream, const struct child_config *config)
{
	static const struct stream_ops ops = {
		.read = stream_read,
		.write = stream_write,
		.shutdown = child_shutdown,
		.close = child_close,
	};
	static struct child child;
	int hear[2] = { -1, -1 }, say[2] = { -1, -1 };

	if (!start(&child, config, hear, say)) {
		diag_error("cannot start '%s': %s", config->command,
		    strerror(errno));
		return false;
	}
	*stream = (struct stream){
		.ops = &ops,
		.priv = &child,
		.rfd = say[0],
		.wfd = hear[1],
		.caps = STREAM_ANSWERS | STREAM_MAY_LEAVE |
		    STREAM_RAW_INPUT | STREAM_RAW_OUTPUT |
		    STREAM_PIPE_INPUT | STREAM_PIPE_OUTPUT,
		.input = "command",
		.output = "command",
	};
	return true;
}

/* True when it has ended by then. */
static bool
await_end(struct child *child, int64_t deadline_us)
{
	int how = deadline_us == CLOCK_NEVER ? 0 : WNOHANG;
	pid_t pid;

	do {
		pid = waitpid(child->pid, &child->status, how);
		if (pid == 0)
			poll(NULL, 0, NAP_MS);
	} while ((pid == 0 && !clock_passed(deadline_us)) ||
	    (pid == -1 && errno == EINTR));
	return pid == child->pid;
}

int
child_end(struct stream *stream, int64_t deadline_us, int code, bool always)
{
	struct child *child = stream->priv;

	child_close(stream);
	if (code != EXIT_DONE && !always)
		return code;
	if (!await_end(child, deadline_us)) {
		kill(child->pid, SIGTERM);
		diag_error("command '%s' did not end in time (--timeout)",
		    child->command);
		return EXIT_TIME;
	}
	if (code != EXIT_DONE ||
	    (WIFEXITED(child->status) && WEXITSTATUS(child->status) == 0))
		return code;
	if (WIFSIGNALED(child->status))
		diag_error("command '%s' was ended by signal %d",
		    child->command, WTERMSIG(child->status));
	else
		diag_error("command '%s' exited with status %d",
		    child->command, WEXITSTATUS(child->status));
	return EXIT_NETWORK;
}
