#ifndef SANDBOX_H
#define SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the process gives up for good, so that whoever takes it over gains
 * little. The kernel may know only some of it, or nothing: nobody is told.
 */

enum sandbox_rights {
	SANDBOX_LIST = 1 << 0,	/* what is in folders */
	SANDBOX_READ = 1 << 1,	/* files; below a folder, all */
	SANDBOX_WRITE = 1 << 2,	/* files that exist; a terminal */
	SANDBOX_MAKE = 1 << 3,	/* files, sockets, folders */
	SANDBOX_REMOVE = 1 << 4	/* the same */
};

struct sandbox_place {
	const char *path;	/* NULL: what the descriptor is */
	int	 fd;
	unsigned rights;	/* enum sandbox_rights */
};

#define SANDBOX_PLACES	40
#define SANDBOX_PORTS	4

/* What is kept. All zeros: nothing but the descriptors that are open. */
struct sandbox {
	bool	 commands;	/* are run, and must not inherit anything */
	bool	 secrets;	/* are held: no core dump, no debugger */
	bool	 connects;	/* to any TCP port */
	bool	 binds;		/* to TCP port bind */
	bool	 unix_sockets;	/* abstract ones too */
	bool	 files;		/* whosever they are, as far as we may */
	bool	 privileged;	/* options of new sockets, if we may */
	uint16_t bind;
	uint16_t port[SANDBOX_PORTS];	/* of TCP, to connect to */
	size_t	 ports;
	struct sandbox_place place[SANDBOX_PLACES];
	size_t	 places;	/* all of them: more may be needed, none is denied */
};

/*
 * Gives up all else. With commands only what an exec(3) undoes. text, of
 * SANDBOX_TEXT bytes or NULL, says what is in force now.
 */
#define SANDBOX_TEXT	256
void	sandbox_enter(const struct sandbox *, char *text);

#endif
