#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signals.h"
#include "base/retry.h"
#include "cli/options.h"
#include "connect/greet.h"
#include "mode/mode.h"
#include "mode/session.h"
#include "scan/scan.h"
#include "stream/tls.h"

/* Becomes the command; returns only when that cannot be. */
static int
become(char *const command[])
{
	signals_defaults();
	execvp(command[0], command);
	diag_error("cannot run '%s': %s", command[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

/* Shakes hands, and goes as it should (-zc). */
static int
visit(const void *options, int fd, const struct address *to,
    int64_t deadline_us, bool quiet, struct tls_facts *facts)
{
	struct stream peer;
	int code;

	if (!session_wrap(options, fd, to, &peer))
		return EXIT_LOCAL;
	peer.facts = facts;
	code = greet(&peer, to, deadline_us, quiet);
	strlcpy(facts->failure, peer.error, sizeof(facts->failure));
	if (code != EXIT_DONE)
		return code;
	socket_abortive(fd, false);
	peer.ops->shutdown(&peer);
	peer.ops->close(&peer);
	return EXIT_DONE;
}

int
mode_scan(const struct options *options)
{
	struct scan_config config = options->scan;
	struct retry retry;
	int code = session_prepare(options);

	if (code != EXIT_DONE)
		return code;
	config.endpoint = options->endpoint;
	config.ports = &options->ports;
	config.port_us = options->connect_us;
	config.interval_us = options->interval_us;
	config.socket = options->socket;
	config.visit = options->tls.on ? visit : NULL;
	config.visitor = options;
	/* Not before the last one is what one waits for. */
	config.all |= options->await_us != CLOCK_UNSET;
	retry_begin(&retry, options->await_us, options->deadline_us);
	do
		code = scan_run(&config, retry.until_us, !retry.last);
	while (retry_next(&retry, code, options->endpoint.host,
	    options->ports_text));
	if (code == EXIT_DONE && options->command != NULL)
		return become(options->command);
	return code;
}
