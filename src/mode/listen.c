#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "cli/options.h"
#include "connect/listener.h"
#include "mode/confine.h"
#include "mode/forward.h"
#include "mode/mode.h"
#include "mode/resume.h"
#include "mode/server.h"
#include "mode/session.h"
#include "net/transport.h"

#define GO_ON	(-1)

static int
in_time(int code)
{
	if (code == EXIT_TIME)
		diag_error("no peer connected in time (--timeout)");
	return code;
}

/*
 * With --out the listener stays open until a byte has arrived. Returns GO_ON if
 * none has: a port scan does not use up the listener.
 */
static int
serve_next(const struct options *options, struct listener *listener,
    struct session *session)
{
	bool stays = transport_can(&options->endpoint, TRANSPORT_CONNECTS);
	bool early = options->local.out.path == NULL ||
	    options->local.allow_empty;
	struct address peer;
	struct loop loop;
	int fd, code;

	code = in_time(listener_await(listener, options->deadline_us, &fd,
	    &peer));
	if (code != EXIT_DONE)
		return code;
	session_accept(session, options, fd, &peer, NULL);
	loop_open(&loop);
	do {
		if (stays && (early || session->stdio.written)) {
			listener_close(listener);
			stays = false;
		}
	} while (session_round(session, &loop));
	loop_close(&loop);
	return session_was_nothing(session) ? GO_ON : session->code;
}

/* Serves one peer. */
static int
serve_one(const struct options *options, struct listener *listener)
{
	static struct session session;
	int code;

	do {
		code = serve_next(options, listener, &session);
	} while (code == GO_ON && !clock_passed(options->deadline_us));
	return code == GO_ON ? EXIT_TIME : code;
}

int
mode_listen(const struct options *options)
{
	struct listener_config config = {
		.endpoint = options->endpoint,
		.socket = options->socket,
		.output = options->child.command == NULL &&
		    !options->local.no_output && !options->forward.on &&
		    options->local.out.path == NULL ? STDOUT_FILENO : -1,
		.allow = &options->allow,
		.deny = &options->deny,
		.deadline_us = options->deadline_us,
	};
	struct listener listener;
	int code = session_prepare(options);

	config.invitation = tls_invitation(session_tls());
	config.arguments = resume_arguments();
	if (config.invitation == NULL && config.arguments[0] != '\0')
		config.invitation = options->tls.psk != NULL ?
		    "nc-lite -c --psk FILE" :
		    options->tls.on ? "nc-lite -c" : "nc-lite";
	if (code == EXIT_DONE)
		code = listener_open(&listener, &config);
	socket_forget_key(&options->socket);
	if (code != EXIT_DONE)
		return code;
	if (options->forward.on && !forward_leaves(options, listener.fd))
		return EXIT_LOCAL;
	confine(options);
	return (listener.datagrams ? options->sessions : options->keep_open) ?
	    server_run(options, &listener) : serve_one(options, &listener);
}
