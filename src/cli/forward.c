#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/options.h"
#include "cli/refuse.h"
#include "cli/steps.h"
#include "scan/target.h"

/* What stands before the target, if it does; *rest is what is behind it. */
static bool
begins(char *text, const char *with, char **rest)
{
	size_t length = strlen(with);

	if (strncmp(text, with, length) != 0)
		return false;
	*rest = text + length;
	return true;
}

static void
parse_path(struct options *options, char *path)
{
	struct address_query *to = &options->forward.endpoint;

	operands_check_path(path);
	to->host = path;
	to->family = AF_UNIX;
}

static void
parse_host(struct options *options, char *target)
{
	struct address_query *to = &options->forward.endpoint;
	char *host, *port = NULL;

	if (target_is_pair(target))
		target_split(target, &host, &port);
	if (port == NULL)
		refuse("--forward: '%.80s' is not a target: use HOST:PORT, "
		    "[IPV6]:PORT, tls:HOST:PORT or unix:PATH", target);
	operands_check_host(host);
	to->host = host;
	to->port = operands_port(options, port, 1);
	to->numeric = options->endpoint.numeric;
	options->forward.port_text = port;
}

static void
parse_tls(struct options *options, char *target)
{
	struct tls_config *tls = &options->forward.tls;

	if (options->endpoint.type == SOCK_DGRAM)
		refuse("--forward: '%.80s': TLS needs a stream", target);
	parse_host(options, target);
	tls->on = true;
	tls->name = options->forward.endpoint.host;
}

/*
 * The socket's options are the target's; those that belong to the listener
 * alone stay there.
 */
static void
divide_socket(struct options *options)
{
	options->forward.socket = options->socket;
	options->forward.socket.md5_key = NULL;
	options->forward.socket.source_port = 0;
	options->socket.source_host = NULL;
	options->socket.tos = -1;
	options->socket.ttl = 0;
}

void
forward_parse(struct options *options, char *target)
{
	char *rest;

	options->forward.on = true;
	options->forward.endpoint.type = options->endpoint.type;
	if (begins(target, "unix:", &rest))
		parse_path(options, rest);
	else if (begins(target, "tls:", &rest))
		parse_tls(options, rest);
	else
		parse_host(options, target);
	if (!options->forward.tls.on &&
	    (options_given(FORWARD_CA) || options_given(FORWARD_PIN)))
		refuse("--forward-ca and --forward-pin are about a target "
		    "tls:HOST:PORT");
	divide_socket(options);
	options->relay.forward = true;
}
