#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "cli/options.h"
#include "connect/associate.h"
#include "connect/greet.h"
#include "mode/forward.h"
#include "mode/resume.h"
#include "mode/session.h"
#include "net/transport.h"
#include "relay/count.h"
#include "stream/datagram.h"
#include "stream/demux.h"
#include "stream/plain.h"
#include "stream/tls.h"

/* Idle seconds before the TCP connection of UDP ASSOCIATE is probed. */
#define KEEPALIVE	10
#define LAST_DATAGRAMS	(5 * CLOCK_SECOND)	/* of one that has left */

/* Of connections with peers. */
static struct tls_context *tls;

int
session_prepare(const struct options *options)
{
	if (options->tls.on && (tls = tls_context_open(&options->tls)) == NULL)
		return EXIT_LOCAL;
	if (options->forward.on && forward_prepare(options) != EXIT_DONE)
		return EXIT_LOCAL;
	return report_prepare(&options->report) &&
	    stdio_prepare(&options->local) ? resume_prepare(options) :
	    EXIT_LOCAL;
}

struct tls_context *
session_tls(void)
{
	return tls;
}

static bool
wrap_datagrams(const struct options *options, int fd,
    const struct address *peer, struct stream *stream)
{
	const struct datagram_config config = {
		.connected = options->mode == MODE_CLIENT,
		.any_peer = options->keep_open,
		.limit = options->datagrams,
		.allow = &options->allow,
		.deny = &options->deny,
		.peer = *peer,
	};

	return datagram_open(stream, fd, &config);
}

bool
session_wrap(const void *context, int fd, const struct address *peer,
    struct stream *stream)
{
	const struct options *options = context;

	if (!transport_can(&options->endpoint, TRANSPORT_MESSAGES)) {
		plain_open(stream, fd, transport_of(&options->endpoint));
		if (!options->tls.on || tls_open(stream, tls))
			return true;
	} else if (wrap_datagrams(options, fd, peer, stream))
		return true;
	diag_error("no memory for a peer");
	close(fd);
	return false;
}

static void
wake(void *context)
{
	struct session *session = context;

	session->wake(session);
}

static bool
open_child(struct session *session)
{
	struct address here;

	if (session->demux != NULL)
		demux_here(&session->peer, &here);
	else
		socket_local(session->fd, &here);
	return child_open(&session->local, &session->options->child,
	    session->fd, &here, &session->address);
}

static bool
open_local(struct session *session)
{
	const struct options *options = session->options;
	struct stream *files = NULL;
	char who[ADDRESS_TEXT];

	if (options->forward.on)
		return true;
	if (options->child.command != NULL)
		return open_child(session);
	if (session->hub == NULL)
		return stdio_open(&session->stdio, &session->local,
		    &options->local, &session->address);
	if ((options->local.in != NULL || options->local.out.path != NULL) &&
	    !stdio_open(&session->stdio, files = &session->files,
	    &options->local, &session->address))
		return false;
	hub_join(session->hub, &session->member, &session->local,
	    session->hub->names ? address_port_text(&session->address, who) :
	    NULL, files, wake, session);
	return true;
}

/* Closes both ends; a command may still run. */
static void
close_ends(struct session *session)
{
	session->peer.ops->close(&session->peer);
	if (session->options->child.command != NULL)
		session->child = child_leave(&session->local);
	else
		session->local.ops->close(&session->local);
	session->state = session->child != NULL ? SESSION_REAP : SESSION_DONE;
}

/* Lack of resources ends only this session: the next may find enough. */
static bool
is_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == EAGAIN || error == ENOBUFS;
}

static void
end(struct session *session)
{
	session->code = session->relay.outcome.code;
	session->starved = is_want(session->local.why);
	session->child = NULL;
	if (session->options->mode == MODE_LISTEN && session->local.unwanted)
		diag_say(1, "%s", session->relay.outcome.reason);
	else
		outcome_say(&session->relay.outcome);
	relay_close(&session->relay);
	close_ends(session);
	if (session->code == EXIT_DONE && stdio_is_left(&session->stdio))
		session->code = EXIT_NETWORK;
	if (session->hub == NULL)
		stdio_conclude(&session->stdio, session->code == EXIT_DONE);
	report_end(&session->report, &session->relay.outcome,
	    session_was_nothing(session) ? -1 : session->code);
}

bool
session_was_nothing(const struct session *session)
{
	const struct options *options = session->options;

	return options->mode == MODE_LISTEN &&
	    options->local.out.path != NULL && !options->local.allow_empty &&
	    (session->code == EXIT_NETWORK || session->code == EXIT_TIME ||
	    session->code == EXIT_IDENTITY) &&
	    !session->stdio.written && !session->stdio.taken;
}

/* Ends a session that has no local end. */
static void
fail(struct session *session, int code)
{
	session->code = code;
	forward_close(session->dial);
	session->dial = NULL;
	session->peer.ops->close(&session->peer);
	session->state = SESSION_DONE;
}

/* Opens the local end, unless it is connected already, and relays. */
static void
start_relay(struct session *session)
{
	const struct options *options = session->options;
	bool good;

	if (!open_local(session)) {
		session->starved = is_want(errno);
		fail(session, EXIT_LOCAL);
		return;
	}
	session->state = SESSION_RELAY;
	good = report_begin(&session->report, &options->report,
	    &session->local, &session->peer);
	if (good && !relay_open(&session->relay, &session->local,
	    &session->peer, &options->relay, &session->report.watch)) {
		diag_error("no memory for a peer");
		good = false;
	}
	if (!good) {
		session->code = EXIT_LOCAL;
		session->starved = true;
		close_ends(session);
	}
}

static void
start_dial(struct session *session)
{
	session->state = SESSION_CONNECT;
	if (!forward_dial(session))
		fail(session, EXIT_NETWORK);
}

/* After the handshake: goes on to the local end. */
static void
start(struct session *session)
{
	const struct options *options = session->options;

	if (!options->forward.on) {
		forward_close(session->dial);
		session->dial = NULL;
		start_relay(session);
	} else if (!options->forward.asked)
		start_dial(session);
	else {
		session->state = SESSION_REQUEST;
		session->wants = IO_WANT_READ;
		if (session->dial == NULL)
			session->dial = forward_open(options);
		if (session->dial == NULL)
			fail(session, EXIT_NETWORK);
	}
}

bool
session_is_unproven(const struct session *session)
{
	return session->state == SESSION_HEADER ||
	    session->state == SESSION_HANDSHAKE ||
	    session->state == SESSION_REQUEST;
}

void
session_give_up(struct session *session, const char *why)
{
	if (session->state == SESSION_RELAY) {
		diag_say(1, "%s", why);
		relay_give_up(&session->relay, EXIT_DONE, why);
		end(session);
		return;
	}
	diag_error("peer: %s", why);
	fail(session, EXIT_NETWORK);
}

static void
greet_peer(struct session *session)
{
	session->state = SESSION_HANDSHAKE;
	if (session->peer.ops->handshake == NULL)
		start(session);
}

void
session_begin(struct session *session, const struct options *options)
{
	session->options = options;
	session->fd = session->peer.rfd;
	session->stdio = (struct stdio){ .config = NULL };
	session->dial = NULL;
	start_relay(session);
}

void
session_accept(struct session *session, const struct options *options, int fd,
    const struct address *peer, struct hub *hub)
{
	int64_t limit_us = options->connect_us != CLOCK_UNSET ?
	    options->connect_us : GREET_LIMIT;

	session->place = -1;
	session->fd = fd;
	session->options = options;
	session->hub = hub;
	session->address = *peer;
	session->child = NULL;
	session->associate = NULL;
	session->stdio = (struct stdio){ .config = NULL };
	session->dial = NULL;
	session->code = EXIT_DONE;
	session->starved = false;
	session->wants = IO_WANT_READ;
	session->deadline_us = clock_deadline(limit_us);
	session->reached.length = 0;
	session->relay.outcome.sent = session->relay.outcome.received = 0;
	if (options->forward.accept_header)
		session->dial = forward_open(options);
	if (session->demux != NULL ? !demux_join(session->demux,
	    &session->peer, peer, wake, session) :
	    !session_wrap(options, fd, peer, &session->peer)) {
		session->code = EXIT_LOCAL;
		session->starved = true;
		session->state = SESSION_DONE;
	} else if (!options->forward.accept_header)
		greet_peer(session);
	else if (session->dial != NULL)
		session->state = SESSION_HEADER;
	else
		fail(session, EXIT_NETWORK);
}

void
session_watch(struct session *session, struct loop *loop)
{
	switch (session->state) {
	case SESSION_HEADER:
	case SESSION_HANDSHAKE:
	case SESSION_REQUEST:
	case SESSION_ANSWER:
		session->place = loop_watch(loop, session->peer.rfd,
		    session->wants == IO_WANT_WRITE ? POLLOUT : POLLIN);
		loop_until(loop, session->deadline_us);
		break;
	case SESSION_CONNECT:
		session->place = loop_watch(loop, session->peer.rfd, 0);
		connector_watch(&session->dial->connector, loop);
		break;
	case SESSION_RELAY:
		relay_watch(&session->relay, loop);
		break;
	case SESSION_ASSOCIATE:
		session->place = loop_watch(loop, session->wants == IO_EOF ?
		    -1 : session->peer.rfd, POLLIN);
		associate_watch(session->associate, loop);
		loop_until(loop, session->deadline_us);
		loop_until(loop, session->options->deadline_us);
		break;
	case SESSION_REAP:
		child_watch(session->child, loop);
		loop_until(loop, session->options->deadline_us);
		break;
	case SESSION_DONE:
		break;
	}
}

static void
shake_hands(struct session *session, const struct loop *loop)
{
	bool over = loop_passed(loop, session->deadline_us);

	if (loop_revents(loop, session->place) != 0)
		session->wants =
		    session->peer.ops->handshake(&session->peer);
	if ((session->wants == IO_WANT_READ ||
	    session->wants == IO_WANT_WRITE) && !over)
		return;
	session->code = greet_end(&session->peer, &session->address,
	    session->wants, false);
	if (session->code == EXIT_DONE)
		start(session);
	else {
		forward_close(session->dial);
		session->state = SESSION_DONE;
	}
}

/* Ends cleanly, since the peer has been told the reason as far as it can be. */
static void
refuse(struct session *session, const char *why, int code)
{
	if (why != NULL)
		diag_error("peer: %s", why);
	socket_abortive(session->peer.rfd, false);
	session->peer.ops->shutdown(&session->peer);
	fail(session, code);
}

static void
hear_header(struct session *session, const struct loop *loop)
{
	enum proxy_header_answer answer = proxy_header_read(
	    &session->dial->header, session->peer.rfd, &session->address,
	    &session->reached);
	char who[ADDRESS_TEXT];

	if (answer == PROXY_HEADER_GOOD) {
		diag_say(1, "the peer is %s (PROXY header)",
		    address_port_text(&session->address, who));
		greet_peer(session);
	} else if (answer == PROXY_HEADER_BAD ||
	    loop_passed(loop, session->deadline_us)) {
		diag_error("peer: no PROXY header%s", answer ==
		    PROXY_HEADER_BAD ? "" : " in time");
		fail(session, EXIT_NETWORK);
	}
}

static void
leave_associate(struct session *session, int code)
{
	associate_close(session->associate);
	session->associate = NULL;
	fail(session, code);
}

static void
end_associate(struct session *session, int code, const char *why)
{
	struct outcome *outcome = &session->relay.outcome;

	*outcome = (struct outcome){ .code = code,
	    .sent = associate_sent(session->associate),
	    .received = associate_received(session->associate),
	    .first = session->peer.input };
	if (code == EXIT_DONE)
		socket_abortive(session->fd, false);
	else
		snprintf(outcome->reason, OUTCOME_REASON, "%s", why);
	outcome_say(outcome);
	report_end(&session->report, outcome, code);
	leave_associate(session, code);
}

/* RFC 1928, section 7: the association ends with its TCP connection. */
static void
hear_client(struct session *session, const struct loop *loop)
{
	struct stream *peer = &session->peer;
	uint8_t none[256];
	size_t done;

	if (loop_revents(loop, session->place) == 0)
		return;
	session->wants = peer->ops->read(peer, none, sizeof(none), &done);
	if (session->wants != IO_EOF)
		return;
	associate_finish(session->associate);
	session->deadline_us = clock_earlier(session->deadline_us,
	    clock_deadline(LAST_DATAGRAMS));
}

static void
associate(struct session *session, const struct loop *loop)
{
	int64_t idle_us = session->options->relay.idle_us;

	hear_client(session, loop);
	if (associate_step(session->associate, loop) &&
	    session->wants != IO_EOF)
		session->deadline_us = clock_deadline(idle_us);
	if (associate_is_over(session->associate) ||
	    loop_passed(loop, session->deadline_us))
		end_associate(session, EXIT_DONE, NULL);
	else if (session->wants == IO_FAIL)
		end_associate(session, EXIT_NETWORK, session->peer.error);
	else if (loop_passed(loop, session->options->deadline_us))
		end_associate(session, EXIT_TIME,
		    "timeout of the whole run (--timeout)");
}

/* The answer is sent: from now on datagrams are relayed. */
static void
begin_associate(struct session *session)
{
	const struct options *options = session->options;
	static const struct stream none = { .rfd = -1, .wfd = -1 };

	session->local = none;
	session->state = SESSION_ASSOCIATE;
	session->deadline_us = clock_deadline(options->relay.idle_us);
	socket_keepalive(session->fd, KEEPALIVE);
	if (!report_begin(&session->report, &options->report, &session->local,
	    &session->peer)) {
		session->starved = true;
		leave_associate(session, EXIT_LOCAL);
	}
}

static void
answer_request(struct session *session, const struct loop *loop)
{
	struct request *request = &session->dial->request;
	bool connected = !request->over;
	const char *why = NULL;

	session->wants = request_step(request, &session->peer);
	if (session->wants == IO_OK) {
		if (session->associate != NULL)
			begin_associate(session);
		else
			start_relay(session);
		if (session->state == SESSION_RELAY)
			flow_give(&session->relay.receive, request->in +
			    request->heard, request->got - request->heard);
		forward_close(session->dial);
		session->dial = NULL;
	} else if (session->wants == IO_FAIL ||
	    loop_passed(loop, session->deadline_us)) {
		if (session->associate != NULL)
			associate_close(session->associate);
		else if (connected)
			session->local.ops->close(&session->local);
		session->associate = NULL;
		/* Else the reason was printed when connecting failed. */
		if (connected)
			why = session->wants == IO_FAIL ? request->why :
			    "did not take our answer in time";
		refuse(session, why, EXIT_NETWORK);
	}
}

/* Not behind another proxy: datagrams would have to go through it, too. */
static void
start_associate(struct session *session, const struct loop *loop)
{
	const struct options *options = session->options;
	struct address bound;
	int error = EOPNOTSUPP;

	if (options->hops == 0) {
		session->associate = associate_open(
		    &options->forward.associate, session->fd,
		    &session->address, &bound);
		error = errno;
	}
	if (session->associate == NULL)
		diag_error("peer: no UDP ASSOCIATE: %s", strerror(error));
	request_answer(&session->dial->request, session->associate != NULL ?
	    0 : error, session->associate != NULL ? &bound : NULL);
	session->state = SESSION_ANSWER;
	answer_request(session, loop);
}

static void
hear_request(struct session *session, const struct loop *loop)
{
	struct request *request = &session->dial->request;

	session->wants = request_step(request, &session->peer);
	if (session->wants == IO_OK && request->associate)
		start_associate(session, loop);
	else if (session->wants == IO_OK)
		start_dial(session);
	else if (session->wants == IO_FAIL)
		refuse(session, request->why, EXIT_NETWORK);
	else if (loop_passed(loop, session->deadline_us))
		refuse(session, "no request in time", EXIT_TIME);
}

/* Stops connecting when the peer has reset its connection. */
static void
dial(struct session *session, const struct loop *loop)
{
	struct connector *connector = &session->dial->connector;
	bool gone = (loop_revents(loop, session->place) &
	    (POLLERR | POLLHUP)) != 0;
	bool good;

	session->place = -1;
	if (!gone && !connector_step(connector, loop))
		return;
	good = !gone && connector->code == EXIT_DONE;
	session->starved = !gone && connector->code == EXIT_LOCAL;
	if (gone)
		diag_error("peer: disconnected before the target was "
		    "connected");
	else if (good)
		forward_ready(session);
	if (!gone && session->options->forward.asked) {
		forward_answer(session, good);
		session->state = SESSION_ANSWER;
		session->deadline_us = clock_deadline(GREET_LIMIT);
		answer_request(session, loop);
	} else if (good) {
		forward_close(session->dial);
		session->dial = NULL;
		start_relay(session);
	} else
		fail(session, gone || connector->code == EXIT_LOCAL ?
		    EXIT_NETWORK : connector->code);
}

/* --timeout takes precedence over waiting for the command. */
static void
reap(struct session *session, const struct loop *loop)
{
	if (child_step(session->child, loop) ||
	    loop_passed(loop, session->options->deadline_us))
		session->state = SESSION_DONE;
}

static void
relay(struct session *session, const struct loop *loop)
{
	if (session->hub != NULL && session->member.behind)
		relay_give_up(&session->relay, EXIT_NETWORK,
		    "more than 1 MiB behind the others");
	else
		relay_step(&session->relay, loop);
	if (session->relay.state == RELAY_DONE)
		end(session);
}

/* Not inlined: nearly all steps are those of the relay, and do without it. */
__attribute__((noinline)) static void
step_other(struct session *session, const struct loop *loop)
{
	switch (session->state) {
	case SESSION_HEADER:
		hear_header(session, loop);
		break;
	case SESSION_HANDSHAKE:
		shake_hands(session, loop);
		break;
	case SESSION_REQUEST:
		hear_request(session, loop);
		break;
	case SESSION_CONNECT:
		dial(session, loop);
		break;
	case SESSION_ANSWER:
		answer_request(session, loop);
		break;
	case SESSION_ASSOCIATE:
		associate(session, loop);
		break;
	case SESSION_REAP:
		reap(session, loop);
		break;
	case SESSION_RELAY:
	case SESSION_DONE:
		break;
	}
}

/* Goes on at once after a change: TLS may hold bytes that poll(2) misses. */
void
session_step(struct session *session, const struct loop *loop)
{
	enum session_state before;

	while (session->state != SESSION_RELAY) {
		before = session->state;
		step_other(session, loop);
		if (session->state == before ||
		    session->state > SESSION_RELAY)
			return;
	}
	relay(session, loop);
}

void
session_wake(struct session *session)
{
	if (session->state == SESSION_RELAY)
		relay_wake(&session->relay);
}

void
session_count(struct session *session, struct outcome *sum)
{
	if (session->state == SESSION_RELAY)
		count_take(&session->relay);
	sum->sent += session->relay.outcome.sent;
	sum->received += session->relay.outcome.received;
}

bool
session_round(struct session *session, struct loop *loop)
{
	session_step(session, loop);
	if (session->state == SESSION_DONE)
		return false;
	loop_begin(loop);
	session_watch(session, loop);
	loop_run_once(loop);
	return true;
}

int
session_run(struct session *session)
{
	struct loop loop;

	loop_open(&loop);
	while (session_round(session, &loop))
		continue;
	loop_close(&loop);
	return session->code;
}
