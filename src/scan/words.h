#ifndef WORDS_H
#define WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/address.h"
#include "scan/results.h"

struct scan;

/*
 * What a scan's results are called, in nmap's words, for lines and JSON alike.
 * What is returned is constant, the caller's text, or the scan's own.
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

/*
 * The host with its address, but for one behind a proxy, whose address nobody
 * here knows; text has ENDPOINT_TEXT bytes.
 */
const char *words_host(const struct scan *, const struct target *,
	    const struct result *, char *text);

const char *words_state(const struct scan *, enum port_state);

/* Why it is in its state; text has WORDS_REASON bytes. */
const char *words_reason(const struct scan *, const struct result *,
	    char *text);

/* That of the address that tells most, or why there is none. */
const char *words_best_reason(const struct scan *, const struct port *,
	    char *text);

/* The terminal's escape sequence for a state, if it is to have colours. */
bool	words_coloured(int fd);
const char *words_colour(enum port_state);

#endif
