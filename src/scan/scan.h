#ifndef SCAN_H
#define SCAN_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "net/socket.h"
#include "scan/probe.h"

struct ports;
struct tls_facts;

struct scan_config {
	struct address_query endpoint;	/* its port is the first of these: */
	const struct ports *ports;
	bool	 all;		/* every port must be open */
	bool	 each_address;	/* a finding for each address of the name */
	bool	 json;
	int	 parallel;	/* ports asked at once; 0: as many as is sane */
	int64_t	 port_us;	/* for each port; CLOCK_UNSET: the kernel's */
	int64_t	 interval_us;	/* between two ports */
	int64_t	 banner_us;	/* for an open port to speak; CLOCK_UNSET: no */
	struct probe probe;	/* what to say (UDP), when data is not NULL */
	struct socket_config socket;
	/*
	 * What an open port must pass besides, or NULL: takes the descriptor
	 * and returns an exit code, a reason printed (if quiet, only one that
	 * ends the trying); ports then wait for each other.
	 */
	int	 (*visit)(const void *visitor, int fd, const struct address *,
		    int64_t deadline_us, bool quiet, struct tls_facts *);
	const void *visitor;
};

/*
 * Tests all ports at all addresses of the host, many at once, until the
 * deadline, and tells what was found (ledger.h); when retried, only if that is
 * what was wanted. Returns an exit code.
 */
int	scan_run(const struct scan_config *, int64_t deadline_us, bool retried);

#endif
