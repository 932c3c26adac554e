/*
 * Preloaded into one end: calls that move bytes move fewer than they were asked to,
 * as a kernel may. The length is cut before the call is made, so what it answers
 * is true. Only streams are cut (pipes, but not what they take at once, files,
 * sockets without boundaries); of several datagrams fewer are moved.
 *
 *	SHORT=FILE:CALL/short/NUMBER		one byte by the NUMBERth of these
 *	SHORT=FILE:each/pieces/SEED		less by some of all calls
 *	SHORT=FILE:each/interrupted/SEED	the same, and EINTR before some
 *
 * FILE is an int that counts what befell.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define PARTS	64	/* of a vector; to leave out the others is short, too */

static char call[20], fate[20];
static unsigned number;
static atomic_uint calls;
static atomic_int *met;		/* NULL: nothing is to befall us */

static void __attribute__((constructor))
begin(void)
{
	char path[200];
	const char *how = getenv("SHORT");
	void *file;
	int fd;

	if (how == NULL || sscanf(how, "%199[^:]:%19[^/]/%19[^/]/%u", path, call,
	    fate, &number) != 4 || (fd = open(path, O_RDWR | O_CLOEXEC)) == -1)
		return;
	file = mmap(NULL, sizeof(*met), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
	    0);
	close(fd);
	if (file != MAP_FAILED)
		met = file;
}

static bool
is_stream(int fd, size_t size)
{
	struct stat file;
	int type = 0;
	socklen_t length = sizeof(type);

	if (fstat(fd, &file) == -1)
		return false;
	if (S_ISSOCK(file.st_mode))
		return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type,
		    &length) == 0 && type == SOCK_STREAM;
	return S_ISREG(file.st_mode) ||
	    (S_ISFIFO(file.st_mode) && size > PIPE_BUF);
}

/* Chance, but the same for the same seed and call. */
static unsigned
hash(unsigned count)
{
	unsigned x = number * 2654435761u ^ count * 2246822519u;

	x = (x ^ x >> 15) * 3266489917u;
	return x ^ x >> 13;
}

/* What may pass of so much; 0: the call is interrupted. */
static size_t
shorter(const char *name, size_t size)
{
	unsigned by;

	if (strcmp(call, "each") != 0)
		return strcmp(call, name) == 0 &&
		    atomic_fetch_add(&calls, 1) + 1 == number ? 1 : size;
	by = hash(atomic_fetch_add(&calls, 1));
	if (fate[0] == 'i' && (by & 16) != 0)
		return 0;
	return by % 4 == 0 ? 1 : by % 4 == 1 ? size - size / 2 :
	    by % 4 == 2 && size > 1 ? size - 1 : size;
}

/* *size becomes what may pass. False, with errno set: the call is interrupted. */
static bool
pass(const char *name, int fd, size_t *size)
{
	const size_t asked = *size;
	int error = errno;

	if (met == NULL || asked == 0 || (fd != -1 && !is_stream(fd, asked))) {
		errno = error;
		return true;
	}
	*size = shorter(name, asked);
	if (*size < asked)
		atomic_fetch_add(met, 1);
	errno = *size == 0 ? EINTR : error;
	return *size > 0;
}

/* The begin of these parts, as much as may pass; their count, or -1. */
static int
pass_parts(const char *name, int fd, const struct iovec *part, size_t count,
    struct iovec *less)
{
	size_t size = 0, i;

	for (i = 0; i < count; i++)
		size += part[i].iov_len;
	if (!pass(name, fd, &size))
		return -1;
	for (i = 0; i < count && i < PARTS; i++) {
		less[i] = part[i];
		if (less[i].iov_len > size)
			less[i].iov_len = size;
		size -= less[i].iov_len;
	}
	return (int)i;
}

#define CALL(name, fd, size, ...) \
	(pass(#name, fd, &(size)) ? syscall(SYS_##name, __VA_ARGS__) : -1)

ssize_t
read(int fd, void *data, size_t size)
{
	return CALL(read, fd, size, fd, data, size);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	return CALL(write, fd, size, fd, data, size);
}

ssize_t
recvfrom(int fd, void *restrict data, size_t size, int flags,
    struct sockaddr *restrict from, socklen_t *restrict length)
{
	return CALL(recvfrom, fd, size, fd, data, size, flags, from, length);
}

ssize_t
recv(int fd, void *data, size_t size, int flags)
{
	return recvfrom(fd, data, size, flags, NULL, NULL);
}

ssize_t
sendto(int fd, const void *data, size_t size, int flags,
    const struct sockaddr *to, socklen_t length)
{
	return CALL(sendto, fd, size, fd, data, size, flags, to, length);
}

ssize_t
send(int fd, const void *data, size_t size, int flags)
{
	return sendto(fd, data, size, flags, NULL, 0);
}

ssize_t
pread64(int fd, void *data, size_t size, off64_t at)
{
	return CALL(pread64, fd, size, fd, data, size, at);
}

ssize_t
pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	return CALL(pwrite64, fd, size, fd, data, size, at);
}

ssize_t
splice(int in, off64_t *in_at, int out, off64_t *out_at, size_t size,
    unsigned flags)
{
	return CALL(splice, -1, size, in, in_at, out, out_at, size, flags);
}

ssize_t
tee(int in, int out, size_t size, unsigned flags)
{
	return CALL(tee, -1, size, in, out, size, flags);
}

ssize_t
readv(int fd, const struct iovec *part, int count)
{
	struct iovec less[PARTS];
	int parts = pass_parts("readv", fd, part, (size_t)count, less);

	return parts == -1 ? -1 : syscall(SYS_readv, fd, less, parts);
}

ssize_t
writev(int fd, const struct iovec *part, int count)
{
	struct iovec less[PARTS];
	int parts = pass_parts("writev", fd, part, (size_t)count, less);

	return parts == -1 ? -1 : syscall(SYS_writev, fd, less, parts);
}

ssize_t
sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct iovec less[PARTS];
	struct msghdr copy = *message;
	int parts = pass_parts("sendmsg", fd, message->msg_iov,
	    message->msg_iovlen, less);

	copy.msg_iov = less;
	copy.msg_iovlen = (size_t)parts;
	return parts == -1 ? -1 : syscall(SYS_sendmsg, fd, &copy, flags);
}

ssize_t
recvmsg(int fd, struct msghdr *message, int flags)
{
	struct iovec less[PARTS];
	struct msghdr copy = *message;
	ssize_t done;
	int parts = pass_parts("recvmsg", fd, message->msg_iov,
	    message->msg_iovlen, less);

	if (parts == -1)
		return -1;
	copy.msg_iov = less;
	copy.msg_iovlen = (size_t)parts;
	done = syscall(SYS_recvmsg, fd, &copy, flags);
	copy.msg_iov = message->msg_iov;
	copy.msg_iovlen = message->msg_iovlen;
	*message = copy;
	return done;
}

int
sendmmsg(int fd, struct mmsghdr *list, unsigned count, int flags)
{
	size_t size = count;

	return (int)CALL(sendmmsg, -1, size, fd, list, size, flags);
}

int
recvmmsg(int fd, struct mmsghdr *list, unsigned count, int flags,
    struct timespec *time)
{
	size_t size = count;

	return (int)CALL(recvmmsg, -1, size, fd, list, size, flags, time);
}

/* As builds with -D_FORTIFY_SOURCE say it. */
ssize_t __read_chk(int, void *, size_t, size_t);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __recvfrom_chk(int, void *restrict, size_t, size_t, int,
    struct sockaddr *restrict, socklen_t *restrict);
ssize_t __pread64_chk(int, void *, size_t, off64_t, size_t);

ssize_t
__read_chk(int fd, void *data, size_t size, size_t room)
{
	return read(fd, data, size < room ? size : room);
}

ssize_t
__recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
	return recv(fd, data, size < room ? size : room, flags);
}

ssize_t
__recvfrom_chk(int fd, void *restrict data, size_t size, size_t room, int flags,
    struct sockaddr *restrict from, socklen_t *restrict length)
{
	return recvfrom(fd, data, size < room ? size : room, flags, from,
	    length);
}

ssize_t
__pread64_chk(int fd, void *data, size_t size, off64_t at, size_t room)
{
	return pread64(fd, data, size < room ? size : room, at);
}
