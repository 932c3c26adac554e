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

/* What a scan is asked to test: hosts, or the paths of sockets. */

struct target {
	const char *host;	/* a name or digits; or the path */
	bool	 is_path;
	const uint16_t *port;	/* as asked for; of a path one, which is 0 */
	size_t	 ports;

	/* the scan's own: once the name is resolved */
	struct address *address;
	size_t	 addresses;	/* 0: not (yet) resolved */
	struct result *result;	/* all ports at the first address, then ... */
	struct question *question;	/* while it is being resolved */
	int64_t	 asked_us;
	const char *name_error;	/* why it is not resolved, or NULL */
	int	 name_code;	/* the exit code for that */
	struct tls_config *tls_config;	/* if its name is not that of all */
	struct tls_context *tls;
};

struct targets {
	struct target *item;
	size_t	 count, room;
	size_t	 ports;		/* of all */
	bool	 shuffle;	/* the ports of each into random order */
	const char *protocol;	/* "tcp" or "udp", for service names */
	struct ports *scratch;	/* empty in between */
	char	 error[256];	/* what was wrong with the last words */
};

/* Whether it is HOST:PORTS, [ADDRESS]:PORTS or unix:PATH. */
bool	target_is_pair(const char *word);

/* Splits a pair that is no path in place. */
void	target_split(char *word, char **host, char **ports);

/*
 * Adds what the words say: either HOST PORTS..., or pairs. A host may be a
 * network, ADDRESS/BITS, which is all of its addresses. False with the reason
 * in error. The words must stay, and be writable.
 */
bool	targets_add(struct targets *, char *word[], size_t words);

/*
 * The same of each line of a file, "-" being stdin; from a # on it is a
 * comment.
 */
bool	targets_read(struct targets *, const char *path);

#endif
