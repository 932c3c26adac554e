#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "stream/named.h"

static char final[PATH_MAX];		/* empty: nothing to do */
static char part[PATH_MAX + sizeof(".part")];

/* Takes the descriptor's place, unless it is -1 and errno the reason. */
static bool
put(const char *path, int fd, int place)
{
	struct stat file;

	if (fd != -1 && fstat(fd, &file) == 0 && S_ISDIR(file.st_mode)) {
		close(fd);
		errno = EISDIR;
		fd = -1;
	}
	if (fd == -1 || dup2(fd, place) == -1) {
		diag_error("cannot open '%s': %s", path, strerror(errno));
		return false;
	}
	close(fd);
	return true;
}

bool
named_input(const char *path)
{
	return put(path, open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC),
	    STDIN_FILENO);
}

/* Two runs that write the same .part would both call a mixture complete. */
static int
open_part(int flags, mode_t mode)
{
	int fd = open(part, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC |
	    flags, mode);

	if (fd == -1 || flock(fd, LOCK_EX | LOCK_NB) == 0 ||
	    errno != EWOULDBLOCK)
		return fd;
	close(fd);
	errno = EBUSY;
	return -1;
}

/*
 * A device or a FIFO is written as it is: nothing must take its place. Of a
 * .part it is only found out whether there could be one: an older one stays
 * until a peer is there.
 */
bool
named_output(const char *path)
{
	struct stat file;
	int fd;

	if (path[0] == '\0' ||
	    (stat(path, &file) == 0 && !S_ISREG(file.st_mode)))
		return put(path, open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC),
		    STDOUT_FILENO);
	/* What a link leads to is replaced, not the link. */
	if (realpath(path, final) == NULL)
		snprintf(final, sizeof(final), "%s", path);
	snprintf(part, sizeof(part), "%s.part", final);
	fd = open_part(O_CREAT | O_EXCL, 0666);
	if (fd != -1)
		unlink(part);
	else if (errno == EEXIST)
		fd = open_part(0, 0);
	if (fd == -1)
		diag_error("cannot open '%s': %s", part, strerror(errno));
	else
		close(fd);
	return fd != -1;
}

/* Whoever may read what is there may read what takes its place, nobody else. */
bool
named_begin(void)
{
	struct stat old;
	bool exists;
	int fd;

	if (final[0] == '\0')
		return true;
	exists = stat(final, &old) == 0;
	fd = open_part(O_CREAT, exists ? old.st_mode & 0777 : 0666);
	if (fd != -1 && exists && fchown(fd, old.st_uid, old.st_gid) == 0)
		fchmod(fd, old.st_mode & 0777);
	if (fd != -1 && ftruncate(fd, 0) == -1) {
		close(fd);
		fd = -1;
	}
	return put(part, fd, STDOUT_FILENO);
}

/* A name is in its folder, which is another file to be synced. */
static int
sync_name(void)
{
	char *slash = strrchr(final, '/');
	int folder, error = 0;

	if (slash != NULL)
		slash[1] = '\0';
	folder = open(slash != NULL ? final : ".",
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder == -1)
		return 0;
	if (fsync(folder) == -1 && errno != EINVAL)
		error = errno;
	close(folder);
	return error;
}

int
named_complete(void)
{
	int error;

	if (final[0] == '\0')
		return 0;
	if (fsync(STDOUT_FILENO) == -1 || rename(part, final) == -1)
		return errno;
	error = sync_name();
	final[0] = '\0';
	return error;
}

bool
named_is_left(void)
{
	if (final[0] == '\0')
		return false;
	diag_error("the peer has not ended; what came is in '%s'", part);
	return true;
}
