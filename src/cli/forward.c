#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/options.h"
#include "cli/steps.h"
#include "scan/target.h"

/* Whether the text begins so; *rest is what follows. */
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
 * -s, -T and -M are for the connection to the target only, -p and -S for the
 * listener only.
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

static void
parse_target(struct options *options, char *target)
{
	char *rest;

	if (begins(target, "unix:", &rest))
		parse_path(options, rest);
	else if (begins(target, "tls:", &rest))
		parse_tls(options, rest);
	else
		parse_host(options, target);
	if (!options->forward.tls.on &&
	    (options_given(FORWARD_CA) || options_given(FORWARD_PIN)))
		refuse("--forward-ca and --forward-pin need a target "
		    "tls:HOST:PORT");
}

static void
parse_header(struct options *options)
{
	const char *version = options->given.send_proxy;

	if (version == NULL)
		return;
	if (strlen(version) > 1 || strspn(version, "12") != strlen(version))
		refuse("--send-proxy: bad version '%.40s': use 1 or 2",
		    version);
	options->forward.header = version[0] == '1' ? 1 : 2;
}

static void
parse_auth(struct options *options)
{
	struct proxy_config proxy = { .user = options->given.proxy_auth };

	if (proxy.user == NULL)
		return;
	if (proxy.user[0] == '\0' || strlen(proxy.user) > PROXY_WORD ||
	    strchr(proxy.user, ':') != NULL)
		refuse("--proxy-auth: bad user '%.40s': use 1 to %d "
		    "characters without a colon", proxy.user, PROXY_WORD);
	proxies_password(&proxy, NULL);
	options->forward.request.user = proxy.user;
	options->forward.request.password = proxy.password;
}

void
forward_parse(struct options *options)
{
	options->forward.on = options->forward.asked ||
	    options->given.forward != NULL;
	if (!options->forward.on)
		return;
	options->forward.endpoint.type = options->endpoint.type;
	options->forward.endpoint.numeric = options->endpoint.numeric;
	if (options->given.forward != NULL)
		parse_target(options, options->given.forward);
	parse_header(options);
	parse_auth(options);
	divide_socket(options);
	options->forward.associate = (struct associate_config){
		.query = options->forward.endpoint,
		.socket = options->forward.socket,
		.allow = &options->forward.allow,
		.deny = &options->forward.deny,
	};
	options->relay.forward = true;
}
