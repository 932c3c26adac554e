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

#define OPTIONS_HOPS	8	/* proxies, one behind the other */

/* The values of an option that may be repeated. */
struct options_list {
	const char *word[OPTIONS_HOPS];
	size_t	 count;
};

struct options {
	int	 mode;		/* enum mode */

	/* what to connect to, or to listen on */
	struct address_query endpoint;
	struct ports ports;	/* one if we connect; none but while parsing */
	struct targets targets;	/* of a scan */
	const char *ports_text;	/* as given; NULL for UNIX */
	struct socket_config socket;
	struct tls_config tls;
	struct connector_hop hop[OPTIONS_HOPS];	/* the nearest first */
	struct proxy_config proxy[OPTIONS_HOPS];	/* the hops' */
	size_t	 hops;

	/* what to do once there */
	bool	 pass_fd;	/* only to hand over the descriptor */
	bool	 keep_open;	/* serve many peers */
	bool	 sessions;	/* one for each address that sends us datagrams */
	bool	 shuffle;
	bool	 no_sandbox;
	struct scan_config scan;	/* but for what stands here */
	char	**command;	/* to become once the ports are open, or NULL */
	int	 max_conns;	/* peers at once */
	struct access_list allow, deny;	/* who may connect */
	bool	 broker, chat;	/* what one peer sends goes to the others */
	int	 datagrams;	/* to take, or reads; 0: no end */
	struct stdio_config local;
	struct child_config child;
	struct {		/* the target of each peer */
		bool	 on;
		bool	 asked;		/* the peer says it (--proxy-server) */
		int	 header;	/* version of PROXY it gets; 0: none */
		bool	 accept_header;	/* each peer begins with one */
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
	int64_t	 await_us;	/* try again for so long; CLOCK_UNSET: once */
	int64_t	 interval_us;	/* between lines, or ports of a scan (-i) */

	/* as given, poured into the above at the end of options_parse */
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
 * Understands argv, or exits with one line that names the culprit and the
 * remedy; --help and the like exit, too. The struct is all zeros before. It
 * points into argv, in which the operands have moved to the front.
 */
void	options_parse(int argc, char *argv[], struct options *);

#endif
