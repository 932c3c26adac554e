#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "cli/options.h"
#include "mode/confine.h"
#include "net/path.h"
#include "net/transport.h"
#include "sys/sandbox.h"

#define DOMAIN		53		/* the resolver's port, RFC 1035 */

static void
add_path(struct sandbox *box, const char *path, unsigned rights)
{
	if (path != NULL && box->places < SANDBOX_PLACES)
		box->place[box->places++] = (struct sandbox_place){
			.path = path, .rights = rights };
}

static void
add_file(struct sandbox *box, int fd, unsigned rights)
{
	if (fd == -1 || box->places == SANDBOX_PLACES)
		return;
	box->place[box->places++] = (struct sandbox_place){ .fd = fd,
	    .rights = rights };
	box->files = true;
}

/* Adds the path's folder, which is written into text, of PATH_MAX bytes. */
static void
add_folder(struct sandbox *box, const char *path, char *text, unsigned rights)
{
	const char *slash = strrchr(path, '/');

	snprintf(text, PATH_MAX, "%.*s", slash == path ? 1 :
	    slash != NULL ? (int)(slash - path) : 1,
	    slash != NULL ? path : ".");
	add_path(box, text, rights);
	box->files = true;
}

/* Adds the folders that a variable lists, DIR:DIR; *kept is the copy used. */
static void
add_variable(struct sandbox *box, const char *name, char **kept)
{
	const char *value = getenv(name);
	char *folder, *rest = value != NULL ? strdup(value) : NULL;

	*kept = rest;
	while (rest != NULL && (folder = strsep(&rest, ":")) != NULL)
		if (folder[0] != '\0')
			add_path(box, folder, SANDBOX_LIST | SANDBOX_READ);
}

/*
 * The folder that resolv.conf(5) links to, in which it may be replaced; the
 * file alone if that is "/", below which is everything.
 */
static void
add_resolver(struct sandbox *box)
{
	static char path[PATH_MAX] = "/etc/";
	const size_t at = sizeof("/etc/") - 1;
	char folder[PATH_MAX], *file = path, *slash;
	ssize_t length = readlink("/etc/resolv.conf", path + at,
	    sizeof(path) - at - 1);

	if (length <= 0)
		return;
	path[at + (size_t)length] = '\0';
	if (path[at] == '/')
		file += at;
	slash = strrchr(file, '/');
	*slash = '\0';
	if (realpath(file, folder) == NULL || strcmp(folder, "/") == 0)
		*slash = '/';
	add_path(box, file, SANDBOX_LIST | SANDBOX_READ);
}

/*
 * Where names, services and authorities are looked up, and the libraries for
 * it, which are loaded at the first lookup (nsswitch.conf(5)). Connecting to
 * their UNIX sockets needs no right.
 */
static void
add_system(struct sandbox *box)
{
	static const char *const path[] = { "/etc", "/usr", "/lib", "/lib64",
	    "/nix/store", "/gnu/store", "/run/systemd", "/run/resolvconf",
	    "/run/NetworkManager", "/var/lib/sss", "/var/lib/libvirt" };
	static const char *const variable[] = { "LD_LIBRARY_PATH",
	    "SSL_CERT_DIR", "SSL_CERT_FILE", "HOSTALIASES" };
	static char *kept[sizeof(variable) / sizeof(variable[0])];
	size_t i;

	for (i = 0; i < sizeof(path) / sizeof(path[0]); i++)
		add_path(box, path[i], SANDBOX_LIST | SANDBOX_READ);
	for (i = 0; i < sizeof(variable) / sizeof(variable[0]); i++)
		add_variable(box, variable[i], &kept[i]);
	add_resolver(box);
}

static bool
is_name(const char *host)
{
	return host != NULL && strchr(host, ':') == NULL &&
	    host[strspn(host, "0123456789.")] != '\0';
}

/* Whether certificates are verified by the system's authorities. */
static bool
asks_authorities(const struct tls_config *tls)
{
	return tls->on && tls->psk == NULL && tls->pins == 0 &&
	    tls->ca == NULL && !tls->insecure &&
	    (tls->client_auth || !tls->listening);
}

/* What we connect to ourselves: the first proxy, or the target. */
static const struct address_query *
nearest(const struct options *options)
{
	return options->hops > 0 ? &options->hop[0].endpoint :
	    options->forward.on ? &options->forward.endpoint :
	    &options->endpoint;
}

static const struct socket_config *
our_socket(const struct options *options)
{
	return options->forward.on ? &options->forward.socket :
	    &options->socket;
}

static bool
connects(const struct options *options)
{
	return options->mode != MODE_LISTEN || options->forward.on;
}

/* Whether services(5) is looked up, to print a port's name. */
static bool
names_services(const struct options *options)
{
	return options->mode == MODE_CLIENT ? diag_wants(1) :
	    options->mode == MODE_SCAN && (diag_wants(1) ||
	    options->scan.json || options->targets.count > 1);
}

static bool
asks_system(const struct options *options)
{
	return (connects(options) && (names_services(options) ||
	    options->forward.asked || is_name(nearest(options)->host) ||
	    is_name(our_socket(options)->source_host))) ||
	    asks_authorities(&options->tls) ||
	    asks_authorities(&options->forward.tls);
}

/* A preloaded library may connect elsewhere instead: torsocks. */
static void
want_ports(struct sandbox *box, const struct options *options)
{
	const struct socket_config *socket = our_socket(options);

	box->connects = (options->mode == MODE_SCAN && options->hops == 0) ||
	    options->forward.asked || getenv("LD_PRELOAD") != NULL;
	box->port[box->ports++] = nearest(options)->port;
	if (asks_system(options))
		box->port[box->ports++] = DOMAIN;
	box->binds = socket->source_host != NULL || socket->source_port != 0;
	box->bind = socket->source_port;
	box->privileged = socket->debug ||
	    transport_can(&options->endpoint, TRANSPORT_MESSAGES);
}

/* The context of each target of -z reads them again. */
static void
want_keys(struct sandbox *box, const struct tls_config *tls)
{
	add_path(box, tls->ca, SANDBOX_READ);
	add_path(box, tls->cert, SANDBOX_READ);
	add_path(box, tls->key, SANDBOX_READ);
	add_path(box, tls->psk, SANDBOX_READ);
	add_path(box, "/proc/sys/kernel/random", SANDBOX_READ);
	add_path(box, "/dev/tty", SANDBOX_READ | SANDBOX_WRITE);
	box->files = true;
}

/* --in is opened by its path for each peer: it may have been replaced. */
static void
want_files(struct sandbox *box, const struct options *options)
{
	static char in[PATH_MAX];
	struct stat file;
	int fd;

	/* borrowed_open opens these again. */
	for (fd = 0; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &file) == 0 && (S_ISFIFO(file.st_mode) ||
		    (S_ISCHR(file.st_mode) && isatty(fd))))
			add_file(box, fd, SANDBOX_READ | SANDBOX_WRITE);
	add_file(box, stdio_named_input(), SANDBOX_READ);
	if (options->local.in != NULL && (options->mode == MODE_LISTEN ||
	    options->await_us != CLOCK_UNSET))
		add_folder(box, options->local.in, in, SANDBOX_READ);
	if (options->local.out.path != NULL)
		add_file(box, stdio_out_folder(), SANDBOX_LIST | SANDBOX_READ |
		    SANDBOX_WRITE | SANDBOX_MAKE | SANDBOX_REMOVE);
	if (options->mode == MODE_SCAN && options->tls.on)
		want_keys(box, &options->tls);
}

/* A client of UNIX datagrams binds to a path of its own (net/path.h). */
static void
want_paths(struct sandbox *box, const struct options *options)
{
	static char here[PATH_MAX];
	const char *source = our_socket(options)->source_host;

	box->unix_sockets = options->mode == MODE_SCAN ||
	    options->endpoint.family == AF_UNIX ||
	    nearest(options)->family == AF_UNIX;
	box->files |= box->unix_sockets;
	if (options->mode == MODE_LISTEN &&
	    options->endpoint.family == AF_UNIX &&
	    options->endpoint.host[0] != '@')
		add_folder(box, options->endpoint.host, here, SANDBOX_REMOVE);
	if (!connects(options) ||
	    !transport_can(nearest(options), TRANSPORT_BINDS))
		return;
	if (source == NULL)
		add_path(box, path_private_parent(), SANDBOX_LIST |
		    SANDBOX_MAKE | SANDBOX_REMOVE);
	else if (source[0] != '@')
		add_folder(box, source, here, SANDBOX_LIST | SANDBOX_MAKE |
		    SANDBOX_REMOVE);
}

static bool
has_secrets(const struct options *options)
{
	const struct tls_config *tls = &options->tls;
	size_t i;

	for (i = 0; i < options->hops; i++)
		if (options->proxy[i].password != NULL)
			return true;
	return (tls->on && (tls->listening || tls->psk != NULL ||
	    tls->cert != NULL)) || options->socket.md5_key != NULL ||
	    options->forward.request.password != NULL;
}

/* A plain port scan: no byte of a peer is read. */
static bool
reads_nothing(const struct options *options)
{
	const struct scan_config *scan = &options->scan;

	return options->mode == MODE_SCAN && options->hops == 0 &&
	    !options->tls.on && !asks_system(options) && scan->send == NULL &&
	    scan->expect == NULL && scan->http == NULL &&
	    scan->banner_us == CLOCK_UNSET &&
	    transport_can(&options->endpoint, TRANSPORT_CONNECTS);
}

static void
give_up(const struct options *options, char *text)
{
	struct sandbox box = {
		.commands = options->child.command != NULL ||
		    options->command != NULL,
		.secrets = has_secrets(options),
	};

	if (connects(options))
		want_ports(&box, options);
	want_files(&box, options);
	want_paths(&box, options);
	if (asks_system(options))
		add_system(&box);
	if (asks_authorities(&options->tls) ||
	    asks_authorities(&options->forward.tls))
		add_path(&box, tls_authorities(), SANDBOX_LIST | SANDBOX_READ);
	sandbox_enter(&box, text);
}

void
confine(const struct options *options)
{
	char text[SANDBOX_TEXT] = "nothing (--no-sandbox)";

	if (!options->no_sandbox && reads_nothing(options))
		snprintf(text, sizeof(text), "nothing (no byte is read)");
	else if (!options->no_sandbox)
		give_up(options, diag_wants(2) ? text : NULL);
	diag_say(2, "sandbox: %s", text);
}
