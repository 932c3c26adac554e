#include <string.h>
#include <sys/socket.h>

#include "cli/options.h"
#include "cli/refuse.h"
#include "cli/steps.h"
#include "net/transport.h"

static uint16_t
one_port(const struct options *options, const char *text, int lowest)
{
	int port = ports_parse_one(text,
	    transport_of(&options->endpoint)->name, lowest);

	if (port == -1)
		refuse("invalid port '%.40s': use %d to 65535 or a service "
		    "name", text, lowest);
	return (uint16_t)port;
}

static void
check_host(const char *host)
{
	size_t length = strlen(host);

	if (length == 0 || length > ADDRESS_NAME)
		refuse("host '%.40s%s' is no host name (%zu characters, 1 to "
		    "%d will do)", host, length > 40 ? "..." : "", length,
		    ADDRESS_NAME);
}

static void
check_path(const char *path)
{
	struct address address;
	size_t length = strlen(path);

	if (!address_parse_unix(path, &address))
		refuse("path '%.40s%s' does not fit a UNIX socket (%zu bytes, "
		    "1 to %zu will do)", path, length > 40 ? "..." : "",
		    length, sizeof(address.sa.un.sun_path) - (path[0] != '@'));
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
	if (count == 1 && options->socket.source_host != NULL)
		refuse("address given twice: '%.40s' and -s '%.40s'",
		    operand[0], options->socket.source_host);
	options->endpoint.host = count == 1 ? operand[0] :
	    options->socket.source_host;
	options->socket.source_host = NULL;
	options->endpoint.port = one_port(options, port, 0);
	if (options->endpoint.host != NULL)
		check_host(options->endpoint.host);
}

/* HOST:PORT, or [IPv6]:PORT, is cut in two; an address of IPv6 alone is not. */
static bool
cut_port(char *text, char *pair[2])
{
	char *colon = strrchr(text, ':');

	if (colon == NULL || colon == text)
		return false;
	if (text[0] == '[' && colon[-1] == ']') {
		text++;
		colon[-1] = '\0';
	} else if (strchr(text, ':') != colon)
		return false;
	*colon = '\0';
	pair[0] = text;
	pair[1] = colon + 1;
	return true;
}

static void
connect_operands(struct options *options, char *operand[], int count)
{
	bool scan = options->mode == MODE_SCAN;
	char *pair[2];
	const char *error;
	int i;

	if (count == 1 && !scan && cut_port(operand[0], pair)) {
		operand = pair;
		count = 2;
	}
	if (count < 2)
		refuse("missing %s: use nc-lite %s[options] HOST PORT%s; try "
		    "--help", count == 0 ? "host and port" : "port",
		    scan ? "-z " : "", scan ? "..." : "");
	if (count > 2 && !scan)
		refuse("too many operands at '%.40s': use HOST PORT",
		    operand[2]);
	options->endpoint.host = operand[0];
	options->ports_text = operand[1];
	for (i = 1; i < count; i++) {
		error = ports_parse(operand[i],
		    transport_of(&options->endpoint)->name, &options->ports);
		if (error != NULL)
			refuse("invalid port '%.80s': %s", operand[i], error);
	}
	if (options->ports.count > 1 && !scan)
		refuse("several ports '%.40s': only -z takes more than one",
		    operand[1]);
	options->endpoint.port = options->ports.port[0];
	if (options->given.port != NULL)
		options->socket.source_port =
		    one_port(options, options->given.port, 1);
	check_host(operand[0]);
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
	    (!transport_can(&options->endpoint, TRANSPORT_BINDS) ||
	    options->mode == MODE_LISTEN))
		refuse("-s with -U is the path of a datagram client only");
	options->endpoint.host = operand[0];
	check_path(operand[0]);
}

/* ncat -c and nc.traditional -c run a command: no operand of ours. */
static void
check_command(bool is_path, char *operand[], int count)
{
	int i, most = is_path ? 1 : 2;

	for (i = 0; i < count; i++)
		if (strpbrk(operand[i], " \t") != NULL || i >= most ||
		    (operand[i][0] == '/' && !is_path))
			refuse("'%.40s' does not fit: -c is TLS here, use "
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
	else
		connect_operands(options, operand, count);
	if (options->command != NULL && options->mode != MODE_SCAN)
		refuse("command '%.40s' after --: it needs -z; try --exec",
		    options->command[0]);
}
