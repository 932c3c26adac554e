#ifndef TELNET_H
#define TELNET_H

#include <stdint.h>

#include "relay/tap.h"

#define TELNET_ANSWERS	96	/* bytes of answers that can wait: 32 of them */

/*
 * Telnet's commands (RFC 854) are taken out of what is received, and every
 * option the server proposes is declined: DO with WONT, WILL with DONT (-t).
 */
struct telnet {
	struct tap tap;		/* first, so that the tap is the telnet */
	enum telnet_state {
		TELNET_DATA,
		TELNET_COMMAND,		/* after IAC */
		TELNET_OPTION,		/* after IAC and a verb */
		TELNET_SUBOPTION,	/* within IAC SB ... IAC SE */
		TELNET_SUBOPTION_IAC
	} state;
	uint8_t	 verb;
	uint8_t	 answers[TELNET_ANSWERS];
	size_t	 waiting;	/* bytes in answers */
};

/* A stream that ends within a command is broken, by the one to blame. */
void	telnet_begin(struct telnet *, struct stream *blame);

#endif
