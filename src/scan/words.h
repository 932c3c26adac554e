#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "scan/results.h"

struct scan;

/*
 * A scan's results in words, nmap's where it has them, for lines and JSON. The
 * strings returned are constants, the caller's text, or the scan's.
 */

#define WORDS_HEARD	256	/* bytes of what a port said */
#define WORDS_REASON	(4 * WORDS_HEARD + 64)
#define WORDS_PORT	(ADDRESS_NAME + 32)

bool	words_is_tcp(const struct scan *);
const char *words_protocol(const struct scan *);

/* The service's name, or "*"; name has PORTS_SERVICE bytes. */
const char *words_service(const struct scan *, uint16_t port, char *name);

/* "HOST port PORT", or the path; text has WORDS_PORT bytes. */
const char *words_port(const struct port *, char *text);

/* "HOST (ADDRESS)", or HOST behind a proxy; text has ENDPOINT_TEXT bytes. */
const char *words_host(const struct scan *, const struct target *,
	    const struct result *, char *text);

const char *words_state(const struct scan *, enum port_state);

/* The reason for a result's state; text has WORDS_REASON bytes. */
const char *words_reason(const struct scan *, const struct result *,
	    char *text);

/* That of the port's best result, or why it has none. */
const char *words_best_reason(const struct scan *, const struct port *,
	    char *text);

/* Whether to print colours (a terminal, no NO_COLOR), and a state's colour. */
bool	words_coloured(int fd);
const char *words_colour(enum port_state);

#endif
