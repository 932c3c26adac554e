#ifndef TELNET_H
#define TELNET_H

#include <stdint.h>

#include "relay/tap.h"

#define TELNET_ANSWERS	96	/* bytes of answers that can wait: 32 of them */

/*
 * -t: removes telnet commands (RFC 854) from what is received, and declines
 * every option that the server proposes: DO by WONT, WILL by DONT.
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

/* EOF within a command is a failure of the stream to blame. */
void	telnet_begin(struct telnet *, struct stream *blame);

#endif
