#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "cli/options.h"
#include "connect/connector.h"
#include "mode/mode.h"
#include "mode/session.h"

static bool
wrap(const void *options, int fd, const struct address *peer,
    struct stream *stream)
{
	return session_wrap(options, fd, peer, stream);
}

/* Connected, wrapped, and with hands shaken. */
static int
reach(const struct options *options, struct stream *peer)
{
	const struct connector_config config = {
		.endpoint = options->endpoint,
		.port_text = options->ports_text,
		.socket = options->socket,
		.try_us = options->connect_us,
		.await_us = options->await_us,
		.deadline_us = options->deadline_us,
		.wrap = wrap,
		.context = options,
	};
	struct connector connector;
	struct loop loop;

	loop_open(&loop);
	connector_begin(&connector, &config, peer);
	while (!connector_step(&connector, &loop)) {
		loop_begin(&loop);
		connector_watch(&connector, &loop);
		loop_run_once(&loop);
	}
	loop_close(&loop);
	return connector.code;
}

int
mode_client(const struct options *options)
{
	struct stream peer;
	int code = session_begin(options);

	if (code == EXIT_DONE)
		code = reach(options, &peer);
	return code == EXIT_DONE ? session_run(options, &peer) : code;
}
