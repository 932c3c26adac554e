#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/loop.h"
#include "base/clock.h"
#include "base/signals.h"
#include "net/address.h"
#include "net/path.h"
#include "net/socket.h"
#include "sys/sys.h"

#define PREFIX	"nc-lite."	/* of a private directory: mkdtemp(3) */
#define REPLY	"/reply"	/* the socket in it */
#define NAP	(CLOCK_SECOND / 100)	/* while another process has the lock */
#define NAPS	100

/*
 * Whether a socket file was left by a process that died: it refuses to connect.
 * A living stream socket fails with EPROTOTYPE and a living datagram socket
 * does not notice, so nobody is disturbed.
 */
static bool
is_stale(const char *path)
{
	struct address address;
	struct stat file;
	bool refused;
	int fd;

	if (lstat(path, &file) == -1 || !S_ISSOCK(file.st_mode) ||
	    !address_parse_unix(path, &address))
		return false;
	fd = sys_socket(AF_UNIX, SOCK_DGRAM, 0);
	if (fd == -1)
		return false;
	refused = connect(fd, &address.sa.any, address.length) == -1 &&
	    errno == ECONNREFUSED;
	close(fd);
	return refused;
}

static void
nap(void)
{
	struct loop loop;

	loop_open(&loop);
	loop_until(&loop, loop.now_us + NAP);
	loop_run_once(&loop);
	loop_close(&loop);
}

/* Locks the path's directory until the returned descriptor is closed; or -1. */
static int
lock_directory(const char *path)
{
	const char *slash = strrchr(path, '/');
	char directory[sizeof(struct sockaddr_un)] = ".";
	int fd, naps = NAPS;

	if (slash != NULL)
		snprintf(directory, sizeof(directory), "%.*s",
		    slash == path ? 1 : (int)(slash - path), path);
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd == -1)
		return -1;
	while (flock(fd, LOCK_EX | LOCK_NB) == -1) {
		if (errno != EWOULDBLOCK || naps-- == 0) {
			close(fd);
			return -1;
		}
		nap();
	}
	return fd;
}

/* Under a lock: two processes must not replace the same stale socket. */
static bool
replace(int fd, const struct address *address)
{
	const char *path = address->sa.un.sun_path;
	int lock = is_stale(path) ? lock_directory(path) : -1;
	int error = EADDRINUSE;

	if (lock != -1) {
		if (is_stale(path))
			unlink(path);
		error = bind(fd, &address->sa.any, address->length) == -1 ?
		    errno : 0;
		close(lock);
	}
	errno = error;
	return error == 0;
}

bool
path_bind(int fd, const struct address *address)
{
	const char *path = address->sa.un.sun_path;
	sigset_t before;
	bool bound;

	signals_hold(&before);
	bound = bind(fd, &address->sa.any, address->length) == 0 ||
	    (errno == EADDRINUSE && path[0] != '\0' && replace(fd, address));
	if (bound && path[0] != '\0')
		bound = signals_remember(path);
	signals_release(&before);
	return bound;
}

const char *
path_private_parent(void)
{
	const char *directory = getenv("TMPDIR");

	if (directory == NULL || directory[0] == '\0' || strlen(directory) +
	    strlen("/" PREFIX "XXXXXX" REPLY) >=
	    sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return "/tmp";
	return directory;
}

/* Removes private directories whose owners, of our user, have died. */
static void
sweep(const char *parent)
{
	char path[sizeof(struct sockaddr_un)];
	const struct dirent *entry;
	DIR *directory = opendir(parent);
	struct stat file;
	int length;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strncmp(entry->d_name, PREFIX, strlen(PREFIX)) != 0)
			continue;
		length = snprintf(path, sizeof(path), "%s/%s" REPLY, parent,
		    entry->d_name);
		if (length < 0 || (size_t)length >= sizeof(path) ||
		    !is_stale(path) || lstat(path, &file) == -1 ||
		    file.st_uid != geteuid())
			continue;
		unlink(path);
		path[(size_t)length - strlen(REPLY)] = '\0';
		rmdir(path);
	}
	if (directory != NULL)
		closedir(directory);
}

bool
path_bind_private(int fd)
{
	static bool swept;
	char directory[sizeof(struct sockaddr_un)];
	char path[sizeof(directory) + sizeof(REPLY)];
	struct address address;
	sigset_t before;
	bool made;

	if (!swept)
		sweep(path_private_parent());
	swept = true;
	snprintf(directory, sizeof(directory), "%s/" PREFIX "XXXXXX",
	    path_private_parent());
	signals_hold(&before);
	made = mkdtemp(directory) != NULL && signals_remember(directory);
	signals_release(&before);
	if (!made) {
		diag_error("cannot create %s: %s", directory, strerror(errno));
		return false;
	}
	snprintf(path, sizeof(path), "%s" REPLY, directory);
	if (signals_remember(path) &&
	    address_parse_unix(path, &address) &&
	    bind(fd, &address.sa.any, address.length) == 0)
		return true;
	diag_error("cannot bind %s: %s", path, strerror(errno));
	return false;
}

void
path_release(int fd)
{
	struct address address;
	char *slash;

	socket_local(fd, &address);
	if (address.sa.any.sa_family != AF_UNIX ||
	    address.sa.un.sun_path[0] == '\0')
		return;
	signals_forget(address.sa.un.sun_path);
	slash = strrchr(address.sa.un.sun_path, '/');
	if (slash == NULL || strcmp(slash, REPLY) != 0)
		return;
	*slash = '\0';
	signals_forget(address.sa.un.sun_path);
}
