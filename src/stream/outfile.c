#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/address.h"
#include "stream/outfile.h"
#include "stream/sync.h"
#include "sys/sys.h"

#define SUFFIX	".part"
#define LETTERS	6		/* random ones in a .part's name */
#define LINKS	40		/* symbolic links followed, as by the kernel */
#define HOLE	4096		/* the unit of holes, aligned */

static bool
cannot_open(const char *path, int error)
{
	diag_error("cannot open '%s': %s", path, strerror(error));
	return false;
}

static bool
cannot_resume(const char *path, const char *why)
{
	diag_error("cannot resume '%s': %s", path, why);
	return false;
}

/* Resolves links, so that their target is replaced, not they; 0 or errno. */
static int
follow(char *path)
{
	char target[PATH_MAX], *slash;
	ssize_t length;
	size_t kept;
	int i;

	for (i = 0; i < LINKS; i++) {
		length = readlink(path, target, sizeof(target) - 1);
		if (length == -1)
			return 0;
		target[length] = '\0';
		slash = strrchr(path, '/');
		kept = target[0] == '/' || slash == NULL ? 0 :
		    (size_t)(slash + 1 - path);
		if (kept + (size_t)length >= PATH_MAX)
			return ENAMETOOLONG;
		memcpy(path + kept, target, (size_t)length + 1);
	}
	return ELOOP;
}

/* Opens a device; one that is smaller than --size is refused. */
static bool
find_device(struct outfile_place *place, const struct outfile_config *config)
{
	struct stat file;
	off_t size;

	place->device = open(config->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (place->device == -1 || fstat(place->device, &file) == -1)
		return cannot_open(config->path, errno);
	fcntl(place->device, F_SETFL, O_NONBLOCK);
	size = lseek(place->device, 0, SEEK_END);
	lseek(place->device, 0, SEEK_SET);
	if (!S_ISBLK(file.st_mode) || size >= config->size)
		return true;
	diag_error("'%s' has %jd bytes, less than %jd (--size)",
	    config->path, (intmax_t)size, (intmax_t)config->size);
	return false;
}

/* Opens the folder. Returns 0, or errno when no file can be created in it. */
static int
find_folder(struct outfile_place *place)
{
	const char *folder = place->path[0] != '\0' ? place->path : ".";
	char part[NAME_MAX + sizeof(SUFFIX)];
	struct stat file;

	place->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->folder == -1 && errno == EACCES)
		place->folder = open(folder,
		    sys_search | O_DIRECTORY | O_CLOEXEC);
	if (place->folder == -1 || faccessat(place->folder, ".", W_OK | X_OK,
	    AT_EACCESS) == -1)
		return errno;
	snprintf(part, sizeof(part), "%s" SUFFIX, place->name);
	return fstatat(place->folder, part, &file, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno != ENOENT ? errno : 0;
}

static bool
is_still(int folder, const char *name, int fd)
{
	struct stat there, here;

	return fstat(fd, &here) == 0 && fstatat(folder, name, &there,
	    AT_SYMLINK_NOFOLLOW) == 0 && there.st_ino == here.st_ino &&
	    there.st_dev == here.st_dev;
}

/*
 * Opens and locks a .part that an earlier run has left; -1 with errno set. A
 * run in progress holds the lock of its .part (EBUSY).
 */
static int
take_older(int folder, const char *name)
{
	struct stat file;
	int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK |
	    O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		return -1;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) &&
	    file.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
	    is_still(folder, name, fd))
		return fd;
	close(fd);
	errno = EBUSY;
	return -1;
}

/*
 * Finds the .part of an earlier run; --resume continues it. Otherwise it will
 * be replaced, which is said while it can still be saved.
 */
static bool
find_older(struct outfile_place *place, bool resume)
{
	char path[OUTFILE_TEXT + sizeof(SUFFIX)];

	snprintf(path, sizeof(path), "%s%s" SUFFIX, place->path, place->name);
	place->older = take_older(place->folder, path + strlen(place->path));
	if (place->older == -1)
		return !resume || errno == ENOENT || cannot_resume(path,
		    errno == EBUSY ? "in use, not a file, or not ours" :
		    errno == ELOOP ? "a symbolic link" : strerror(errno));
	if (fstat(place->older, &place->found) == 0 && resume)
		return true;
	if (place->found.st_size > 0)
		diag_say(0, "'%s' (%jd bytes) of an earlier run will be "
		    "replaced; --resume continues it", path,
		    (intmax_t)place->found.st_size);
	close(place->older);
	place->older = -1;
	return true;
}

bool
outfile_find(struct outfile_place *place, const struct outfile_config *config)
{
	struct stat file;
	char *path = place->path, *slash;
	int error;

	*place = (struct outfile_place){ .folder = -1, .device = -1,
	    .older = -1, .sparse = config->sparse };
	if (snprintf(path, PATH_MAX, "%s", config->path) >= PATH_MAX)
		return cannot_open(config->path, ENAMETOOLONG);
	if (stat(config->path, &file) == 0 && !S_ISREG(file.st_mode) &&
	    !S_ISDIR(file.st_mode))
		return !config->resume ? find_device(place, config) :
		    cannot_resume(config->path, "not a file");
	error = follow(path);
	slash = strrchr(path, '/');
	slash = slash == NULL ? path : slash + 1;
	if (error == 0 && strlen(slash) > NAME_MAX)
		error = ENAMETOOLONG;
	if (error == 0)
		strcpy(place->name, slash);
	*slash = '\0';
	if (error == 0 && config->path[0] == '\0')
		error = ENOENT;
	if (error == 0 && place->name[0] != '\0' &&
	    stat(config->path, &file) == 0 && S_ISDIR(file.st_mode))
		error = EISDIR;
	if (error == 0)
		error = find_folder(place);
	if (error != 0)
		return cannot_open(config->path, error);
	if (place->name[0] == '\0')
		return !config->resume || cannot_resume(path, "a directory");
	return find_older(place, config->resume);
}

/* "20260721T063000.123Z-192.0.2.1-50530", or for UNIX "...Z-unix-1". */
static void
name_for(char *name, const struct address *peer)
{
	static unsigned count;
	char text[ADDRESS_TEXT], date[24];
	struct timespec now;
	struct tm utc;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y%m%dT%H%M%S", &utc);
	if (!address_has_port(peer))
		snprintf(name, NAME_MAX, "%s.%03ldZ-unix-%u", date,
		    now.tv_nsec / 1000000, ++count);
	else
		snprintf(name, NAME_MAX, "%s.%03ldZ-%s-%u", date,
		    now.tv_nsec / 1000000, address_text(peer, text),
		    address_port(peer));
}

void
outfile_open(struct outfile *out, const struct outfile_place *place,
    const struct address *peer)
{
	*out = (struct outfile){ .place = place, .fd = -1, .wait = -1 };
	if (place->device != -1)
		out->fd = place->device;
	else if (place->name[0] != '\0')
		strcpy(out->name, place->name);
	else
		name_for(out->name, peer);
}

/*
 * Renames the .part, which was created under a random name and is locked by
 * now, to NAME.part, so that nobody finds that without its lock. If the name is
 * taken, the random one stays.
 */
static void
claim(struct outfile *out)
{
	char name[NAME_MAX + sizeof(SUFFIX)];
	int folder = out->place->folder, older;

	snprintf(name, sizeof(name), "%s" SUFFIX, out->name);
	older = take_older(folder, name);
	if (older != -1) {
		diag_say(1, "replacing '%s%s' of an earlier run",
		    out->place->path, name);
		unlinkat(folder, name, 0);
	}
	if (linkat(folder, out->part, folder, name, 0) == 0) {
		unlinkat(folder, out->part, 0);
		strcpy(out->part, name);
	}
	if (older != -1)
		close(older);
}

/* Creates a .part with a random name; -1 with errno set. */
static int
create(struct outfile *out, mode_t mode)
{
	char letters[LETTERS + 1] = "";
	int i, fd, room = NAME_MAX - LETTERS - (int)sizeof(SUFFIX);

	do {
		for (i = 0; i < LETTERS; i++)
			letters[i] = (char)('a' + arc4random_uniform(26));
		snprintf(out->part, sizeof(out->part), "%.*s.%s" SUFFIX, room,
		    out->name, letters);
		fd = openat(out->place->folder, out->part, O_WRONLY | O_CREAT |
		    O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, mode);
	} while (fd == -1 && errno == EEXIST);
	return fd;
}

/*
 * Copies owner and mode of the file that will be replaced, at the end: until
 * then a later run of ours must be able to continue the .part. Where the group
 * cannot be set, our group gets no more rights than others have.
 */
static void
take_after(const struct outfile *out)
{
	struct stat old;
	mode_t mode;

	if (fstatat(out->place->folder, out->name, &old, 0) == -1)
		return;
	mode = old.st_mode & 0777;
	if (fchown(out->fd, old.st_uid, old.st_gid) == -1 &&
	    fchown(out->fd, (uid_t)-1, old.st_gid) == -1)
		mode &= 0707 | (mode & 0007) << 3;
	fchmod(out->fd, mode);
}

/* --resume: appends to the older .part, if it is still what was hashed. */
static bool
go_on(struct outfile *out)
{
	const struct stat *found = &out->place->found;
	struct stat now;
	bool same;

	snprintf(out->part, sizeof(out->part), "%.*s" SUFFIX,
	    NAME_MAX - (int)sizeof(SUFFIX), out->name);
	same = is_still(out->place->folder, out->part, out->place->older) &&
	    fstat(out->place->older, &now) == 0 &&
	    now.st_size == found->st_size &&
	    now.st_mtime == found->st_mtime;
	errno = ESTALE;
	if (!same)
		return false;
	out->fd = out->place->older;
	out->length = found->st_size;
	return lseek(out->fd, out->length, SEEK_SET) != -1;
}

bool
outfile_begin(struct outfile *out)
{
	struct stat old;
	bool exists;

	if (out->fd != -1)
		return true;
	if (out->place->older != -1)
		return go_on(out);
	exists = fstatat(out->place->folder, out->name, &old, 0) == 0;
	out->fd = create(out, exists ? 0600 : 0666);
	if (out->fd == -1)
		return false;
	/* Where locks fail, later runs fail, too: none takes it over. */
	flock(out->fd, LOCK_EX | LOCK_NB);
	claim(out);
	return true;
}

ssize_t
outfile_write(struct outfile *out, const void *data, size_t size)
{
	static const char zeros[HOLE];
	const char *at = data;
	size_t length;
	ssize_t done = 0;
	bool hole;

	if (!out->place->sparse || out->place->device != -1)
		return write(out->fd, data, size);
	/* Takes one run of data or of zeros, ending at a multiple of HOLE. */
	length = HOLE - (size_t)(out->length % HOLE);
	if (length > size)
		length = size;
	hole = memcmp(at, zeros, length) == 0;
	while (length < size && (memcmp(at + length, zeros, size - length <
	    HOLE ? size - length : HOLE) == 0) == hole)
		length += size - length < HOLE ? size - length : HOLE;
	if (hole)
		done = ftruncate(out->fd, out->length + (off_t)length) == -1 ?
		    -1 : (ssize_t)length;
	else
		done = pwrite(out->fd, data, length, out->length);
	if (done > 0)
		out->length += done;
	return done;
}

/* Syncs in a thread: 0, errno, or EINPROGRESS until wait is readable. */
static int
sync_file(struct outfile *out, int fd)
{
	int error = EINPROGRESS;

	if (out->wait == -1 && (out->wait = sync_begin(fd)) == -1)
		return sync_now(fd);
	error = sync_end(out->wait);
	if (error != EINPROGRESS)
		out->wait = -1;
	return error;
}

/* Renames and closes. Returns 0 or errno, also of close(2) (NFS). */
static int
finish(struct outfile *out)
{
	int error = 0;

	/* Somebody may have replaced the .part. */
	if (out->part[0] != '\0' &&
	    !is_still(out->place->folder, out->part, out->fd))
		error = ESTALE;
	if (error == 0 && out->part[0] != '\0' && renameat(out->place->folder,
	    out->part, out->place->folder, out->name) == -1)
		error = errno;
	if (close(out->fd) == -1 && error == 0)
		error = errno;
	out->fd = -1;
	return error;
}

int
outfile_commit(struct outfile *out)
{
	int error;

	if (!out->finished) {
		if (!outfile_begin(out))
			return errno;
		if (out->wait == -1 && out->part[0] != '\0')
			take_after(out);
		error = sync_file(out, out->fd);
		if (error == 0)
			error = finish(out);
		if (error != 0 || out->part[0] == '\0')
			return error;
		out->part[0] = '\0';
		out->finished = true;
	}
	/* The rename is durable once the folder is synced, too. */
	return sync_file(out, out->place->folder);
}

void
outfile_close(struct outfile *out)
{
	if (out->wait != -1)
		close(out->wait);
	out->wait = -1;
	if (out->fd == -1 || out->fd == out->place->device)
		return;
	close(out->fd);
	out->fd = -1;
}

const char *
outfile_text(const struct outfile *out, char *text)
{
	snprintf(text, OUTFILE_TEXT, "%s%s", out->place->path,
	    out->part[0] != '\0' ? out->part : out->name);
	return text;
}
