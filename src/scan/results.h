#ifndef RESULTS_H
#define RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/target.h"

struct scan_config;
struct tls_facts;

/* A scan's results: one for each port at each address. */

enum port_state {
	PORT_UNTRIED,		/* not tested yet, or not to the end */
	PORT_DOUBT,		/* silent, perhaps by the limit on ICMP */
	PORT_OPEN,		/* connected, or (UDP) answered */
	PORT_WRONG,		/* open, with another answer than expected */
	PORT_CLOSING,		/* accepted, and closed at once (--settle) */
	PORT_CLOSED,		/* refused */
	PORT_UNREACHABLE,	/* error and icmp tell why */
	PORT_FILTERED,		/* ICMP of a firewall */
	PORT_SILENT,		/* no answer in time */
	PORT_UNRESOLVED,	/* the host's name was not resolved */
	PORT_STATES
};

struct result {
	char	*heard;		/* an open port's first line, or NULL */
	struct tls_facts *facts;	/* an open port's TLS, or NULL */
	uint32_t took_us;	/* time to the answer */
	int16_t	 error;		/* errno of the state, or 0 */
	int16_t	 icmp;		/* its ICMP error (sys_icmp), or -1 */
	uint8_t	 state;		/* enum port_state */
	uint8_t	 code;		/* exit code of TLS */
	bool	 busy;		/* being tested; state is an earlier one */
	bool	 told;		/* printed */
	bool	 doubt;		/* SILENT, but was DOUBT until the end */
};

/* Allocates a target's results, once it has addresses; false: no memory. */
bool	results_open(struct target *);

/* Frees them and the addresses. */
void	results_close(struct target *);

/* By the indices of port and address. */
struct result *result_at(const struct target *, size_t port, size_t address);

/* Resets it for another round. */
void	result_clear(struct result *);

/* The address that it is for. */
const struct address *result_address(const struct target *,
	    const struct result *);

/* A port of a target, with the best result of its addresses. */
struct port {
	const struct target *target;
	size_t	 index;		/* in target->port */
	uint16_t number;
	const struct result *best;	/* NULL: no address is known */
	enum port_state state;
};

/* The next port in the order given, of one that is all zeros the first. */
bool	port_next(const struct targets *, struct port *);

struct port port_at(const struct target *, size_t index);

/* Whether its result is final. */
bool	port_settled(const struct scan_config *, const struct port *);

/* Whether it is as wanted: open or, with --closed, not. */
bool	port_good(const struct scan_config *, const struct port *);

struct results_sum {
	size_t	 count[PORT_STATES];	/* ports in each state */
	size_t	 good;
	int	 code;		/* the worst exit code of TLS */
	int	 name_code;	/* the worst of name resolution */
};

/*
 * Counts the ports. Returns the exit code: EXIT_IDENTITY if a peer failed
 * verification; EXIT_DONE if all (or with --any one) are good; else that of
 * names, TLS, time or the network.
 */
int	results_sum(const struct scan_config *, struct results_sum *);

#endif
