#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "base/diag.h"
#include "connect/greet.h"
#include "connect/listener.h"
#include "connect/lobby.h"
#include "stream/plain.h"
#include "stream/tls.h"

static void
leave(struct lobby *lobby, size_t i)
{
	lobby->count--;
	memmove(&lobby->guest[i], &lobby->guest[i + 1],
	    (lobby->count - i) * sizeof(lobby->guest[0]));
}

static void
enter(struct lobby *lobby, int fd, const struct address *address)
{
	struct guest *guest;

	if (lobby->count == LOBBY_GUESTS) {
		greet_end(&lobby->guest[0].stream, &lobby->guest[0].address,
		    IO_WANT_READ, false);
		leave(lobby, 0);
	}
	guest = &lobby->guest[lobby->count];
	*guest = (struct guest){ .address = *address, .wants = IO_WANT_READ,
	    .deadline_us = clock_deadline(lobby->limit_us) };
	plain_open(&guest->stream, fd);
	if (tls_open(&guest->stream, lobby->tls)) {
		lobby->count++;
		return;
	}
	diag_error("no memory for a peer");
	guest->stream.ops->close(&guest->stream);
}

/* All that wait at the door. */
static int
open_door(struct lobby *lobby)
{
	struct address address;
	int fd, code, room = LOBBY_GUESTS;

	do {
		code = listener_await(lobby->listener, 0, &fd, &address);
		if (code == EXIT_DONE)
			enter(lobby, fd, &address);
	} while (code == EXIT_DONE && --room > 0);
	return code == EXIT_TIME ? EXIT_DONE : code;
}

/* True when one has become ready, who is then in *ready. */
static bool
shake_hands(struct lobby *lobby, const struct pollfd *wait,
    struct stream *ready)
{
	struct guest *guest;
	size_t i, at = 0, count = lobby->count;
	int code;

	for (i = 0; i < count; i++) {
		guest = &lobby->guest[at++];
		if (wait[i].revents == 0 && !clock_passed(guest->deadline_us))
			continue;
		if (wait[i].revents != 0)
			guest->wants =
			    guest->stream.ops->handshake(&guest->stream);
		if ((guest->wants == IO_WANT_READ ||
		    guest->wants == IO_WANT_WRITE) &&
		    !clock_passed(guest->deadline_us))
			continue;
		code = greet_end(&guest->stream, &guest->address, guest->wants,
		    false);
		*ready = guest->stream;
		leave(lobby, --at);
		if (code == EXIT_DONE)
			return true;
	}
	return false;
}

static int64_t
set_waits(const struct lobby *lobby, struct pollfd *wait)
{
	const struct guest *guest;
	int64_t until_us = CLOCK_NEVER;
	size_t i;

	for (i = 0; i < lobby->count; i++) {
		guest = &lobby->guest[i];
		wait[i] = (struct pollfd){
			.fd = guest->stream.rfd,
			.events = guest->wants == IO_WANT_WRITE ? POLLOUT :
			    POLLIN,
		};
		if (guest->deadline_us < until_us)
			until_us = guest->deadline_us;
	}
	if (!clock_passed(lobby->listener->next_us))
		until_us = clock_earlier(until_us, lobby->listener->next_us);
	wait[i] = (struct pollfd){ .events = POLLIN,
	    .fd = clock_passed(lobby->listener->next_us) ?
	    lobby->listener->fd : -1 };
	wait[i + 1] = (struct pollfd){ .fd = lobby->listener->output };
	return until_us;
}

int
lobby_admit(struct lobby *lobby, int64_t deadline_us, struct stream *stream)
{
	struct pollfd wait[LOBBY_GUESTS + 2];
	int64_t until_us;
	size_t i;
	int code = EXIT_DONE;

	/* While we served another their time stood still. */
	for (i = 0; i < lobby->count; i++)
		lobby->guest[i].deadline_us = clock_deadline(lobby->limit_us);
	while (code == EXIT_DONE) {
		until_us = set_waits(lobby, wait);
		if (deadline_us < until_us)
			until_us = deadline_us;
		poll(wait, (nfds_t)lobby->count + 2,
		    clock_poll_ms(until_us));
		i = lobby->count;
		if (shake_hands(lobby, wait, stream))
			return EXIT_DONE;
		if (wait[i].revents != 0 || wait[i + 1].revents != 0)
			code = open_door(lobby);
		if (code == EXIT_DONE && clock_passed(deadline_us))
			code = EXIT_TIME;
	}
	return code;
}

void
lobby_close(struct lobby *lobby)
{
	while (lobby->count > 0) {
		lobby->count--;
		lobby->guest[lobby->count].stream.ops->close(
		    &lobby->guest[lobby->count].stream);
	}
}
