#ifndef TARGET_H
#define TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/address.h"

struct ports;
struct question;
struct result;
struct tls_config;
struct tls_context;

/* What a scan tests: ports of hosts, and UNIX sockets. */

struct target {
	const char *host;	/* a name or a numeric address; or a path */
	bool	 is_path;
	const uint16_t *port;	/* in the order given; a path has one, 0 */
	size_t	 ports;

	/* set by the scan */
	struct address *address;
	size_t	 addresses;	/* 0: not resolved (yet) */
	struct result *result;	/* see result_at */
	struct question *question;	/* while it is being resolved */
	int64_t	 asked_us;	/* since when */
	const char *name_error;	/* why it was not resolved, or NULL */
	int	 name_code;	/* the exit code for that */
	struct tls_config *tls_config;	/* its own, or NULL */
	struct tls_context *tls;
};

struct targets {
	struct target *item;
	size_t	 count, room;
	size_t	 ports;		/* of all targets */
	bool	 shuffle;	/* test each one's ports in random order */
	const char *protocol;	/* "tcp" or "udp", for service names */
	struct ports *scratch;	/* for parsing; empty between calls */
	char	 error[256];	/* why the last call failed */
};

/* Whether it is HOST:PORTS, [ADDRESS]:PORTS or unix:PATH. */
bool	target_is_pair(const char *word);

/* Splits HOST:PORTS or [ADDRESS]:PORTS in place; *ports NULL: none given. */
void	target_split(char *word, char **host, char **ports);

/*
 * Adds targets: HOST PORTS..., or pairs. A host may be a network, ADDRESS/BITS,
 * which stands for all of its addresses. The words are cut up, and must stay.
 * Returns false with the reason in error.
 */
bool	targets_add(struct targets *, char *word[], size_t words);

/* The same for each line of a file, or of stdin ("-"); # begins a comment. */
bool	targets_read(struct targets *, const char *path);

#endif
