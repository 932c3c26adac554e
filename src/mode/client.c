#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/loop.h"
#include "cli/options.h"
#include "connect/connector.h"
#include "mode/confine.h"
#include "mode/mode.h"
#include "mode/session.h"
#include "net/socket.h"

/* Connects, with the handshake. Returns an exit code. */
static int
reach(const struct options *options, struct session *session)
{
	const struct connector_config config = {
		.endpoint = options->endpoint,
		.port_text = options->ports_text,
		.socket = options->socket,
		.hop = options->hop,
		.hops = options->hops,
		.tls = session_tls(),
		.try_us = options->connect_us,
		.await_us = options->await_us,
		.deadline_us = options->deadline_us,
		.wrap = session_wrap,
		.context = options,
	};
	struct connector connector;
	struct loop loop;

	loop_open(&loop);
	connector_begin(&connector, &config, &session->peer);
	while (!connector_step(&connector, &loop)) {
		loop_begin(&loop);
		connector_watch(&connector, &loop);
		loop_run_once(&loop);
	}
	loop_close(&loop);
	session->address = connector.peer;
	return connector.code;
}

/* -F: our parent takes over the connection. */
static int
hand_over(struct stream *peer)
{
	int error = socket_pass(peer->rfd, STDOUT_FILENO);

	if (error != 0) {
		socket_abortive(peer->rfd, true);
		diag_error("cannot pass the connection to stdout: %s",
		    error == ENOTSOCK ? "it is not a UNIX socket" :
		    strerror(error));
	}
	peer->ops->close(peer);
	return error == 0 ? EXIT_DONE : EXIT_LOCAL;
}

int
mode_client(const struct options *options)
{
	static struct session session;
	int code = session_prepare(options);

	if (code == EXIT_DONE) {
		confine(options);
		code = reach(options, &session);
	}
	socket_forget_key(&options->socket);
	if (code != EXIT_DONE) {
		stdio_abandon(&options->local);
		return code;
	}
	if (options->pass_fd)
		return hand_over(&session.peer);
	session_begin(&session, options);
	return session_run(&session);
}
