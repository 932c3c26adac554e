#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "cli/options.h"
#include "connect/greet.h"
#include "connect/listener.h"
#include "connect/lobby.h"
#include "mode/mode.h"
#include "mode/session.h"

/*
 * With a command each peer has a process of its own, so that none waits for
 * another; at most max_conns of them.
 */
static void
serve_apart(const struct options *options, struct stream *peer,
    struct lobby *lobby, int *running)
{
	pid_t pid;

	while (*running > 0 && waitpid(-1, NULL,
	    *running < options->max_conns ? WNOHANG : 0) > 0)
		(*running)--;
	pid = fork();
	if (pid == 0) {
		/* The port must be free when the server is gone. */
		listener_leave(lobby->listener);
		lobby_close(lobby);
		diag_exit(session_run(options, peer));
	}
	if (pid == -1)
		diag_error("cannot fork for a peer: %s", strerror(errno));
	else
		(*running)++;
	peer->ops->close(peer);
}

static int
in_time(int code)
{
	if (code == EXIT_TIME)
		diag_error("no peer came in time (--timeout)");
	return code;
}

/* The next peer, wrapped. */
static int
accept_peer(const struct options *options, struct listener *listener,
    struct address *address, struct stream *peer)
{
	int fd, code = in_time(listener_await(listener, options->deadline_us,
	    &fd, address));

	if (code == EXIT_DONE && !session_wrap(options, fd, address, peer))
		return EXIT_LOCAL;
	return code;
}

/* The same, who has also shaken hands. */
static int
admit(const struct options *options, struct lobby *lobby, struct stream *peer)
{
	struct address address;

	return options->tls.on ?
	    in_time(lobby_admit(lobby, options->deadline_us, peer)) :
	    accept_peer(options, lobby->listener, &address, peer);
}

/* One peer's trouble is told and done with; ours ends the server. */
static int
serve_all(const struct options *options, struct listener *listener)
{
	static struct lobby lobby;
	struct stream peer;
	int code, running = 0;

	lobby.listener = listener;
	lobby.tls = session_tls();
	lobby.limit_us = options->connect_us != CLOCK_UNSET ?
	    options->connect_us : GREET_LIMIT;
	for (;;) {
		code = admit(options, &lobby, &peer);
		if (code != EXIT_DONE)
			return code;
		if (options->child.command != NULL) {
			serve_apart(options, &peer, &lobby, &running);
			continue;
		}
		code = session_run(options, &peer);
		if (code == EXIT_LOCAL || code > EXIT_SIGNAL ||
		    options->endpoint.type == SOCK_DGRAM ||
		    clock_passed(options->deadline_us))
			return code;
	}
}

static int
serve_one(const struct options *options, struct listener *listener)
{
	struct address address;
	struct stream peer;
	int code = accept_peer(options, listener, &address, &peer);

	if (code != EXIT_DONE)
		return code;
	if (options->endpoint.type == SOCK_STREAM)
		listener_close(listener);
	code = greet(&peer, &address, clock_deadline(options->connect_us),
	    false);
	return code == EXIT_DONE ? session_run(options, &peer) : code;
}

int
mode_listen(const struct options *options)
{
	struct listener_config config = {
		.endpoint = options->endpoint,
		.socket = options->socket,
		.output = options->child.command == NULL &&
		    !options->local.no_output ? STDOUT_FILENO : -1,
		.deadline_us = options->deadline_us,
	};
	struct listener listener;
	int code = session_begin(options);

	config.invitation = tls_invitation(session_tls());
	if (code == EXIT_DONE)
		code = listener_open(&listener, &config);
	if (code != EXIT_DONE)
		return code;
	return options->keep_open ? serve_all(options, &listener) :
	    serve_one(options, &listener);
}
