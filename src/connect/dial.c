#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/signals.h"
#include "connect/dial.h"
#include "net/endpoint.h"
#include "net/ports.h"

/* RFC 8305, section 5: "Connection Attempt Delay". */
#define STAGGER	(250 * CLOCK_SECOND / 1000)

struct attempt {
	const struct address *to;
	int	 fd;		/* -1: not begun, or over */
	int	 error;		/* why it failed; 0: not (yet) */
	int64_t	 since_us;
};

struct race {
	const struct dial_config *config;
	struct address source;	/* to bind to; length 0: none */
	struct attempt attempt[ADDRESS_LIST];
	size_t	 count, begun;
	struct attempt *winner;
	int64_t	 next_us;	/* when the next attempt may begin */
	bool	 stop;		/* a local failure, printed already */
};

static void
report_failure(const struct race *race, const struct attempt *attempt)
{
	const struct address_query *end = &race->config->endpoint;
	char target[ENDPOINT_TEXT], where[600];

	endpoint_text(end->host, attempt->to, target);
	if (end->family == AF_UNIX)
		snprintf(where, sizeof(where), "%s", end->host);
	else
		snprintf(where, sizeof(where), "%s port %u (%s)", target,
		    end->port, socket_protocol(end->type));
	if (attempt->error == ETIMEDOUT)
		diag_error("connect to %s timed out", where);
	else
		diag_error("connect to %s failed: %s%s", where,
		    strerror(attempt->error), attempt->error == EACCES &&
		    end->type == SOCK_DGRAM &&
		    !race->config->socket.broadcast ?
		    " (a broadcast address needs -b)" : "");
}

static void
report_success(const struct race *race)
{
	const struct address_query *end = &race->config->endpoint;
	const struct attempt *winner = race->winner;
	char target[ENDPOINT_TEXT], service[PORTS_SERVICE], text[SOCKET_TEXT];

	/* Before anything else: looking up the service takes its time. */
	if (!diag_wants(1))
		return;
	if (end->type == SOCK_STREAM && end->family != AF_UNIX)
		diag_line(1, "Connection to %s %u port [tcp/%s] succeeded!",
		    endpoint_text(end->host, winner->to, target), end->port,
		    ports_service(end->port, "tcp", end->numeric, service));
	diag_say(2, "%s, connected in %.3f ms",
	    socket_text(winner->fd, winner->to, text),
	    (double)(clock_now_us() - winner->since_us) / 1000);
}

/*
 * A UNIX datagram client needs a name of its own to be answered at. Ours is
 * in a directory nobody else can enter, and both are removed at the end.
 */
static bool
bind_reply_path(int fd)
{
	char directory[] = "/tmp/nc-lite.XXXXXX", path[sizeof(directory) + 8];
	struct address address;

	if (mkdtemp(directory) == NULL) {
		diag_error("cannot make %s: %s", directory, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s/reply", directory);
	if (signals_remember(directory) && signals_remember(path) &&
	    address_parse_unix(path, &address) &&
	    bind(fd, &address.sa.any, address.length) == 0)
		return true;
	diag_error("cannot bind %s: %s", path, strerror(errno));
	return false;
}

static bool
bind_source(const struct race *race, int fd)
{
	const struct address_query *end = &race->config->endpoint;

	if (race->source.length != 0)
		return endpoint_bind(fd, &race->source);
	return end->family != AF_UNIX || end->type != SOCK_DGRAM ||
	    bind_reply_path(fd);
}

static void
attempt_end(struct attempt *attempt, int error)
{
	attempt->error = error;
	/* Nobody was promised anything: FIN is enough for a lost race. */
	socket_abortive(attempt->fd, false);
	close(attempt->fd);
	attempt->fd = -1;
	/* Another attempt (--wait) binds the same path, or makes one anew. */
	signals_end();
}

static void
attempt_begin(struct race *race, struct attempt *attempt)
{
	const struct dial_config *config = race->config;
	int error;

	race->begun++;
	race->next_us = clock_deadline(STAGGER);
	attempt->since_us = clock_now_us();
	attempt->fd = socket_open(&config->socket,
	    attempt->to->sa.any.sa_family, config->endpoint.type);
	if (attempt->fd == -1 && errno == EAFNOSUPPORT) {
		attempt->error = errno;
		return;
	}
	if (attempt->fd == -1 ||
	    !socket_sign(&config->socket, attempt->fd, attempt->to) ||
	    !bind_source(race, attempt->fd)) {
		race->stop = true;
		return;
	}
	error = socket_connect(attempt->fd, attempt->to);
	if (error == 0)
		race->winner = attempt;
	else if (error != EINPROGRESS)
		attempt_end(attempt, error);
}

/* Looks at those under way; true when one has failed just now. */
static bool
attempts_look(struct race *race, const struct pollfd *wait)
{
	struct attempt *attempt;
	bool failed = false;
	size_t i;
	int error;

	for (i = 0; i < race->begun && race->winner == NULL; i++) {
		attempt = &race->attempt[i];
		if (attempt->fd == -1 || wait[i].revents == 0)
			continue;
		error = socket_connected(attempt->fd);
		if (error == 0)
			race->winner = attempt;
		else {
			attempt_end(attempt, error);
			failed = true;
		}
	}
	return failed;
}

static int
race_poll(struct race *race, int64_t deadline_us, struct pollfd *wait)
{
	int64_t until = deadline_us;
	int under_way = 0;
	size_t i;

	for (i = 0; i < race->begun; i++) {
		wait[i] = (struct pollfd){ .fd = race->attempt[i].fd,
		    .events = POLLOUT };
		under_way += wait[i].fd != -1;
	}
	if (race->begun < race->count)
		until = clock_earlier(until, race->next_us);
	if (under_way > 0)
		poll(wait, (nfds_t)race->begun, clock_poll_ms(until));
	return under_way;
}

static void
race_run(struct race *race, int64_t deadline_us)
{
	struct pollfd wait[ADDRESS_LIST];
	int under_way = 0;

	while (race->winner == NULL && !race->stop) {
		if (race->begun < race->count && (under_way == 0 ||
		    clock_passed(race->next_us)))
			attempt_begin(race, &race->attempt[race->begun]);
		if (race->winner != NULL || race->stop)
			return;
		under_way = race_poll(race, deadline_us, wait);
		if (under_way == 0 && race->begun == race->count)
			return;
		if (attempts_look(race, wait))
			race->next_us = 0;
		if (clock_passed(deadline_us))
			return;
	}
}

/* All but the winner are over; those still under way ran out of time. */
static void
race_end(struct race *race)
{
	size_t i;

	for (i = 0; i < race->begun; i++)
		if (race->attempt[i].fd != -1 &&
		    &race->attempt[i] != race->winner)
			attempt_end(&race->attempt[i],
			    race->winner != NULL || race->stop ? 0 : ETIMEDOUT);
}

/* RFC 8305, section 4: families take turns, the resolver's first one first. */
static void
interleave(struct race *race, const struct address_list *list)
{
	bool used[ADDRESS_LIST] = { false };
	int last = AF_UNSPEC;
	size_t i, pick;

	while (race->count < list->count) {
		for (pick = list->count, i = list->count; i-- > 0;)
			if (!used[i] && (pick == list->count ||
			    list->item[i].sa.any.sa_family != last ||
			    list->item[pick].sa.any.sa_family == last))
				pick = i;
		used[pick] = true;
		last = list->item[pick].sa.any.sa_family;
		race->attempt[race->count++] =
		    (struct attempt){ .to = &list->item[pick], .fd = -1 };
	}
}

static int
race_result(const struct race *race)
{
	bool timed_out = false;
	size_t i;

	for (i = 0; i < race->begun; i++) {
		if (race->attempt[i].error == 0)
			continue;
		if (race->winner != NULL ? diag_wants(1) :
		    !race->config->quiet)
			report_failure(race, &race->attempt[i]);
		timed_out |= race->attempt[i].error == ETIMEDOUT;
	}
	if (race->winner != NULL) {
		report_success(race);
		return EXIT_DONE;
	}
	if (race->stop)
		return EXIT_LOCAL;
	return timed_out ? EXIT_TIME : EXIT_NETWORK;
}

int
dial(const struct dial_config *config, int64_t deadline_us, int *fd,
    struct address *peer)
{
	struct race race = { .config = config };
	struct address_list list;
	int code;

	code = endpoint_pair(&config->endpoint, &config->socket,
	    config->quiet, deadline_us, &list, &race.source);
	if (code != EXIT_DONE)
		return code;
	interleave(&race, &list);
	race_run(&race, deadline_us);
	race_end(&race);
	code = race_result(&race);
	if (code == EXIT_DONE) {
		*fd = race.winner->fd;
		*peer = *race.winner->to;
	}
	return code;
}
