#include <string.h>

#include "base/diag.h"
#include "connect/greet.h"
#include "net/address.h"

int
greet_end(struct stream *stream, const struct address *peer, enum io answer,
    bool quiet)
{
	char text[ADDRESS_TEXT];
	int code = stream->refused ? EXIT_IDENTITY : EXIT_NETWORK;

	if (answer == IO_OK)
		return EXIT_DONE;
	if (answer != IO_FAIL) {
		strcpy(stream->error,
		    "handshake timed out (does the peer speak TLS?)");
		code = EXIT_TIME;
	}
	if (!quiet || code == EXIT_IDENTITY)
		diag_error("TLS with %s: %s", address_port_text(peer, text),
		    stream->error);
	stream->ops->close(stream);
	return code;
}
