#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "connect/race.h"
#include "net/endpoint.h"
#include "net/path.h"
#include "net/ports.h"
#include "net/transport.h"

/* RFC 8305, section 5: "Connection Attempt Delay". */
#define STAGGER	(250 * CLOCK_SECOND / 1000)

static void
report_failure(const struct race *race, const struct attempt *attempt)
{
	const struct address_query *end = &race->endpoint;
	char target[ENDPOINT_TEXT], where[600];

	endpoint_text(end->host, attempt->to, target);
	if (!transport_can(end, TRANSPORT_PORTS))
		snprintf(where, sizeof(where), "%s", end->host);
	else
		snprintf(where, sizeof(where), "%s port %u (%s)", target,
		    end->port, transport_of(end)->name);
	if (attempt->error == ETIMEDOUT)
		diag_error("connect to %s timed out", where);
	else
		diag_error("connect to %s failed: %s%s", where,
		    strerror(attempt->error), attempt->error == EACCES &&
		    transport_can(end, TRANSPORT_MESSAGES) &&
		    !race->socket->broadcast ?
		    " (a broadcast address needs -b)" :
		    endpoint_hint(attempt->to, attempt->error));
}

void
race_announce(const struct address_query *end, const struct address *to)
{
	char target[ENDPOINT_TEXT], service[PORTS_SERVICE];

	/* Looking up the service's name would take time. */
	if (!diag_wants(1) ||
	    !transport_can(end, TRANSPORT_CONNECTS | TRANSPORT_PORTS))
		return;
	diag_line(1, "Connection to %s %u port [tcp/%s] succeeded!",
	    to == NULL ? end->host : endpoint_text(end->host, to, target),
	    end->port, ports_service(end->port, "tcp", end->numeric, service));
}

/* Binds to -s and -p; a UNIX datagram client to a path where it is answered. */
static bool
bind_source(const struct race *race, int fd, int family)
{
	const struct address *source = endpoint_source(&race->source, family);

	if (source != NULL)
		return endpoint_bind(fd, source);
	return !transport_can(&race->endpoint, TRANSPORT_BINDS) ||
	    path_bind_private(fd);
}

/*
 * The socket stays abortive: a peer that has accepted the loser of a race must
 * not take it for a transfer of no bytes.
 */
static void
attempt_end(struct attempt *attempt, int error)
{
	attempt->error = error;
	path_release(attempt->fd);
	close(attempt->fd);
	attempt->fd = -1;
}

static void
attempt_begin(struct race *race)
{
	struct attempt *attempt = &race->attempt[race->begun++];
	int error, family = attempt->to->sa.any.sa_family;

	race->next_us = clock_deadline(STAGGER);
	attempt->since_us = clock_now_us();
	attempt->fd = socket_open(race->socket, family,
	    transport_of(&race->endpoint));
	if (attempt->fd == -1 && errno == EAFNOSUPPORT) {
		attempt->error = errno;
		race->next_us = 0;
		return;
	}
	if (attempt->fd == -1 ||
	    !socket_sign(race->socket, attempt->fd, attempt->to) ||
	    !bind_source(race, attempt->fd, family)) {
		race->stop = true;
		return;
	}
	error = socket_connect(attempt->fd, attempt->to);
	if (error == 0)
		race->winner = attempt;
	else if (error != EINPROGRESS) {
		attempt_end(attempt, error);
		race->next_us = 0;
	}
}

/* Finds out which of the attempts have connected or failed. */
static void
attempts_look(struct race *race, const struct loop *loop)
{
	struct attempt *attempt;
	size_t i;
	int error;

	for (i = 0; i < race->begun && race->winner == NULL; i++) {
		attempt = &race->attempt[i];
		if (attempt->fd == -1 ||
		    loop_revents(loop, attempt->place) == 0)
			continue;
		error = socket_connected(attempt->fd);
		if (error == 0)
			race->winner = attempt;
		else {
			attempt_end(attempt, error);
			race->next_us = 0;
		}
	}
}

/* RFC 8305, section 4: families alternate, the resolver's first one first. */
static void
interleave(struct race *race)
{
	const struct address_list *list = &race->list;
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
		    (struct attempt){ .to = &list->item[pick], .fd = -1,
		    .place = -1 };
	}
}

void
race_begin(struct race *race)
{
	race->count = race->begun = 0;
	race->winner = NULL;
	race->next_us = 0;
	race->stop = false;
	interleave(race);
}

void
race_watch(struct race *race, struct loop *loop)
{
	size_t i;

	for (i = 0; i < race->begun; i++)
		race->attempt[i].place = loop_watch(loop,
		    race->attempt[i].fd, POLLOUT);
	if (race->begun < race->count)
		loop_until(loop, race->next_us);
}

static bool
is_under_way(const struct race *race)
{
	size_t i;

	for (i = 0; i < race->begun; i++)
		if (race->attempt[i].fd != -1)
			return true;
	return false;
}

bool
race_step(struct race *race, const struct loop *loop)
{
	attempts_look(race, loop);
	while (race->winner == NULL && !race->stop &&
	    race->begun < race->count &&
	    (loop->now_us >= race->next_us || !is_under_way(race)))
		attempt_begin(race);
	return race->winner != NULL || race->stop ||
	    (race->begun == race->count && !is_under_way(race));
}

static int
result(const struct race *race, bool quiet)
{
	bool timed_out = false;
	size_t i;

	for (i = 0; i < race->begun; i++) {
		if (race->attempt[i].error == 0)
			continue;
		if (race->winner != NULL ? diag_wants(1) : !quiet)
			report_failure(race, &race->attempt[i]);
		timed_out |= race->attempt[i].error == ETIMEDOUT;
	}
	if (race->winner != NULL)
		return EXIT_DONE;
	if (race->stop)
		return EXIT_LOCAL;
	return timed_out ? EXIT_TIME : EXIT_NETWORK;
}

int
race_end(struct race *race, bool quiet)
{
	size_t i;

	for (i = 0; i < race->begun; i++)
		if (race->attempt[i].fd != -1 &&
		    &race->attempt[i] != race->winner)
			attempt_end(&race->attempt[i],
			    race->winner != NULL || race->stop ? 0 : ETIMEDOUT);
	return result(race, quiet);
}
