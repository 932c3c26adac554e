#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "relay/crlf.h"
#include "relay/flow.h"
#include "relay/relay.h"
#include "relay/telnet.h"

/*
 * A running relay: what its rooms share. relay.c sets it up, sleeps and steps
 * the flows; judge.c decides whether it is over; count.c tells how far it is.
 * Nobody else sees this.
 */
struct relay {
	const struct relay_rules *rules;
	const struct relay_watch *watch;
	struct relay_count *count;
	struct stream *local, *peer;
	struct flow send, receive;
	struct crlf crlf;
	struct telnet telnet;
	bool	 peer_watched;		/* keepalive is on */
	int64_t	 begin_deadline_us;	/* for our input's first byte */
	int64_t	 linger_deadline_us;	/* -q, once our input has ended */
	int64_t	 quiet_deadline_us;
	int64_t	 idle_deadline_us;
	uint64_t idle_moved;		/* what had moved when that was set */
	uint64_t idle_acknowledged;
	int64_t	 tick_deadline_us;
	uint64_t received_mark;		/* what quiet_deadline_us counts from */
};

/*
 * The rules of the end (the manual's DATA TRANSFER). Returns JUDGE_GO_ON, or
 * an exit code as relay_run does, after which there is nothing left to do.
 * Sleeps only when all is over but the peer's acknowledgement.
 */
#define JUDGE_GO_ON	(-1)
int	judge(struct relay *);

/* Octets on their way, as far as the kernel can tell; else 0. */
uint64_t count_unacknowledged(const struct relay *);

/* Bytes that have arrived there. */
uint64_t count_acknowledged(const struct relay *);

/* Brings the relay_count up to date. */
void	count_take(struct relay *);

/* Calls the watch's tick when it is due, or has been asked for. */
void	count_tick(struct relay *);

#endif
