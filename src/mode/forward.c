#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "cli/options.h"
#include "mode/forward.h"
#include "mode/session.h"
#include "net/transport.h"
#include "stream/datagram.h"
#include "stream/plain.h"
#include "stream/tls.h"

/* Of the targets. */
static struct tls_context *tls;

int
forward_prepare(const struct options *options)
{
	if (options->forward.tls.on &&
	    (tls = tls_context_open(&options->forward.tls)) == NULL)
		return EXIT_LOCAL;
	return EXIT_DONE;
}

/* The connector's wrap, which is not asked where a proxy was passed by TLS. */
static bool
wrap(const void *context, int fd, const struct address *to,
    struct stream *target)
{
	const struct options *options = context;
	const struct address_query *end = &options->forward.endpoint;
	const struct datagram_config datagram = { .connected = true,
	    .peer = *to };
	bool good;

	if (transport_can(end, TRANSPORT_MESSAGES))
		good = datagram_open(target, fd, &datagram);
	else {
		plain_open(target, fd, transport_of(end));
		good = tls == NULL || tls_open(target, tls);
	}
	if (!good) {
		diag_error("no memory for a target");
		close(fd);
	}
	return good;
}

struct dial *
forward_dial(struct session *session)
{
	const struct options *options = session->options;
	struct dial *dial = calloc(1, sizeof(*dial));

	if (dial == NULL)
		return NULL;
	dial->config = (struct connector_config){
		.endpoint = options->forward.endpoint,
		.port_text = options->forward.port_text,
		.socket = options->forward.socket,
		.hop = options->hop,
		.hops = options->hops,
		.try_us = options->connect_us,
		.await_us = CLOCK_UNSET,
		.deadline_us = options->deadline_us,
		.tls = tls,
		.wrap = wrap,
		.context = options,
		.unsaid = true,
	};
	connector_begin(&dial->connector, &dial->config, &session->local);
	return dial;
}

void
forward_hang_up(struct dial *dial)
{
	if (dial == NULL)
		return;
	connector_close(&dial->connector);
	free(dial);
}

void
forward_ready(struct session *session)
{
	struct stream *target = &session->local;
	char theirs[SOCKET_TEXT], ours[SOCKET_TEXT];

	/* Whatever befalls the target is not our own failure. */
	target->input = target->output = "target";
	target->code = EXIT_NETWORK;
	if (diag_wants(1))
		diag_say(1, "%s, forwarded by %s", socket_text(
		    session->peer.rfd, &session->address, theirs),
		    socket_text(target->rfd, &session->dial->connector.peer,
		    ours));
}
