/*
 * The relay, between a local pair of pipes and a socket, whose other ends do as a
 * script says; time passes when it says so. What must hold:
 *
 *	exit 0 only when every byte is where it belongs
 *	while it is not done there is something that can wake it
 *	what woke it gives it something to do: no spin
 *	once both other ends have ended, it comes to its end
 *
 * Input: 4 bytes of what kind of run it is, then pairs of action and amount.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "fuzz.h"
#include "net/socket.h"
#include "net/transport.h"
#include "relay/relay.h"
#include "stream/plain.h"

#define IDLE_ROUNDS	40	/* that may pass without any progress */
#define LAST_ROUNDS	20000	/* from both ends' ends to the relay's */
#define NOTHING		((size_t)-1)

/* An end of ours, seen from outside: what goes in, what comes out. */
struct end {
	int	 in, out;	/* to be written, to be read; -1: closed */
	uint64_t given, got;	/* bytes */
	size_t	 unread;	/* what rested in it when it was closed */
	bool	 ended;		/* nothing more will be given */
	bool	 saw_end;	/* nothing more will come */
	bool	 gone;		/* neither reads nor writes any more */
	uint8_t	 salt;		/* its bytes are not the other's */
};

static struct run {
	struct relay relay;
	struct relay_rules rules;
	struct loop loop;
	struct stream local, peer;
	struct end near, far;	/* of local, of peer */
	bool	 tcp, reset;
	unsigned seed;
} run;

/* Microseconds; begins where no deadline is 0. */
static int64_t now_us = 1000 * CLOCK_SECOND;

int	__wrap_clock_gettime(clockid_t, struct timespec *);
int	__wrap_ppoll(struct pollfd *, nfds_t, const struct timespec *,
	    const sigset_t *);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	time->tv_sec = (time_t)(now_us / CLOCK_SECOND);
	time->tv_nsec = (long)(now_us % CLOCK_SECOND) * 1000;
	return 0;
}

static int ready;	/* of the last round */

/* Never sleeps: whoever steps decides what time passes. */
int
__wrap_ppoll(struct pollfd *set, nfds_t count, const struct timespec *time,
    const sigset_t *mask)
{
	(void)time, (void)mask;
	return ready = poll(set, count, 0);
}

static uint8_t
byte_at(uint64_t place, uint8_t salt)
{
	return (uint8_t)(place ^ place >> 8 ^ place >> 16 ^ salt);
}

/* The other end gives as much of this as fits. */
static void
give(struct end *end, size_t size)
{
	static uint8_t data[64 << 10];
	ssize_t done;
	size_t i;

	if (end->ended)
		return;
	size = size < sizeof(data) ? size : sizeof(data);
	for (i = 0; i < size; i++)
		data[i] = byte_at(end->given + i, end->salt);
	done = write(end->in, data, size);
	end->given += done > 0 ? (uint64_t)done : 0;
}

/* It takes so much at most, and looks whether it is what it should be. */
static void
take(struct end *end, size_t size, const struct end *from)
{
	static uint8_t data[64 << 10];
	ssize_t done;
	size_t i;

	if (end->out == -1 || end->saw_end)
		return;
	size = size < sizeof(data) ? size : sizeof(data);
	done = read(end->out, data, size);
	end->saw_end |= done == 0 ||
	    (done == -1 && errno != EAGAIN && errno != EINTR);
	for (i = 0; done > 0 && i < (size_t)done; i++)
		must(data[i] == byte_at(end->got + i, from->salt));
	end->got += done > 0 ? (uint64_t)done : 0;
	must(end->got <= from->given);
}

static size_t
unread(int fd)
{
	int size = 0;

	return fd != -1 && ioctl(fd, FIONREAD, &size) == 0 ? (size_t)size : 0;
}

/* It says that nothing more will come; it goes on reading. */
static void
finish(struct end *end)
{
	if (end->ended)
		return;
	end->ended = true;
	if (end->in == end->out)
		shutdown(end->in, SHUT_WR);
	else
		close(end->in);
	end->in = -1;
}

/* It reads nothing more. A socket's end is then gone altogether. */
static void
leave(struct end *end, bool reset)
{
	const struct linger at_once = { .l_onoff = 1 };

	if (end->out == -1)
		return;
	end->unread = unread(end->out);
	end->gone = true;
	if (reset)
		setsockopt(end->out, SOL_SOCKET, SO_LINGER, &at_once,
		    sizeof(at_once));
	if (end == &run.far)
		end->ended = true;
	close(end->out);
	end->out = -1;
}

static void
tick(void *context, const struct outcome *outcome, bool asked)
{
	(void)context, (void)asked;
	must(outcome->received <= run.far.given);
}

static const struct relay_watch watch = { .tick = tick, .every_us = -1 };

/* What changes whenever something happens. */
static uint64_t
progress(void)
{
	const struct relay *relay = &run.relay;
	const struct flow *flow[2] = { &relay->send, &relay->receive };
	uint64_t sum = (uint64_t)relay->state;
	int i;

	for (i = 0; i < 2; i++)
		sum = sum * 31 + flow[i]->taken + flow[i]->moved * 7 +
		    (uint64_t)flow[i]->state * 3 + (flow[i]->culprit != NULL) +
		    flow[i]->sink_gone * 2u + flow[i]->deaf * 5u;
	return sum;
}

/* One round. False when nothing can happen before time passes. */
static bool
round_once(void)
{
	struct loop *loop = &run.loop;

	loop_begin(loop);
	relay_watch(&run.relay, loop);
	must(loop->count > 0 || loop->next_us != CLOCK_NEVER);
	loop_run_once(loop);
	if (ready == 0 && loop->next_us > now_us)
		return false;
	relay_step(&run.relay, loop);
	return true;
}

/* Until it is done or nothing happens any more by itself. */
static void
settle(void)
{
	uint64_t before = progress(), after;
	int idle = 0;

	while (run.relay.state != RELAY_DONE && round_once()) {
		after = progress();
		idle = after == before ? idle + 1 : 0;
		before = after;
		must(idle < IDLE_ROUNDS);
	}
}

/* To the next moment it waits for, if there is one. */
static bool
pass_time(void)
{
	loop_begin(&run.loop);
	relay_watch(&run.relay, &run.loop);
	if (run.loop.next_us == CLOCK_NEVER)
		return false;
	if (run.loop.next_us > now_us)
		now_us = run.loop.next_us;
	return true;
}

static void
act(uint8_t action, uint8_t amount)
{
	static const size_t unit[] = { 1, 100, 1000, 4000 };
	size_t size = (amount & 63) * unit[amount >> 6] + 1;

	switch (action % 12) {
	case 0:
		give(&run.near, size);
		break;
	case 1:
		take(&run.near, size, &run.far);
		break;
	case 2:
		give(&run.far, size);
		break;
	case 3:
		take(&run.far, size, &run.near);
		break;
	case 4:
		finish(&run.near);
		break;
	case 5:
		finish(&run.far);
		break;
	case 6:
		if (amount % 4 == 0)
			leave(&run.near, false);
		break;
	case 7:
		/* After both ends TCP has nothing left to reset. */
		run.reset |= !run.far.gone && amount % 4 == 0 &&
		    run.relay.send.state != FLOW_CLOSED;
		if (amount % 4 == 0)
			leave(&run.far, true);
		break;
	case 8:
		if (amount % 4 == 0)
			leave(&run.far, false);
		break;
	case 9:
		pass_time();
		break;
	case 10:
		now_us += (int64_t)size * 100;
		break;
	default:
		break;
	}
}

/* Both ends do as they should from now on; so the relay must end. */
static void
finish_all(void)
{
	int round;

	for (round = 0; run.relay.state != RELAY_DONE; round++) {
		must(round < LAST_ROUNDS);
		take(&run.near, NOTHING, &run.far);
		take(&run.far, NOTHING, &run.near);
		/* TCP has a clock of its own, for a window that was shut. */
		if (round % 64 == 63)
			poll(NULL, 0, 1);
		settle();
		if (round > 2)
			finish(&run.near);
		if (round > 4)
			finish(&run.far);
		if (run.relay.state != RELAY_DONE &&
		    unread(run.near.out) == 0 && unread(run.far.out) == 0)
			pass_time();
	}
}

/* All that the relay has said is with the other ends, in them or before. */
static void
check_done(void)
{
	const struct relay *relay = &run.relay;
	uint64_t near, far;

	if (relay->outcome.code != EXIT_DONE) {
		must(relay->outcome.reason[0] != '\0');
		return;
	}
	far = run.far.got + run.far.unread + unread(run.far.out);
	near = run.near.got + run.near.unread + unread(run.near.out);
	/* A filter that feeds us back, and a peer that has left with all. */
	if (relay->send.culprit == relay->peer &&
	    relay->local->caps & STREAM_ANSWERS)
		return;
	must(relay->send.culprit == NULL && relay->receive.culprit == NULL);
	must(relay->receive.moved == near || relay->receive.deaf);
	/* A UNIX socket's other end says nothing when it leaves. */
	must(relay->send.moved == far || (!run.tcp && run.far.gone));
	must(relay->send.moved == relay->send.taken);
	if (relay->rules->send_only || relay->rules->linger_us >= 0)
		return;
	must(relay->receive.moved == run.far.given || run.far.gone ||
	    relay->receive.deaf);
	must(!run.near.ended || relay->send.taken == run.near.given ||
	    relay->local->caps & STREAM_NO_INPUT);
	must(!run.reset || !run.tcp || relay->send.moved == 0 ||
	    run.far.unread == 0);
}

static enum io
local_shutdown(struct stream *stream)
{
	if (stream->wfd != -1)
		close(stream->wfd);
	stream->wfd = -1;
	return IO_OK;
}

static void
local_open(uint8_t kind)
{
	static const struct stream_ops ops = {
		.read = stream_read,
		.write = stream_write,
		.shutdown = local_shutdown,
	};
	int in[2], out[2];

	if (pipe2(in, O_NONBLOCK | O_CLOEXEC) == -1 ||
	    pipe2(out, O_NONBLOCK | O_CLOEXEC) == -1)
		abort();
	run.near = (struct end){ .in = in[1], .out = out[0], .salt = 0x55 };
	run.local = (struct stream){
		.ops = &ops,
		.rfd = in[0],
		.wfd = out[1],
		.caps = STREAM_PIPE_INPUT | STREAM_PIPE_OUTPUT,
		.input = "stdin",
		.output = "stdout",
	};
	if (kind & 1)
		run.local.caps |= STREAM_RAW_INPUT | STREAM_RAW_OUTPUT;
	if (kind & 2)
		run.local.caps |= STREAM_ANSWERS;
	if (kind & 4)
		run.local.caps |= STREAM_MAY_LEAVE;
	if ((kind & 24) == 8)
		run.local.caps |= STREAM_NO_INPUT;
}

/* Two ends of a connection through the loopback interface. */
static void
tcp_pair(int pair[2])
{
	static struct sockaddr_in address = { .sin_family = AF_INET };
	static int listener = -1;
	static uint32_t count;
	socklen_t length = sizeof(address);

	if (listener == -1) {
		listener = socket(AF_INET, SOCK_STREAM, 0);
		if (bind(listener, (struct sockaddr *)&address, length) != 0 ||
		    listen(listener, 16) != 0 || getsockname(listener,
		    (struct sockaddr *)&address, &length) != 0)
			abort();
	}
	/* Many addresses: each has as many connections behind it as ports. */
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + count++ % 50000);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(pair[0], (struct sockaddr *)&address, length) != 0)
		abort();
	pair[1] = accept(listener, NULL, NULL);
	socket_abortive(pair[0], true);
}

static void
peer_open(uint8_t kind)
{
	int pair[2];

	run.tcp = kind & 32;
	if (run.tcp)
		tcp_pair(pair);
	else if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		abort();
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	fcntl(pair[1], F_SETFL, O_NONBLOCK);
	plain_open(&run.peer, pair[0], transport_of_socket(pair[0]));
	run.far = (struct end){ .in = pair[1], .out = pair[1], .salt = 0xaa };
}

static void
set_rules(const uint8_t *data)
{
	run.rules = (struct relay_rules){
		.end_at_once = data[1] & 1,
		.send_only = (data[1] & 6) == 2,
		.linger_us = (data[1] & 24) == 8 ? CLOCK_SECOND : CLOCK_UNSET,
		.quiet_us = CLOCK_UNSET,
		.idle_us = (data[1] & 96) == 32 ? 3 * CLOCK_SECOND :
		    CLOCK_UNSET,
		.send_rate = (data[2] & 7) == 1 ? 200000 + data[3] * 10000 : 0,
		.receive_rate = (data[2] & 56) == 8 ? 200000 + data[3] * 10000 : 0,
		.line_us = (data[2] & 192) == 64 ? 1000 : 0,
		.run_us = CLOCK_UNSET,
		.deadline_us = CLOCK_NEVER,
	};
}

static void
close_end(struct end *end)
{
	if (end->in != -1 && end->in != end->out)
		close(end->in);
	if (end->out != -1)
		close(end->out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t i;

	if (size < 4 || size > 600)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	run.reset = false;
	loop_open(&run.loop);
	local_open(data[0]);
	peer_open(data[0]);
	set_rules(data);
	must(relay_open(&run.relay, &run.local, &run.peer, &run.rules,
	    &watch));
	settle();
	for (i = 4; i + 1 < size && run.relay.state != RELAY_DONE; i += 2) {
		act(data[i], data[i + 1]);
		settle();
	}
	finish_all();
	check_done();
	relay_close(&run.relay);
	close(run.local.rfd);
	local_shutdown(&run.local);
	run.peer.ops->close(&run.peer);
	/* No connection stays behind, waiting for its time. */
	leave(&run.far, true);
	close_end(&run.near);
	close_end(&run.far);
	loop_close(&run.loop);
	return 0;
}
