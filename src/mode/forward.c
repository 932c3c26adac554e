#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "cli/options.h"
#include "mode/forward.h"
#include "mode/session.h"
#include "net/resolve.h"
#include "net/transport.h"
#include "stream/datagram.h"
#include "stream/demux.h"
#include "stream/plain.h"
#include "stream/tls.h"

/* Of connections with targets. */
static struct tls_context *tls;

/* The listener's address. */
static struct address own;

int
forward_prepare(const struct options *options)
{
	if (options->forward.tls.on &&
	    (tls = tls_context_open(&options->forward.tls)) == NULL)
		return EXIT_LOCAL;
	return EXIT_DONE;
}

bool
forward_leaves(const struct options *options, int listener)
{
	struct address_query to = options->forward.endpoint;
	struct address_list list;
	char text[ADDRESS_TEXT];

	socket_local(listener, &own);
	to.numeric = true;
	if (options->forward.asked || options->hops > 0 ||
	    resolve_run(&to, CLOCK_NEVER, &list) != 0 ||
	    !address_leads_to(&list.item[0], &own))
		return true;
	diag_error("--forward: %s is this listener itself",
	    address_port_text(&list.item[0], text));
	return false;
}

/* The address that the peer has connected to; NULL if no target can be it. */
static const struct address *
here(const struct session *session, struct address *address)
{
	const struct options *options = session->options;

	if (options->forward.asked || options->hops > 0 ||
	    options->forward.endpoint.port != address_port(&own))
		return NULL;
	if (session->demux != NULL)
		demux_here(&session->peer, address);
	else
		socket_local(session->fd, address);
	return address;
}

/* Does not wait: the send buffer of a new connection has room. */
static bool
send_header(const struct session *session, int fd)
{
	const struct options *options = session->options;
	uint8_t data[PROXY_HEADER];
	struct address here = session->reached;
	size_t size;

	if (here.length == 0)
		socket_local(session->peer.rfd, &here);
	size = proxy_header_make(options->forward.header,
	    options->endpoint.type, &session->address, &here, data);
	if (send(fd, data, size, MSG_NOSIGNAL) == (ssize_t)size)
		return true;
	diag_error("cannot send a PROXY header: %s", strerror(errno));
	close(fd);
	return false;
}

/* The connector's wrap; not called for targets behind a TLS proxy. */
static bool
wrap(const void *context, int fd, const struct address *to,
    struct stream *target)
{
	const struct session *session = context;
	const struct options *options = session->options;
	const struct address_query *end = &options->forward.endpoint;
	const struct datagram_config datagram = { .connected = true,
	    .single = true, .peer = *to };
	bool good;

	if (options->forward.header != 0 && !send_header(session, fd))
		return false;
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
forward_open(const struct options *options)
{
	bool asked = options->forward.asked;
	size_t size = offsetof(struct dial, request);
	struct dial *dial = malloc(asked ? sizeof(*dial) : size);

	if (dial == NULL) {
		diag_error("no memory for a peer");
		return NULL;
	}
	memset(dial, 0, size);
	if (asked)
		request_begin(&dial->request, &options->forward.request);
	return dial;
}

void
forward_close(struct dial *dial)
{
	if (dial == NULL)
		return;
	if (dial->config.wrap != NULL)
		connector_close(&dial->connector);
	free(dial);
}

bool
forward_dial(struct session *session)
{
	const struct options *options = session->options;
	bool asked = options->forward.asked;
	struct dial *dial = session->dial;

	if (dial == NULL)
		dial = session->dial = forward_open(options);
	if (dial == NULL)
		return false;
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
		.context = session,
		.unsaid = true,
		.allow = asked && options->hops == 0 ?
		    &options->forward.allow : NULL,
		.deny = &options->forward.deny,
		.not = here(session, &dial->here),
	};
	if (asked) {
		dial->config.endpoint.host = dial->request.host;
		dial->config.endpoint.port = dial->request.port;
	}
	connector_begin(&dial->connector, &dial->config, &session->local);
	return true;
}

void
forward_ready(struct session *session)
{
	struct stream *target = &session->local;
	const struct address_query *to = &session->dial->config.endpoint;
	char theirs[SOCKET_TEXT], ours[SOCKET_TEXT], behind[ADDRESS_NAME + 16];

	/* A failure of the target is not a local failure. */
	target->input = target->output = "target";
	target->code = EXIT_NETWORK;
	if (!diag_wants(1))
		return;
	snprintf(behind, sizeof(behind), " to %s port %u", to->host, to->port);
	diag_say(1, "%s, forwarded by %s%s", socket_text(session->fd,
	    &session->address, theirs), socket_text(target->wfd,
	    &session->dial->connector.peer, ours),
	    session->options->hops > 0 ? behind : "");
}

void
forward_answer(struct session *session, bool good)
{
	struct dial *dial = session->dial;
	int error = dial->connector.error;
	struct address bound;

	if (good)
		socket_local(session->local.rfd, &bound);
	request_answer(&dial->request, good ? 0 : error != 0 ? error : EIO,
	    good ? &bound : NULL);
}
