#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/ports.h"
#include "net/socket.h"
#include "relay/relay.h"
#include "report/report.h"
#include "scan/scan.h"
#include "stream/child.h"
#include "stream/stdio.h"
#include "stream/tls.h"

/*
 * The command line, understood: written once by options_parse, const for the
 * modes, which hand each room the struct it owns. Rooms below never see it.
 */

enum mode {
	MODE_CLIENT,
	MODE_LISTEN,
	MODE_SCAN
};

struct options {
	enum mode mode;

	/* what to connect to, or to listen on */
	const char *host;	/* NULL when listening on every address */
	struct ports ports;	/* one, but in a scan; 0 of them for UNIX */
	const char *ports_text;	/* as given; NULL for UNIX */
	uint16_t port;		/* that one */
	int	 family;	/* AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX */
	int	 type;		/* SOCK_STREAM or SOCK_DGRAM */
	bool	 numeric;
	struct socket_config socket;
	struct tls_config tls;

	/* what to do once there */
	bool	 keep_open;	/* serve one peer after another */
	bool	 shuffle;
	struct scan_config scan;	/* but for what stands here */
	char	**command;	/* to become once the ports are open, or NULL */
	int	 max_conns;	/* commands at once */
	long	 datagrams;	/* to take; 0: no end */
	struct stdio_config local;
	struct child_config child;
	struct relay_rules relay;
	struct report_config report;

	/* time */
	int64_t	 connect_us;	/* resolve and connect; CLOCK_UNSET: no limit */
	int64_t	 deadline_us;	/* of the whole run */
	int64_t	 await_us;	/* try again for so long; CLOCK_UNSET: once */
	int64_t	 interval_us;	/* between lines, or ports of a scan (-i) */

	/* as given, poured into the above at the end of options_parse */
	struct {
		bool	 four, six, unix_socket, udp, listen, scan, telnet,
			 crlf, shutdown, no_shutdown, no_stdin, recv_only,
			 send_only, sign;
		int	 verbosity;
		const char *port, *exec, *sh_exec, *probe, *probe_hex;
		int64_t	 wait_us, connect_us, idle_us, run_us, quit_us;
		bool	 quit;
	} given;
};

/*
 * Understands argv, or exits with one line that names the culprit and the
 * remedy. The options point into argv.
 */
void	options_parse(int argc, char *argv[], struct options *);

/* Prints the table of options on stdout. */
void	options_usage(void);

#endif
