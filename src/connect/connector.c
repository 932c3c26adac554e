#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "connect/connector.h"
#include "connect/greet.h"
#include "connect/proxy.h"
#include "connect/race.h"
#include "net/access.h"
#include "net/endpoint.h"
#include "net/resolve.h"
#include "net/transport.h"
#include "stream/plain.h"
#include "stream/tls.h"

static void
limit_try(struct connector *connector)
{
	connector->until_us = clock_earlier(connector->retry.until_us,
	    clock_deadline(connector->config->try_us));
}

void
connector_begin(struct connector *connector,
    const struct connector_config *config, struct stream *stream)
{
	*connector = (struct connector){ .config = config, .stream = stream,
	    .place = -1 };
	retry_begin(&connector->retry, config->await_us, config->deadline_us);
	limit_try(connector);
}

/* What we connect to ourselves: the first proxy, or the target. */
static const struct address_query *
nearest(const struct connector *connector)
{
	const struct connector_config *config = connector->config;

	return config->hops > 0 ? &config->hop[0].endpoint : &config->endpoint;
}

/* Failures that will be retried are not printed. */
static bool
is_quiet(const struct connector *connector)
{
	return !connector->retry.last;
}

static void
forget_race(struct connector *connector)
{
	if (connector->question != NULL)
		resolve_end(connector->question);
	connector->question = NULL;
	free(connector->race);
	connector->race = NULL;
}

void
connector_close(struct connector *connector)
{
	if (connector->state == CONNECTOR_CONNECT && connector->race != NULL) {
		race_end(connector->race, true);
		if (connector->race->winner != NULL)
			close(connector->race->winner->fd);
	}
	forget_race(connector);
	free(connector->talk);
	connector->talk = NULL;
	if (connector->state == CONNECTOR_PROXY ||
	    connector->state == CONNECTOR_HANDSHAKE)
		connector->stream->ops->close(connector->stream);
	connector->state = CONNECTOR_FAILED;
}

/* Ends a try that has failed: another follows after a pause, or none. */
static void
fail(struct connector *connector, int code)
{
	const struct connector_config *config = connector->config;

	connector_close(connector);
	connector->code = code;
	if (!retry_pause(&connector->retry, code, config->endpoint.host,
	    config->port_text))
		return;
	connector->state = CONNECTOR_BACKOFF;
	connector->until_us = connector->retry.next_us;
}

static void
step_backoff(struct connector *connector, const struct loop *loop)
{
	if (!loop_passed(loop, connector->until_us))
		return;
	retry_resume(&connector->retry);
	limit_try(connector);
	connector->state = CONNECTOR_RESOLVE;
}

static bool
ask(struct connector *connector, const struct address_query *query)
{
	connector->since_us = clock_now_us();
	connector->question = resolve_begin(query);
	if (connector->question != NULL)
		return true;
	diag_error("no memory to look up %s", query->host);
	fail(connector, EXIT_LOCAL);
	return false;
}

/* Begins a try. */
static bool
begin(struct connector *connector)
{
	const struct address_query *host = nearest(connector);

	connector->race = malloc(sizeof(*connector->race));
	if (connector->race == NULL) {
		diag_error("no memory to connect");
		fail(connector, EXIT_LOCAL);
		return false;
	}
	connector->race->endpoint = *host;
	connector->race->socket = &connector->config->socket;
	connector->race->list.count = connector->race->source.count = 0;
	return ask(connector, host);
}

/* True with the addresses; false while there are none, or after fail. */
static bool
answered(struct connector *connector, const struct loop *loop,
    const struct address_query *query, struct address_list *list)
{
	int code = resolve_step(connector->question, list);

	if (code == RESOLVE_PENDING) {
		if (!loop_passed(loop, connector->until_us))
			return false;
		code = RESOLVE_TIMED_OUT;
	}
	resolve_end(connector->question);
	connector->question = NULL;
	code = endpoint_check(query, code, is_quiet(connector) &&
	    connector->state == CONNECTOR_RESOLVE);
	connector->error = EHOSTUNREACH;
	if (code != EXIT_DONE)
		fail(connector, code);
	return code == EXIT_DONE;
}

/* Removes the addresses that --allow-to and --deny-to forbid. */
static bool
may_connect(struct connector *connector, struct address_list *list)
{
	const struct connector_config *config = connector->config;
	size_t i, kept = 0;

	if (config->allow == NULL && config->not == NULL)
		return true;
	for (i = 0; i < list->count; i++)
		if (config->not != NULL ?
		    !address_leads_to(&list->item[i], config->not) :
		    access_permits(config->allow, config->deny,
		    &list->item[i]))
			list->item[kept++] = list->item[i];
	list->count = kept;
	if (kept > 0)
		return true;
	diag_error("connect to %s port %u: %s", config->endpoint.host,
	    config->endpoint.port, config->not != NULL ?
	    "that is this listener" : "not allowed (--allow-to, --deny-to)");
	connector->error = EACCES;
	fail(connector, EXIT_NETWORK);
	return false;
}

static void
step_resolve(struct connector *connector, const struct loop *loop)
{
	const struct address_query *host = nearest(connector);
	struct address_query source;
	struct race *race;

	if (connector->race == NULL && !begin(connector))
		return;
	race = connector->race;
	if (!answered(connector, loop, host, &race->list))
		return;
	endpoint_found(host, &race->list, connector->since_us);
	if (!may_connect(connector, &race->list))
		return;
	if (endpoint_source_query(host, race->socket, &source)) {
		if (ask(connector, &source))
			connector->state = CONNECTOR_SOURCE;
		return;
	}
	if (source.port != 0)
		endpoint_any(AF_UNSPEC, source.port, &race->source);
	race_begin(race);
	connector->state = CONNECTOR_CONNECT;
}

static void
step_source(struct connector *connector, const struct loop *loop)
{
	const struct address_query *host = nearest(connector);
	struct race *race = connector->race;
	struct address_query source;
	int code;

	endpoint_source_query(host, race->socket, &source);
	if (!answered(connector, loop, &source, &race->source))
		return;
	code = endpoint_match(host, source.host, &race->list, &race->source);
	if (code != EXIT_DONE) {
		fail(connector, code);
		return;
	}
	race_begin(race);
	connector->state = CONNECTOR_CONNECT;
}

static void
begin_handshake(struct connector *connector)
{
	if (connector->until_us == CLOCK_NEVER)
		connector->until_us = clock_deadline(GREET_LIMIT);
	connector->wants = IO_OK;
	connector->state = CONNECTOR_HANDSHAKE;
}

/* Connected to the target: the owner makes a stream of the descriptor. */
static void
wrap(struct connector *connector, int fd)
{
	const struct connector_config *config = connector->config;

	/* Whatever comes of it, the descriptor is no longer ours. */
	connector->state = CONNECTOR_READY;
	if (!config->wrap(config->context, fd, &connector->peer,
	    connector->stream)) {
		fail(connector, EXIT_LOCAL);
		return;
	}
	begin_handshake(connector);
}

/* The same where the stream to a proxy is TLS, or one of datagrams, already. */
static void
cover(struct connector *connector)
{
	struct stream *stream = connector->stream;
	struct tls_context *tls = connector->config->tls;

	connector->state = CONNECTOR_READY;
	if (tls == NULL)
		return;
	begin_handshake(connector);
	if (tls_open(stream, tls))
		return;
	diag_error("no memory for a peer");
	fail(connector, EXIT_LOCAL);
}

static void
step_connect(struct connector *connector, const struct loop *loop)
{
	struct race *race = connector->race;
	char text[SOCKET_TEXT];
	int fd, code;

	if (!race_step(race, loop) && !loop_passed(loop, connector->until_us))
		return;
	code = race_end(race, is_quiet(connector));
	if (race->begun > 0)
		connector->error = race->attempt[0].error;
	if (code != EXIT_DONE) {
		fail(connector, code);
		return;
	}
	fd = race->winner->fd;
	connector->peer = *race->winner->to;
	if (connector->config->hops == 0 && !connector->config->unsaid)
		race_announce(&race->endpoint, &connector->peer);
	if (diag_wants(2))
		diag_say(2, "%s, connected in %.3f ms",
		    socket_text(fd, &connector->peer, text),
		    (double)(clock_now_us() - race->winner->since_us) / 1000);
	forget_race(connector);
	if (connector->config->hops == 0) {
		wrap(connector, fd);
		return;
	}
	plain_open(connector->stream, fd,
	    transport_of(&connector->config->hop[0].endpoint));
	connector->hop = 0;
	connector->wants = IO_OK;
	connector->state = CONNECTOR_PROXY;
}

/* Nothing to do: neither the event waited for nor the deadline has come. */
static bool
is_waiting(const struct connector *connector, const struct loop *loop)
{
	return connector->wants != IO_OK &&
	    loop_revents(loop, connector->place) == 0 &&
	    !loop_passed(loop, connector->until_us);
}

static bool
is_want(enum io answer)
{
	return answer == IO_WANT_READ || answer == IO_WANT_WRITE;
}

static void
hop_failed(struct connector *connector, const struct connector_hop *hop)
{
	const struct stream *stream = connector->stream;
	bool late = is_want(connector->wants);
	int code = late ? EXIT_TIME : stream->refused ? EXIT_IDENTITY :
	    EXIT_NETWORK;

	/* The proxy wants credentials, and a new connection for them (407). */
	if (!late && stream->why == EAGAIN) {
		connector_close(connector);
		connector->state = CONNECTOR_RESOLVE;
		return;
	}
	if (!is_quiet(connector) || code == EXIT_IDENTITY)
		diag_error("proxy %s port %u: %s", hop->endpoint.host,
		    hop->endpoint.port, late ? "timed out" : stream->error);
	fail(connector, code);
}

static void
step_proxy(struct connector *connector, const struct loop *loop)
{
	const struct connector_config *config = connector->config;

	if (is_waiting(connector, loop))
		return;
	connector->wants = proxy_pass(config->hop, config->hops,
	    &config->endpoint, connector->stream, &connector->hop,
	    &connector->talk);
	if (is_want(connector->wants) &&
	    !loop_passed(loop, connector->until_us))
		return;
	if (connector->wants != IO_OK) {
		hop_failed(connector, &config->hop[connector->hop]);
		return;
	}
	if (!config->unsaid)
		race_announce(&config->endpoint, NULL);
	if (connector->stream->ops->handshake != NULL ||
	    connector->stream->caps & STREAM_DATAGRAMS)
		cover(connector);
	else
		wrap(connector, connector->stream->rfd);
}

static void
step_handshake(struct connector *connector, const struct loop *loop)
{
	struct stream *stream = connector->stream;
	int code;

	if (is_waiting(connector, loop))
		return;
	connector->wants = stream->ops->handshake == NULL ? IO_OK :
	    stream->ops->handshake(stream);
	if (is_want(connector->wants) &&
	    !loop_passed(loop, connector->until_us))
		return;
	code = greet_end(stream, &connector->peer, connector->wants,
	    is_quiet(connector));
	/* The stream is the owner's now, or closed. */
	connector->state = CONNECTOR_READY;
	connector->code = EXIT_DONE;
	if (code != EXIT_DONE)
		fail(connector, code);
}

bool
connector_step(struct connector *connector, const struct loop *loop)
{
	static void (*const step[])(struct connector *, const struct loop *) = {
		[CONNECTOR_RESOLVE] = step_resolve,
		[CONNECTOR_SOURCE] = step_source,
		[CONNECTOR_CONNECT] = step_connect,
		[CONNECTOR_PROXY] = step_proxy,
		[CONNECTOR_HANDSHAKE] = step_handshake,
		[CONNECTOR_BACKOFF] = step_backoff,
	};
	enum connector_state before;

	do {
		if (connector->state >= CONNECTOR_READY)
			return true;
		before = connector->state;
		step[before](connector, loop);
	} while (connector->state != before);
	return false;
}

void
connector_watch(struct connector *connector, struct loop *loop)
{
	const struct stream *stream = connector->stream;

	if (connector->state >= CONNECTOR_READY)
		return;
	if (connector->question != NULL)
		resolve_watch(connector->question, loop);
	else if (connector->state == CONNECTOR_RESOLVE)
		loop_hurry(loop);
	else if (connector->state == CONNECTOR_CONNECT)
		race_watch(connector->race, loop);
	else if (connector->state != CONNECTOR_BACKOFF)
		connector->place = connector->wants == IO_WANT_WRITE ?
		    loop_watch(loop, stream->wfd, POLLOUT) :
		    loop_watch(loop, stream->rfd, POLLIN);
	if (connector->state != CONNECTOR_RESOLVE ||
	    connector->question != NULL)
		loop_until(loop, connector->until_us);
}
