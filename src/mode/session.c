#include <unistd.h>

#include "base/diag.h"
#include "cli/options.h"
#include "mode/session.h"
#include "stream/datagram.h"
#include "stream/named.h"
#include "stream/plain.h"
#include "stream/tls.h"

/* Of the peers. */
static struct tls_context *tls;

int
session_begin(const struct options *options)
{
	if (options->tls.on && (tls = tls_context_open(&options->tls)) == NULL)
		return EXIT_LOCAL;
	return report_prepare(&options->report) &&
	    stdio_name(&options->local) ? EXIT_DONE : EXIT_LOCAL;
}

struct tls_context *
session_tls(void)
{
	return tls;
}

bool
session_wrap(const struct options *options, int fd,
    const struct address *peer, struct stream *stream)
{
	const struct datagram_config datagram = {
		.connected = options->mode == MODE_CLIENT,
		.any_peer = options->keep_open,
		.limit = options->datagrams,
		.peer = *peer,
	};

	if (options->endpoint.type == SOCK_STREAM) {
		plain_open(stream, fd);
		if (!options->tls.on || tls_open(stream, tls))
			return true;
	} else if (datagram_open(stream, fd, &datagram))
		return true;
	diag_error("no memory for a peer");
	close(fd);
	return false;
}

/* Closes both ends, which have come to theirs. Returns the exit code. */
static int
end(const struct options *options, struct stream *local, struct stream *peer,
    int code)
{
	peer->ops->close(peer);
	if (options->child.command != NULL)
		return child_end(local, options->deadline_us, code,
		    options->keep_open);
	local->ops->close(local);
	return code == EXIT_DONE && named_is_left() ? EXIT_NETWORK : code;
}

/* From the first byte to the last. Returns the exit code. */
static int
run(struct relay *relay)
{
	struct loop loop;

	loop_open(&loop);
	for (;;) {
		relay_step(relay, &loop);
		if (relay->state == RELAY_DONE)
			break;
		loop_begin(&loop);
		relay_watch(relay, &loop);
		loop_run_once(&loop);
	}
	loop_close(&loop);
	outcome_say(&relay->outcome);
	return relay->outcome.code;
}

int
session_run(const struct options *options, struct stream *peer)
{
	struct report report;
	struct stream local;
	struct relay relay;
	int code;

	if (options->child.command == NULL ?
	    !stdio_open(&local, &options->local) :
	    !child_open(&local, &options->child)) {
		peer->ops->close(peer);
		return EXIT_LOCAL;
	}
	if (!report_begin(&report, &options->report, peer))
		return end(options, &local, peer, EXIT_LOCAL);
	relay_open(&relay, &local, peer, &options->relay, &report.watch);
	code = run(&relay);
	relay_close(&relay);
	code = end(options, &local, peer, code);
	report_end(&report, &relay.outcome, code);
	return code;
}
