#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "stream/named.h"

static const char *final;		/* NULL: nothing to do */
static char part[PATH_MAX];

static bool
put(const char *path, int flags, int place)
{
	int fd = open(path, flags | O_NOCTTY | O_CLOEXEC, 0666);

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
	return put(path, O_RDONLY, STDIN_FILENO);
}

/* A device or a FIFO is written as it is: nothing must take its place. */
bool
named_output(const char *path)
{
	struct stat file;

	if (stat(path, &file) == 0 && !S_ISREG(file.st_mode))
		return put(path, O_WRONLY, STDOUT_FILENO);
	snprintf(part, sizeof(part), "%s.part", path);
	if (!put(part, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO))
		return false;
	final = path;
	return true;
}

int
named_complete(void)
{
	if (final == NULL)
		return 0;
	if (fsync(STDOUT_FILENO) == -1 || rename(part, final) == -1)
		return errno;
	final = NULL;
	return 0;
}

bool
named_is_left(void)
{
	if (final == NULL)
		return false;
	diag_error("the peer has not ended; what came is in '%s'", part);
	return true;
}
