#include <arpa/telnet.h>
#include <stdio.h>

#include "relay/telnet.h"
#include "stream/stream.h"

/*
 * A server that proposes options without reading fills the buffer; further ones
 * are not answered, which in RFC 854 does not mean agreement.
 */
static void
decline(struct telnet *telnet, uint8_t option)
{
	uint8_t *to = telnet->answers + telnet->waiting;

	if (telnet->waiting + 3 > sizeof(telnet->answers))
		return;
	if (telnet->verb != WILL && telnet->verb != DO)
		return;
	to[0] = IAC;
	to[1] = telnet->verb == WILL ? DONT : WONT;
	to[2] = option;
	telnet->waiting += 3;
}

static enum telnet_state
after_command(struct telnet *telnet, uint8_t byte)
{
	switch (byte) {
	case WILL:
	case WONT:
	case DO:
	case DONT:
		telnet->verb = byte;
		return TELNET_OPTION;
	case SB:
		return TELNET_SUBOPTION;
	default:
		return TELNET_DATA;
	}
}

static size_t
telnet_apply(struct tap *tap, const uint8_t *in, size_t size, uint8_t *out)
{
	struct telnet *telnet = (struct telnet *)tap;
	size_t i, done = 0;

	for (i = 0; i < size; i++)
		switch (telnet->state) {
		case TELNET_DATA:
			if (in[i] == IAC)
				telnet->state = TELNET_COMMAND;
			else
				out[done++] = in[i];
			break;
		case TELNET_COMMAND:
			telnet->state = after_command(telnet, in[i]);
			if (in[i] == IAC)
				out[done++] = IAC;
			break;
		case TELNET_OPTION:
			decline(telnet, in[i]);
			telnet->state = TELNET_DATA;
			break;
		case TELNET_SUBOPTION:
			if (in[i] == IAC)
				telnet->state = TELNET_SUBOPTION_IAC;
			break;
		case TELNET_SUBOPTION_IAC:
			telnet->state = in[i] == SE ? TELNET_DATA :
			    TELNET_SUBOPTION;
			break;
		}
	return done;
}

/* The beginning of a command at EOF may have been data. */
static bool
telnet_end(struct tap *tap)
{
	const struct telnet *telnet = (const struct telnet *)tap;

	if (telnet->state == TELNET_DATA)
		return true;
	snprintf(tap->blame->error, sizeof(tap->blame->error),
	    "ended within a telnet command");
	return false;
}

void
telnet_begin(struct telnet *telnet, struct stream *blame)
{
	*telnet = (struct telnet){
		.tap = { .apply = telnet_apply, .growth = 1,
		    .end = telnet_end, .blame = blame },
	};
}
