#ifndef RESULTS_H
#define RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scan/target.h"

struct scan_config;
struct tls_facts;

/* What a scan has found. */

enum port_state {
	PORT_UNTRIED,		/* not asked yet, or not to its end */
	PORT_DOUBT,		/* silent, but perhaps for too many ICMPs */
	PORT_OPEN,		/* connected, or (UDP) answered */
	PORT_WRONG,		/* open, but not the answer that was wanted */
	PORT_CLOSING,		/* open, but it hung up at once */
	PORT_CLOSED,		/* refused */
	PORT_UNREACHABLE,	/* why is in error and icmp */
	PORT_FILTERED,		/* a firewall's ICMP said so */
	PORT_SILENT,		/* no answer in time */
	PORT_UNRESOLVED,	/* its host's name is not known */
	PORT_STATES
};

struct result {
	char	*heard;		/* what an open port said first, or NULL */
	struct tls_facts *facts;	/* of an open port's TLS, or NULL */
	uint32_t took_us;
	int16_t	 error;		/* the errno behind it, or 0 */
	int16_t	 icmp;		/* the ICMP behind it (sys_icmp), or -1 */
	uint8_t	 state;		/* enum port_state */
	uint8_t	 code;		/* an exit code: what TLS came to */
	bool	 busy;		/* being asked; state is of the time before */
	bool	 told;
	bool	 doubt;		/* silent, while ICMP was limited */
};

/* Makes room for what is found of a target whose addresses are known. */
bool	results_open(struct target *);
void	results_close(struct target *);

/* By the indices of the port and of the host's address. */
struct result *result_at(const struct target *, size_t port, size_t address);

/* Forgets what was found, for another round. */
void	result_clear(struct result *);

/* The host's address that it is of. */
const struct address *result_address(const struct target *,
	    const struct result *);

/* A port of a target, and what is known of it by now. */
struct port {
	const struct target *target;
	size_t	 index;		/* in target->port */
	uint16_t number;
	const struct result *best;	/* the most telling one, or NULL */
	enum port_state state;
};

/* All ports in the order asked for: the first for one that is all zeros. */
bool	port_next(const struct targets *, struct port *);

struct port port_at(const struct target *, size_t index);

/* Whether all that can be known of it is known. */
bool	port_settled(const struct scan_config *, const struct port *);

/* Whether it is as it should be: open, or (closed) not. */
bool	port_good(const struct scan_config *, const struct port *);

struct results_sum {
	size_t	 count[PORT_STATES];	/* ports */
	size_t	 good;
	int	 code;		/* the worst of TLS */
	int	 name_code;	/* the worst of names */
};

/*
 * Counts all and returns the exit code: EXIT_DONE when all (or any, as the
 * config wants) are good; else whether it was a name, time or the network. A
 * peer who is another than he should be decides.
 */
int	results_sum(const struct scan_config *, struct results_sum *);

#endif
