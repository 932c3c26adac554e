#include "base/clock.h"
#include "base/diag.h"
#include "base/retry.h"
#include "cli/options.h"
#include "connect/dial.h"
#include "connect/greet.h"
#include "mode/mode.h"
#include "mode/session.h"

/* One try: connected, wrapped, and with hands shaken. */
static int
reach(const struct options *options, const struct dial_config *config,
    int64_t deadline_us, struct stream *peer)
{
	struct address address;
	int fd, code = dial(config, deadline_us, &fd, &address);

	if (code != EXIT_DONE)
		return code;
	if (!session_wrap(options, fd, &address, peer))
		return EXIT_LOCAL;
	return greet(peer, &address, deadline_us, config->quiet);
}

int
mode_client(const struct options *options)
{
	struct dial_config config = {
		.endpoint = options->endpoint,
		.socket = options->socket,
	};
	struct stream peer;
	struct retry retry;
	int64_t deadline_us;
	int code;

	code = session_begin(options);
	if (code != EXIT_DONE)
		return code;
	retry_begin(&retry, options->await_us, options->deadline_us);
	do {
		config.quiet = !retry.last;
		deadline_us = clock_earlier(retry.until_us,
		    clock_deadline(options->connect_us));
		code = reach(options, &config, deadline_us, &peer);
	} while (retry_next(&retry, code, options->endpoint.host,
	    options->ports_text));
	return code == EXIT_DONE ? session_run(options, &peer) : code;
}
