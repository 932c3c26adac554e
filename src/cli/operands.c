#include <string.h>
#include <sys/socket.h>

#include "cli/options.h"
#include "cli/steps.h"
#include "net/transport.h"
#include "scan/target.h"

uint16_t
operands_port(const struct options *options, const char *text, int lowest)
{
	int port = ports_parse_one(text,
	    transport_of(&options->endpoint)->name, lowest);

	if (port == -1)
		refuse("invalid port '%.40s': use %d to 65535 or a service "
		    "name", text, lowest);
	return (uint16_t)port;
}

void
operands_check_host(const char *host)
{
	size_t length = strlen(host);

	if (length == 0 || length > ADDRESS_NAME)
		refuse("host '%.40s%s' is not a host name (%zu characters, "
		    "1 to %d allowed)", host, length > 40 ? "..." : "", length,
		    ADDRESS_NAME);
}

void
operands_check_path(const char *path)
{
	struct address address;
	size_t length = strlen(path);

	if (!address_parse_unix(path, &address))
		refuse("path '%.40s%s' cannot be a UNIX socket's (%zu bytes, "
		    "1 to %zu allowed)", path, length > 40 ? "..." : "",
		    length, sizeof(address.sa.un.sun_path) - (path[0] != '@'));
}

static void
listen_source(struct options *options)
{
	if (options->endpoint.host != NULL &&
	    options->socket.source_host != NULL)
		refuse("address given twice: '%.40s' and -s '%.40s'",
		    options->endpoint.host, options->socket.source_host);
	if (options->endpoint.host == NULL)
		options->endpoint.host = options->socket.source_host;
	options->socket.source_host = NULL;
}

/* -l PORT, -l ADDRESS PORT, -l -p PORT [ADDRESS]; -s is the address too. */
static void
listen_operands(struct options *options, char *operand[], int count)
{
	const char *port = options->given.port;
	int most = port == NULL ? 2 : 1;

	if (count > most)
		refuse("too many operands at '%.40s': use -l [ADDRESS] PORT",
		    operand[most]);
	if (port == NULL && count > 0)
		port = operand[--count];
	if (port == NULL)
		refuse("missing port: use -l PORT (0: any); try --help");
	if (count == 1 && options->given.port != NULL &&
	    operand[0][strspn(operand[0], "0123456789")] == '\0')
		refuse("port given twice: '%.40s' and -p '%.40s'", operand[0],
		    options->given.port);
	if (count == 1)
		options->endpoint.host = operand[0];
	/* With a target, -s is the source of the connection to it. */
	if (options->given.forward == NULL && !options->forward.asked)
		listen_source(options);
	options->endpoint.port = operands_port(options, port, 0);
	if (options->endpoint.host != NULL)
		operands_check_host(options->endpoint.host);
}

static void
connect_operands(struct options *options, char *operand[], int count)
{
	const char *error;
	char *pair[2];

	if (count == 1 && target_is_pair(operand[0])) {
		target_split(operand[0], &pair[0], &pair[1]);
		operand = pair;
		count = pair[1] == NULL ? 1 : 2;
	}
	if (count < 2)
		refuse("missing %s: use nc-lite [options] HOST PORT; try "
		    "--help", count == 0 ? "host and port" : "port");
	if (count > 2)
		refuse("too many operands at '%.40s': use HOST PORT",
		    operand[2]);
	options->endpoint.host = operand[0];
	options->ports_text = operand[1];
	error = ports_parse(operand[1],
	    transport_of(&options->endpoint)->name, &options->ports);
	if (error != NULL)
		refuse("invalid port '%.80s': %s", operand[1], error);
	if (options->ports.count > 1)
		refuse("several ports '%.40s': only -z takes more than one",
		    operand[1]);
	options->endpoint.port = options->ports.port[0];
	if (options->given.port != NULL)
		options->socket.source_port =
		    operands_port(options, options->given.port, 1);
	operands_check_host(operand[0]);
}

static void
scan_operands(struct options *options, char *operand[], int count)
{
	struct targets *targets = &options->targets;
	const char *file = options->given.targets;
	bool pairs = count > 0 && target_is_pair(operand[0]);

	if (count < (file == NULL ? 2 : 1) && (count == 0 ? file == NULL :
	    !pairs))
		refuse("missing %s: use nc-lite -z [options] HOST PORTS... or "
		    "HOST:PORTS...; try --help", count == 0 ? "host and port" :
		    "port");
	targets->protocol = transport_of(&options->endpoint)->name;
	targets->scratch = &options->ports;
	targets->shuffle = options->shuffle;
	if ((count > 0 && !targets_add(targets, operand, (size_t)count)) ||
	    (file != NULL && !targets_read(targets, file)))
		refuse("%s", targets->error);
	if (targets->count == 0)
		refuse("'%.200s' lists no targets", file);
	options->endpoint.host = targets->item[0].host;
	options->scan.all |= targets->count > 1 || pairs;
	if (options->given.port != NULL)
		options->socket.source_port =
		    operands_port(options, options->given.port, 1);
}

static void
path_operand(struct options *options, char *operand[], int count)
{
	if (count == 0)
		refuse("missing path: use -U PATH; try --help");
	if (count > 1)
		refuse("too many operands at '%.40s': use -U PATH",
		    operand[1]);
	if (options->socket.source_host != NULL &&
	    options->given.forward == NULL &&
	    (!transport_can(&options->endpoint, TRANSPORT_BINDS) ||
	    options->mode == MODE_LISTEN))
		refuse("-s with -U is for datagram clients only");
	options->endpoint.host = operand[0];
	operands_check_path(operand[0]);
}

/*
 * To ncat and nc.traditional, -c COMMAND runs a command. Here -c is TLS, and
 * the command is left among the operands: it is recognized and explained.
 */
static void
check_command(bool is_path, char *operand[], int count)
{
	int i, most = is_path ? 1 : 2;

	for (i = 0; i < count; i++)
		if (strpbrk(operand[i], " \t") != NULL || i >= most ||
		    (operand[i][0] == '/' && !is_path))
			refuse("'%.40s' is not expected: -c is TLS here, use "
			    "--sh-exec COMMAND for a command", operand[i]);
}

void
operands_parse(struct options *options, char *operand[], int count)
{
	bool is_path = !transport_can(&options->endpoint, TRANSPORT_PORTS);

	if (options->tls.on)
		check_command(is_path, operand, count);
	if (is_path)
		path_operand(options, operand, count);
	else if (options->mode == MODE_LISTEN)
		listen_operands(options, operand, count);
	else if (options->mode == MODE_SCAN)
		scan_operands(options, operand, count);
	else
		connect_operands(options, operand, count);
	if (options->command != NULL && options->mode != MODE_SCAN)
		refuse("command '%.40s' after --: it needs -z; try --exec",
		    options->command[0]);
}
