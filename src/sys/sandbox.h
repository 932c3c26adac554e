#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Rights that the process gives up for good, so that an attacker who takes it
 * over gains little. Kernels that lack some of this, or all, are no failure.
 */

/* Rights in a folder and below it, or of a file. */
enum sandbox_rights {
	SANDBOX_LIST = 1 << 0,	/* read folders */
	SANDBOX_READ = 1 << 1,	/* open files for reading */
	SANDBOX_WRITE = 1 << 2,	/* open existing files for writing */
	SANDBOX_MAKE = 1 << 3,	/* create files, sockets and folders */
	SANDBOX_REMOVE = 1 << 4	/* remove them */
};

struct sandbox_place {
	const char *path;	/* NULL: fd's file */
	int	 fd;
	unsigned rights;	/* enum sandbox_rights */
};

#define SANDBOX_PLACES	40
#define SANDBOX_PORTS	4

/* What is kept. All zeros: only the descriptors that are open. */
struct sandbox {
	bool	 commands;	/* commands are run, and must not be confined */
	bool	 secrets;	/* memory has keys: no core dump, no debugger */
	bool	 connects;	/* connect to any TCP port */
	bool	 binds;		/* bind to the TCP port below */
	bool	 unix_sockets;	/* connect to abstract ones, too */
	bool	 files;		/* keep capabilities for files of others */
	bool	 privileged;	/* and those for socket options */
	uint16_t bind;
	uint16_t port[SANDBOX_PORTS];	/* TCP ports to connect to */
	size_t	 ports;
	struct sandbox_place place[SANDBOX_PLACES];
	size_t	 places; /* SANDBOX_PLACES: some may be missing, deny none */
};

/*
 * Gives up everything else; with commands only what exec(3) restores. Writes
 * what is in force into text, of SANDBOX_TEXT bytes, or NULL.
 */
#define SANDBOX_TEXT	256
void	sandbox_enter(const struct sandbox *, char *text);

#endif
