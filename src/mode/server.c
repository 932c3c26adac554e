#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "cli/options.h"
#include "connect/listener.h"
#include "mode/crowd.h"
#include "mode/server.h"
#include "mode/session.h"
#include "relay/pool.h"
#include "stream/demux.h"

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

struct server {
	const struct options *options;
	struct listener listener;
	struct loop loop;
	struct crowd crowd;
	struct hub *hub;	/* NULL: sessions have commands or targets */
	struct demux *demux;	/* of datagrams, or NULL: peers are accepted */
	bool	 full;		/* it was printed that datagrams are dropped */
	int64_t	 deaf_us;	/* new senders are ignored until then (DEAF) */
	size_t	 limit;		/* sessions at once */
	bool	 yields;	/* sessions may be replaced (PATIENCE) */
	bool	 watched;	/* the listener, in this round */
	int	 burst;		/* peers to take in the next round at most */
	unsigned calls;		/* rounds in which some were taken */
	uint64_t served;	/* sessions, so far */
	struct progress progress;
	struct outcome past;	/* what those who left have moved */
	int64_t	 draw_us;	/* when the progress is to be drawn */
	int	 code;		/* why the server ends, or GO_ON */
};

/* Since when it may be replaced (PATIENCE); CLOCK_NEVER: it may not. */
static int64_t
since_us(const struct server *server, const struct served *served)
{
	if (session_is_unproven(&served->session))
		return served->came_us;
	return server->demux != NULL && server->yields ? served->used_us :
	    CLOCK_NEVER;
}

static struct served *
oldest_of(const struct server *server, const struct crowd_list *list,
    struct served *oldest)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (since_us(server, list->item[i]) < (oldest == NULL ?
		    CLOCK_NEVER : since_us(server, oldest)))
			oldest = list->item[i];
	return oldest;
}

/* The first to be replaced, or NULL. */
static struct served *
first_to_go(const struct server *server)
{
	const struct crowd *crowd = &server->crowd;

	return server->yields ? oldest_of(server, &crowd->active,
	    oldest_of(server, &crowd->parked, NULL)) : NULL;
}

static bool
is_late(const struct server *server, const struct served *served)
{
	return server->loop.now_us - since_us(server, served) >= PATIENCE;
}

/* The listener is not watched at the limit, unless somebody may be replaced. */
static void
watch_listener(struct server *server)
{
	struct served *served;

	server->watched = crowd_count(&server->crowd) < server->limit;
	if (!server->watched && (served = first_to_go(server)) != NULL) {
		loop_until(&server->loop, since_us(server, served) + PATIENCE);
		server->watched = is_late(server, served);
	}
	if (server->watched)
		listener_watch(&server->listener, &server->loop);
}

static void
watch(struct server *server)
{
	struct loop *loop = &server->loop;

	loop_begin(loop);
	loop_until(loop, server->options->deadline_us);
	if (server->options->report.progress &&
	    crowd_count(&server->crowd) > 0 && server->draw_us == CLOCK_NEVER)
		server->draw_us = clock_deadline(
		    PROGRESS_EVERY(&server->progress));
	loop_until(loop, server->draw_us);
	if (server->demux != NULL)
		demux_watch(server->demux, loop);
	else
		watch_listener(server);
	if (server->hub != NULL)
		hub_watch(server->hub, loop);
	crowd_watch(&server->crowd);
}

/* A peer's failure is only printed; a local one ends the server. */
static void
retire(struct server *server, struct served *served)
{
	int code = served->session.code;

	session_count(&served->session, &server->past);
	if (served->session.starved)
		server->deaf_us = server->loop.now_us + DEAF;
	if ((code == EXIT_LOCAL && !served->session.starved) ||
	    code > EXIT_SIGNAL || !server->options->keep_open)
		server->code = code;
	crowd_remove(served);
}

/* For hub and demux. */
static void
wake(struct session *session)
{
	crowd_wake((struct served *)session);
}

static const char *
whom(const void *served, char *text)
{
	return address_port_text(
	    &((const struct served *)served)->session.address, text);
}

static void
step(struct server *server, struct served *served)
{
	if (crowd_called(served))
		session_wake(&served->session);
	diag_about(whom, served);
	session_step(&served->session, &server->loop);
	diag_about(NULL, NULL);
	if (served->session.state == SESSION_DONE)
		retire(server, served);
	else
		crowd_rest(served);
}

/* Backwards, since one that is removed is replaced by the last. */
static void
step_all(struct server *server)
{
	const struct crowd_list *active = &server->crowd.active;
	size_t i;

	for (i = active->count; i-- > 0 && server->code == GO_ON;)
		if (i < active->count && active->item[i]->watched)
			step(server, active->item[i]);
}

/* Begins a session for a new peer, which owns the descriptor. */
static void
admit(struct server *server, int fd, const struct address *peer)
{
	struct served *served = crowd_add(&server->crowd);

	if (served == NULL) {
		diag_error("no memory for a peer");
		if (server->demux == NULL)
			close(fd);
		return;
	}
	served->session.wake = wake;
	served->session.demux = server->demux;
	server->served++;
	served->session.address = *peer;
	diag_about(whom, served);
	session_accept(&served->session, server->options, fd, peer,
	    server->hub);
	step(server, served);
}

/* True if there is room for a session, perhaps after one was replaced. */
static bool
make_room(struct server *server)
{
	struct served *served;

	if (crowd_count(&server->crowd) < server->limit)
		return true;
	served = first_to_go(server);
	if (served == NULL || !is_late(server, served))
		return false;
	crowd_unpark(served);
	diag_about(whom, served);
	session_give_up(&served->session,
	    "dropped, as other peers are waiting");
	diag_about(NULL, NULL);
	retire(server, served);
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
	crowd = crowd_count(&server->crowd) > 1 || ++server->calls % CROWD == 0;
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
	const struct crowd *crowd = &server->crowd;
	struct outcome sum = server->past;
	size_t i;

	for (i = 0; i < crowd->active.count; i++)
		session_count(&crowd->active.item[i]->session, &sum);
	for (i = 0; i < crowd->parked.count; i++)
		session_count(&crowd->parked.item[i]->session, &sum);
	server->progress.peers = crowd_count(&server->crowd);
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
	    crowd_count(&server->crowd) > 0)
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
		crowd_unpark_some(&server->crowd);
		accept_some(server);
		if (server->loop.progress_asked ||
		    loop_passed(&server->loop, server->draw_us))
			draw(server, false);
		if (server->code == GO_ON && crowd_count(&server->crowd) == 0)
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

int
server_run(const struct options *options, const struct listener *listener)
{
	static struct server server;
	const struct stream none = { .rfd = -1, .wfd = -1 };

	server.options = options;
	server.listener = *listener;
	server.limit = options->keep_open ? limit(options) : 1;
	server.yields = options->tls.on || options->forward.accept_header ||
	    options->forward.asked ||
	    (listener->datagrams && options->forward.on && options->keep_open);
	server.draw_us = CLOCK_NEVER;
	server.burst = 1;
	server.code = GO_ON;
	loop_open(&server.loop);
	crowd_open(&server.crowd, &server.loop);
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
