#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/park.h"
#include "cli/options.h"
#include "connect/listener.h"
#include "mode/confine.h"
#include "mode/forward.h"
#include "mode/mode.h"
#include "mode/resume.h"
#include "mode/session.h"
#include "net/transport.h"
#include "relay/pool.h"
#include "stream/demux.h"

/* Sessions idle for so long are parked, unless no more than FEW are active. */
#define IDLE	(CLOCK_SECOND / 50)
#define FEW	8

/* Descriptors that one session may wait for: of peer, command, its end. */
#define WAITS	4

/*
 * At --max-conns a new peer replaces one that has been unproven for so long, or
 * one whose datagrams are forwarded and that was silent for so long.
 */
#define PATIENCE	CLOCK_SECOND

/* Peers accepted in one round, so that sessions have their turn. */
#define ACCEPTS	64

/* While peers come one by one, a second accept(2) is tried once in so many. */
#define CROWD	16

/* Descriptors that are neither the sessions' nor the pool's. */
#define OTHERS	20

/* After a shortage, new senders of datagrams are ignored for so long. */
#define DEAF	(CLOCK_SECOND / 10)

#define GO_ON	(-1)

struct server;

/* A session among others. */
struct served {
	struct session session;	/* first, so that a session is its served */
	struct server *server;
	size_t	 index;		/* in the list active or parked */
	size_t	 first, after;	/* its places in the loop: first..after - 1 */
	int64_t	 came_us;	/* when it began */
	int64_t	 used_us;	/* when it was last woken */
	int64_t	 until_us;	/* while parked: its deadline */
	bool	 parked;
	bool	 runnable;	/* woken by hub or demux */
	bool	 watched;	/* in this round: only then may it be stepped */
	struct pollfd wait[WAITS];	/* while parked: what it waits for */
	size_t	 waits;
};

struct list {
	struct served **item;
	size_t	 count, room;
};

struct server {
	const struct options *options;
	struct listener listener;
	struct loop loop, scratch;
	struct park park;
	int	 park_place;
	struct hub *hub;	/* NULL: sessions have commands or targets */
	struct demux *demux;	/* of datagrams, or NULL: peers are accepted */
	bool	 full;		/* it was printed that datagrams are dropped */
	int64_t	 deaf_us;	/* new senders are ignored until then (DEAF) */
	struct list active, parked, spare;
	int64_t	 parked_us;	/* the earliest deadline of those parked */
	size_t	 limit;		/* sessions at once */
	bool	 yields;	/* sessions may be replaced (PATIENCE) */
	size_t	 turn;		/* who is stepped first */
	bool	 watched;	/* the listener, in this round */
	int	 burst;		/* peers to take in the next round at most */
	unsigned calls;		/* rounds in which some were taken */
	uint64_t served;	/* sessions, so far */
	struct progress progress;
	struct outcome past;	/* what those who left have moved */
	int64_t	 draw_us;	/* when the progress is to be drawn */
	int	 code;		/* why the server ends, or GO_ON */
};

static bool
list_add(struct list *list, struct served *served)
{
	size_t room = list->room == 0 ? 16 : 2 * list->room;
	struct served **larger;

	if (list->count == list->room) {
		larger = reallocarray(list->item, room, sizeof(*larger));
		if (larger == NULL)
			return false;
		list->item = larger;
		list->room = room;
	}
	served->index = list->count;
	list->item[list->count++] = served;
	return true;
}

static void
list_remove(struct list *list, const struct served *served)
{
	struct served *last = list->item[--list->count];

	list->item[served->index] = last;
	last->index = served->index;
}

/* It is stepped in the next round, in which it is watched again. */
static void
unpark(struct served *served)
{
	struct server *server = served->server;

	if (!served->parked)
		return;
	park_remove(&server->park, served->wait, served->waits);
	served->parked = served->watched = false;
	served->used_us = server->loop.now_us;
	list_remove(&server->parked, served);
	list_add(&server->active, served);
}

static void
wake(struct session *session)
{
	struct served *served = (struct served *)session;

	unpark(served);
	served->runnable = true;
}

/* False if it cannot be parked, or will wake soon by itself. */
static bool
park(struct served *served)
{
	struct server *server = served->server;
	struct loop *loop = &server->scratch;

	loop_begin(loop);
	session_watch(&served->session, loop);
	if (loop->count > WAITS || loop->next_us < server->loop.now_us + IDLE ||
	    !park_add(&server->park, loop->set, loop->count, served))
		return false;
	memcpy(served->wait, loop->set, loop->count * sizeof(*loop->set));
	served->waits = loop->count;
	served->until_us = loop->next_us;
	served->parked = true;
	list_remove(&server->active, served);
	list_add(&server->parked, served);
	server->parked_us = clock_earlier(server->parked_us, loop->next_us);
	return true;
}

/* Unparks those that have an event, or whose deadline has passed. */
static void
unpark_some(struct server *server)
{
	struct served *served;
	size_t i;

	if (loop_revents(&server->loop, server->park_place) != 0)
		while ((served = park_next(&server->park)) != NULL)
			unpark(served);
	if (!loop_passed(&server->loop, server->parked_us))
		return;
	server->parked_us = CLOCK_NEVER;
	for (i = server->parked.count; i-- > 0;) {
		served = server->parked.item[i];
		if (loop_passed(&server->loop, served->until_us))
			unpark(served);
		else
			server->parked_us = clock_earlier(server->parked_us,
			    served->until_us);
	}
}

static size_t
there(const struct server *server)
{
	return server->active.count + server->parked.count;
}

/* Since when it may be replaced (PATIENCE); CLOCK_NEVER: it may not. */
static int64_t
since_us(const struct served *served)
{
	const struct server *server = served->server;

	if (session_is_unproven(&served->session))
		return served->came_us;
	return server->demux != NULL && server->yields ? served->used_us :
	    CLOCK_NEVER;
}

static struct served *
oldest_of(const struct list *list, struct served *oldest)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (since_us(list->item[i]) < (oldest == NULL ? CLOCK_NEVER :
		    since_us(oldest)))
			oldest = list->item[i];
	return oldest;
}

/* The first to be replaced, or NULL. */
static struct served *
first_to_go(const struct server *server)
{
	return server->yields ? oldest_of(&server->active,
	    oldest_of(&server->parked, NULL)) : NULL;
}

static bool
is_late(const struct served *served)
{
	return served->server->loop.now_us - since_us(served) >= PATIENCE;
}

static void
watch(struct server *server)
{
	struct loop *loop = &server->loop;
	struct served *served;
	size_t i;

	loop_begin(loop);
	loop_until(loop, server->options->deadline_us);
	if (server->options->report.progress && there(server) > 0 &&
	    server->draw_us == CLOCK_NEVER)
		server->draw_us = clock_deadline(
		    PROGRESS_EVERY(&server->progress));
	loop_until(loop, server->draw_us);
	server->watched = server->demux == NULL &&
	    there(server) < server->limit;
	if (server->demux != NULL)
		demux_watch(server->demux, loop);
	else if (!server->watched &&
	    (served = first_to_go(server)) != NULL) {
		loop_until(loop, since_us(served) + PATIENCE);
		server->watched = is_late(served);
	}
	if (server->watched)
		listener_watch(&server->listener, loop);
	if (server->hub != NULL)
		hub_watch(server->hub, loop);
	server->park_place = loop_watch(loop, server->parked.count > 0 ?
	    server->park.fd : -1, POLLIN);
	loop_until(loop, server->parked_us);
	for (i = 0; i < server->active.count; i++) {
		served = server->active.item[i];
		served->first = loop->count;
		session_watch(&served->session, loop);
		served->after = loop->count;
		served->watched = true;
		if (served->runnable)
			loop_hurry(loop);
	}
}

static bool
woke(const struct served *served)
{
	const struct loop *loop = &served->server->loop;
	size_t i;

	for (i = served->first; i < served->after; i++)
		if (loop->set[i].revents != 0)
			return true;
	return served->runnable;
}

/* A peer's failure is only printed; a local one ends the server. */
static void
retire(struct served *served)
{
	struct server *server = served->server;
	int code = served->session.code;

	session_count(&served->session, &server->past);
	if (served->session.starved)
		server->deaf_us = server->loop.now_us + DEAF;
	if ((code == EXIT_LOCAL && !served->session.starved) ||
	    code > EXIT_SIGNAL || !server->options->keep_open)
		server->code = code;
	list_remove(&server->active, served);
	if (server->spare.count >= ACCEPTS || !list_add(&server->spare, served))
		free(served);
}

static const char *
whom(const void *served, char *text)
{
	return address_port_text(
	    &((const struct served *)served)->session.address, text);
}

static void
step(struct served *served)
{
	struct server *server = served->server;

	if (woke(served))
		served->used_us = server->loop.now_us;
	if (served->runnable)
		session_wake(&served->session);
	served->runnable = false;
	diag_about(whom, served);
	session_step(&served->session, &server->loop);
	diag_about(NULL, NULL);
	if (served->session.state == SESSION_DONE)
		retire(served);
	else if (server->active.count > FEW && !served->runnable &&
	    server->loop.now_us - served->used_us > IDLE)
		park(served);
}

/* Backwards, since one that is removed is replaced by the last. */
static void
step_all(struct server *server)
{
	size_t i;

	for (i = server->active.count; i-- > 0 && server->code == GO_ON;)
		if (i < server->active.count &&
		    server->active.item[i]->watched)
			step(server->active.item[i]);
}

/* Begins a session for a new peer, which owns the descriptor. */
static void
admit(struct server *server, int fd, const struct address *peer)
{
	struct served *served;

	if (server->spare.count > 0)
		served = server->spare.item[--server->spare.count];
	else
		served = malloc(sizeof(*served));
	if (served == NULL || !list_add(&server->active, served)) {
		diag_error("no memory for a peer");
		free(served);
		if (server->demux == NULL)
			close(fd);
		return;
	}
	served->server = server;
	served->parked = served->runnable = served->watched = false;
	served->first = served->after = 0;
	served->came_us = served->used_us = server->loop.now_us;
	served->session.wake = wake;
	served->session.demux = server->demux;
	server->served++;
	served->session.address = *peer;
	diag_about(whom, served);
	session_accept(&served->session, server->options, fd, peer,
	    server->hub);
	step(served);
}

/* True if there is room for a session, perhaps after one was replaced. */
static bool
make_room(struct server *server)
{
	struct served *served;

	if (there(server) < server->limit)
		return true;
	served = first_to_go(server);
	if (served == NULL || !is_late(served))
		return false;
	unpark(served);
	diag_about(whom, served);
	session_give_up(&served->session,
	    "dropped, as other peers are waiting");
	diag_about(NULL, NULL);
	retire(served);
	return true;
}

static void
accept_some(struct server *server)
{
	struct address peer;
	int i, fd = 0, code = EXIT_DONE;
	bool crowd;

	if (!server->watched ||
	    !listener_has_news(&server->listener, &server->loop))
		return;
	/* Doubles while several are there; one alone costs one accept(2). */
	for (i = 0; i < server->burst && fd != -1 && code == EXIT_DONE &&
	    server->code == GO_ON && make_room(server); i++) {
		code = listener_accept(&server->listener, &server->loop, &fd,
		    &peer);
		if (code == EXIT_DONE && fd != -1)
			admit(server, fd, &peer);
	}
	crowd = there(server) > 1 || ++server->calls % CROWD == 0;
	server->burst = fd == -1 || !crowd ? 1 : 2 * i < ACCEPTS ? 2 * i :
	    ACCEPTS;
	if (code != EXIT_DONE)
		server->code = code;
}

/* A new peer's datagram begins a session, or is dropped at --max-conns. */
static void
hear(struct server *server)
{
	struct address peer;
	char who[ADDRESS_TEXT];

	while (server->code == GO_ON &&
	    demux_step(server->demux, &server->loop, &peer)) {
		if (server->loop.now_us < server->deaf_us)
			continue;
		if (make_room(server)) {
			server->full = false;
			if (diag_wants(1))
				diag_line(1, "Connection received on %s",
				    address_port_text(&peer, who));
			admit(server, server->demux->fd, &peer);
		} else if (!server->full && server->options->keep_open) {
			server->full = true;
			diag_say(1, "%zu peers are served: datagrams of "
			    "others are dropped", server->limit);
		}
	}
}

/* Draws the sums of all sessions, present and past. */
static void
draw(struct server *server, bool last)
{
	struct outcome sum = server->past;
	size_t i;

	for (i = 0; i < server->active.count; i++)
		session_count(&server->active.item[i]->session, &sum);
	for (i = 0; i < server->parked.count; i++)
		session_count(&server->parked.item[i]->session, &sum);
	server->progress.peers = there(server);
	server->draw_us = CLOCK_NEVER;
	progress_draw(&server->progress, &sum, last);
}

static int
hub_code(const struct hub *hub)
{
	if (hub == NULL || !hub->failed)
		return GO_ON;
	if (hub->local.broken_pipe)
		return EXIT_SIGNAL + SIGPIPE;
	diag_error("%s: %s", hub->local.output, hub->local.error);
	return EXIT_LOCAL;
}

/* --timeout without a session; those that exist end by it themselves. */
static int
time_code(const struct server *server)
{
	if (!loop_passed(&server->loop, server->options->deadline_us) ||
	    there(server) > 0)
		return GO_ON;
	if (server->served == 0)
		diag_error("no peer connected in time (--timeout)");
	return EXIT_TIME;
}

static int
serve(struct server *server)
{
	while (server->code == GO_ON) {
		watch(server);
		loop_run_once(&server->loop);
		if (server->hub != NULL)
			hub_step(server->hub, &server->loop);
		if (server->demux != NULL)
			hear(server);
		step_all(server);
		unpark_some(server);
		accept_some(server);
		if (server->loop.progress_asked ||
		    loop_passed(&server->loop, server->draw_us))
			draw(server, false);
		if (server->code == GO_ON && there(server) == 0)
			server->code = hub_code(server->hub);
		if (server->code == GO_ON)
			server->code = time_code(server);
	}
	if (server->options->report.progress)
		draw(server, true);
	return server->code;
}

/*
 * A command has two pipes and a pidfd; connecting to a target may need two; a
 * file has a duplicate and a pipe while it is synced.
 */
static size_t
descriptors_each(const struct options *options)
{
	return 1u + (options->child.command != NULL ? 3u : 0) +
	    (options->forward.on ? 2u : 0) +
	    (options->local.in != NULL ? 1u : 0) +
	    (options->local.out.path != NULL ? 4u : 0);
}

/* --max-conns, or less if there are not descriptors enough. */
static size_t
limit(const struct options *options)
{
	size_t each = descriptors_each(options);
	size_t wanted = (size_t)options->max_conns, others, pipes;
	struct rlimit has;

	if (getrlimit(RLIMIT_NOFILE, &has) == -1 ||
	    has.rlim_cur == RLIM_INFINITY)
		return wanted;
	pipes = has.rlim_cur / 16 < POOL_PIPES ?
	    (size_t)(has.rlim_cur / 16) : POOL_PIPES;
	pool_limit(pipes);
	others = OTHERS + 2 * pipes;
	if (has.rlim_cur >= others + wanted * each)
		return wanted;
	return has.rlim_cur > others + each ?
	    (size_t)(has.rlim_cur - others) / each : 1;
}

/* The hub shares stdin and stdout; with --in and --out, each peer has files. */
static bool
open_hub(struct server *server)
{
	static struct hub hub;
	static struct stdio stdio;
	static struct stdio_config config;
	const struct options *options = server->options;
	struct stream local;

	config = options->local;
	config.in = NULL;
	config.out.path = NULL;
	hub.in_files = options->local.in != NULL;
	hub.out_files = options->local.out.path != NULL;
	hub.relayed = options->broker || options->chat;
	hub.names = options->chat;
	if (!stdio_open(&stdio, &local, &config, NULL))
		return false;
	if (!hub_open(&hub, &local)) {
		diag_error("no memory for a server");
		return false;
	}
	server->hub = &hub;
	server->listener.output = -1;
	return true;
}

static bool
open_demux(struct server *server)
{
	static struct demux demux;
	const struct options *options = server->options;

	if (!demux_open(&demux, server->listener.fd, &options->allow,
	    &options->deny)) {
		diag_error("no memory for a server");
		return false;
	}
	server->demux = &demux;
	return true;
}

/* Serves all peers at once; without -k one sender of datagrams. */
static int
serve_all(const struct options *options, const struct listener *listener)
{
	static struct server server;
	const struct stream none = { .rfd = -1, .wfd = -1 };

	server.options = options;
	server.listener = *listener;
	server.limit = options->keep_open ? limit(options) : 1;
	server.yields = options->tls.on || options->forward.accept_header ||
	    options->forward.asked ||
	    (listener->datagrams && options->forward.on && options->keep_open);
	server.parked_us = server.draw_us = CLOCK_NEVER;
	server.burst = 1;
	server.code = GO_ON;
	loop_open(&server.loop);
	loop_open(&server.scratch);
	park_open(&server.park);
	if (options->child.command == NULL && !options->forward.on &&
	    !open_hub(&server))
		return EXIT_LOCAL;
	if (listener->datagrams && !open_demux(&server))
		return EXIT_LOCAL;
	progress_begin(&server.progress, 0, server.hub != NULL ?
	    &server.hub->local : &none, !options->report.progress);
	server.progress.many = true;
	return serve(&server);
}

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
	    serve_all(options, &listener) : serve_one(options, &listener);
}
