#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "connect/associate.h"
#include "connect/request.h"
#include "net/access.h"
#include "connect/proxy.h"
#include "net/address.h"
#include "net/ports.h"
#include "net/socket.h"
#include "relay/relay.h"
#include "report/report.h"
#include "scan/scan.h"
#include "stream/child.h"
#include "stream/stdio.h"
#include "stream/tls.h"

/*
 * The command line, parsed: written once by options_parse, const for the modes,
 * which hand each module the struct it owns. Lower layers never see it.
 */

enum mode {
	MODE_CLIENT,
	MODE_LISTEN,
	MODE_SCAN
};

#define OPTIONS_HOPS	8	/* proxies in a chain, at most */

/* The values of an option that may be repeated. */
struct options_list {
	const char *word[OPTIONS_HOPS];
	size_t	 count;
};

struct options {
	int	 mode;		/* enum mode */

	/* what to connect to, or to listen on */
	struct address_query endpoint;
	struct ports ports;	/* of a client, one; a scan parses with it */
	struct targets targets;	/* of a scan */
	const char *ports_text;	/* as given; NULL for UNIX */
	struct socket_config socket;
	struct tls_config tls;
	struct connector_hop hop[OPTIONS_HOPS];	/* the nearest first */
	struct proxy_config proxy[OPTIONS_HOPS];	/* the hops' */
	size_t	 hops;

	/* what to do once there */
	bool	 pass_fd;	/* -F: give the socket away, relay nothing */
	bool	 keep_open;	/* serve many peers */
	bool	 sessions;	/* datagrams: one for each sender's address */
	bool	 shuffle;
	bool	 no_sandbox;
	struct scan_config scan;	/* pour.c completes it */
	char	**command;	/* -z: exec(3) it on success, or NULL */
	int	 max_conns;	/* peers at once */
	struct access_list allow, deny;	/* who may connect */
	bool	 broker, chat;	/* what one peer sends goes to the others */
	int	 datagrams;	/* -W: or reads, after which to quit; 0: none */
	struct stdio_config local;
	struct child_config child;
	struct {		/* the target of each peer */
		bool	 on;
		bool	 asked;		/* the peer names it (--proxy-server) */
		int	 header;	/* PROXY version to send; 0: none */
		bool	 accept_header;	/* peers must send one */
		struct request_config request;
		struct access_list allow, deny;	/* targets */
		struct associate_config associate;	/* their datagrams */
		struct address_query endpoint;
		const char *port_text;
		struct socket_config socket;
		struct tls_config tls;
	} forward;
	struct relay_rules relay;
	struct report_config report;

	/* time */
	int64_t	 connect_us;	/* resolve and connect; CLOCK_UNSET: no limit */
	int64_t	 deadline_us;	/* of the whole run */
	int64_t	 await_us; /* --wait: retry so long; CLOCK_UNSET: no retry */
	int64_t	 interval_us;	/* between lines, or ports of a scan (-i) */

	/* as given: pour.c, operands.c and proxies.c turn it into the above */
	struct {
		int	 verbosity;
		const char *port, *probe, *probe_hex, *targets;
		char	*forward;
		const char *send_proxy, *proxy_auth;
		int64_t	 wait_us, quit_us;
		struct options_list proxies, proxy_kinds, proxy_users;
	} given;
};

/*
 * Parses argv into the struct, which must be all zeros. Exits with a line that
 * names the mistake and the remedy (EXIT_LOCAL), or after --help and the like.
 * The struct points into argv, whose operands are moved to the front.
 */
void	options_parse(int argc, char *argv[], struct options *);

#endif
