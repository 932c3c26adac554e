#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/socket.h"
#include "net/transport.h"
#include "stream/stdio.h"
#include "sys/sys.h"

/* Shared by all sessions. */
static struct {
	struct borrowed in, out;	/* stdin and stdout, once examined */
	bool	 examined;
	bool	 over;		/* stdin was closed, or is read to its end */
	int	 named;		/* the file of --in, or -1 */
	struct outfile_place place;
} shared = { .named = -1, .place = { .older = -1 } };

void
stdio_begin(void)
{
	int fd;

	for (fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) != -1)
			continue;
		shared.over |= fd == STDIN_FILENO;
		borrowed_reserve(fd);
	}
}

/* A file can be read again for each peer; pipes and the like end for all. */
static bool
is_file(mode_t mode)
{
	return S_ISREG(mode) || S_ISBLK(mode);
}

/* A file that was truncated while it was read must not look complete. */
static enum io
file_end(struct stdio *stdio, struct stream *stream)
{
	struct stat now;

	if (fstat(stream->rfd, &now) == -1)
		return IO_EOF;
	shared.over |= stdio->config->in == NULL || !is_file(now.st_mode);
	if (stdio->in_size == 0 || now.st_size >= stdio->in_size)
		return IO_EOF;
	snprintf(stream->error, sizeof(stream->error), "the file shrank from "
	    "%jd to %jd bytes while it was read", (intmax_t)stdio->in_size,
	    (intmax_t)now.st_size);
	return IO_FAIL;
}

static enum io
stdio_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct stdio *stdio = stream->priv;
	long result = borrowed_read(&stdio->in, data, size);

	*done = 0;
	if (result == 0 && stream->error[0] == '\0')
		return file_end(stdio, stream);
	stdio->taken |= result > 0 && (stdio->config->in == NULL ||
	    stdio->in_size == 0);
	return stream_result(stream, result, IO_WANT_READ, done);
}

static enum io
fail(const struct stdio *stdio, struct stream *stream, int error)
{
	if (error == ESTALE && stdio->config->out.path != NULL)
		snprintf(stream->error, sizeof(stream->error),
		    "somebody has changed or replaced the .part");
	return stream_fail(stream, error);
}

static enum io
stdio_write(struct stream *stream, const void *data, size_t size, size_t *done)
{
	struct stdio *stdio = stream->priv;
	long result;

	*done = 0;
	if (stdio->config->no_output) {
		*done = size;
		return IO_OK;
	}
	if (stdio->shown)
		diag_end_line();
	if (stdio->config->out.path == NULL)
		result = borrowed_write(&stdio->out, data, size);
	else if (outfile_begin(&stdio->file)) {
		stream->wfd = stdio->file.fd;
		result = outfile_write(&stdio->file, data, size);
	} else
		return fail(stdio, stream, errno);	/* EINTR, too */
	stdio->written |= result > 0;
	return stream_result(stream, result, IO_WANT_WRITE, done);
}

/*
 * The descriptor is occupied again at once, so that no other file gets it. A
 * socket may be open in other processes (inetd): it is shut down, and a copy
 * kept to be reset.
 */
static int
close_stdout(struct borrowed *out)
{
	struct stat file;
	int error = 0;

	if (out->manner == BORROWED_SOCKET) {
		if (shutdown(STDOUT_FILENO, SHUT_WR) == -1)
			error = errno;
		out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	}
	/* A block device reports write errors in fsync(2). */
	if (fstat(STDOUT_FILENO, &file) == 0 && S_ISBLK(file.st_mode) &&
	    fsync(STDOUT_FILENO) == -1)
		error = errno;
	if (close(STDOUT_FILENO) == -1 && errno != EBADF && error == 0)
		error = errno;
	borrowed_reserve(STDOUT_FILENO);
	return error;
}

/* --resume: an earlier run had received all, but not renamed it. */
static bool
all_was_there(const struct stdio *stdio)
{
	const struct outfile_config *out = &stdio->config->out;
	off_t there = shared.place.found.st_size;

	return out->resume && there > 0 && (out->hashed || there == out->size);
}

/* --resume and --size: another size has come of a sender without --offset. */
static bool
has_wrong_size(const struct stdio *stdio, struct stream *stream)
{
	const struct outfile_config *out = &stdio->config->out;
	struct stat now = shared.place.found;

	if (!out->resume || out->size == 0 || stdio->file.finished ||
	    (stdio->file.fd != -1 && fstat(stdio->file.fd, &now) == -1) ||
	    now.st_size == out->size)
		return false;
	stream->code = EXIT_NETWORK;
	snprintf(stream->error, sizeof(stream->error), "the .part has %jd "
	    "bytes now, not %jd (--size)", (intmax_t)now.st_size,
	    (intmax_t)out->size);
	return true;
}

/* Also reports errors of close(2): a network file system may be full. */
static enum io
stdio_shutdown(struct stream *stream)
{
	struct stdio *stdio = stream->priv;
	int error;

	if (stdio->ended || stdio->config->no_output)
		return IO_OK;
	if (stdio->config->out.path != NULL && !stdio->written &&
	    !stdio->config->allow_empty && !all_was_there(stdio)) {
		snprintf(stream->error, sizeof(stream->error), "nothing was "
		    "received (--allow-empty accepts that)");
		stream->unwanted = true;
		return IO_FAIL;
	}
	if (has_wrong_size(stdio, stream))
		return IO_FAIL;
	error = stdio->config->out.path != NULL ?
	    outfile_commit(&stdio->file) : close_stdout(&stdio->out);
	if (error == EINPROGRESS) {
		stream->wfd = stdio->file.wait;
		return IO_WANT_READ;
	}
	stdio->ended = true;
	stream->wfd = -1;
	return error == 0 ? IO_OK : fail(stdio, stream, error);
}

static void
stdio_close(struct stream *stream)
{
	struct stdio *stdio = stream->priv;

	outfile_close(&stdio->file);
	if (stdio->config->in != NULL && stream->rfd != -1)
		close(stream->rfd);
	stream->rfd = stream->wfd = -1;
}

static bool
is_null(const struct stat *file)
{
	return S_ISCHR(file->st_mode) && sys_is_null(file->st_rdev);
}

/*
 * Whether splice(2) can read it without sleeping: not a terminal, and not an
 * inherited socket, since SPLICE_F_NONBLOCK is not MSG_DONTWAIT.
 */
static unsigned
raw_input(const struct stat *file)
{
	if (S_ISFIFO(file->st_mode))
		return STREAM_RAW_INPUT | STREAM_PIPE_INPUT;
	return is_file(file->st_mode) ? STREAM_RAW_INPUT : 0;
}

/* Splicing to a file opened with O_APPEND is EINVAL. */
static unsigned
raw_output(const struct stat *file, int fd)
{
	if (S_ISFIFO(file->st_mode))
		return STREAM_RAW_OUTPUT | STREAM_PIPE_OUTPUT;
	if (is_file(file->st_mode))
		return fd != -1 && fcntl(fd, F_GETFL) & O_APPEND ? 0 :
		    STREAM_RAW_OUTPUT;
	return is_null(file) ? STREAM_RAW_OUTPUT : 0;
}

static unsigned
capabilities(const struct stdio *stdio, const struct stream *stream)
{
	struct stat in = { .st_mode = 0 }, out = { .st_mode = S_IFREG };
	unsigned caps = 0;

	fstat(stream->rfd, &in);
	if (stream->wfd != -1)
		fstat(stream->wfd, &out);
	if (stdio->config->no_input || is_null(&in) ||
	    (shared.over && !(stdio->config->in != NULL &&
	    is_file(in.st_mode))))
		caps |= STREAM_NO_INPUT;
	if (isatty(stream->rfd))
		caps |= STREAM_TERMINAL;
	/* mkfifo f; nc-lite -l 9000 <f | filter >f */
	if (borrowed_is_fifo(&in) && S_ISFIFO(out.st_mode))
		caps |= STREAM_ANSWERS;
	if (!stdio->config->no_output && !stdio->config->out.sparse)
		caps |= raw_output(&out, stream->wfd);
	return caps | raw_input(&in);
}

/* Replaces fd by our own description, if borrowed_open has opened one. */
static void
examine(struct borrowed *borrowed, int fd)
{
	borrowed_open(borrowed, fd, fd == STDIN_FILENO);
	if (borrowed->fd == fd)
		return;
	dup2(borrowed->fd, fd);
	close(borrowed->fd);
	borrowed->fd = fd;
}

/* Once: with -k they are the same for every peer. */
static void
examine_both(const struct stdio_config *config)
{
	if (!shared.examined && !config->no_input && config->in == NULL)
		examine(&shared.in, STDIN_FILENO);
	if (!shared.examined && config->out.path == NULL)
		examine(&shared.out, STDOUT_FILENO);
	shared.examined = true;
}

static bool
cannot_open(const char *path)
{
	diag_error("cannot open '%s': %s", path, strerror(errno));
	return false;
}

bool
stdio_prepare(const struct stdio_config *config)
{
	struct stat file;

	if (config->in != NULL) {
		shared.named = open(config->in,
		    O_RDONLY | O_NOCTTY | O_CLOEXEC);
		if (shared.named != -1 && fstat(shared.named, &file) == 0 &&
		    S_ISDIR(file.st_mode)) {
			close(shared.named);
			shared.named = -1;
			errno = EISDIR;
		}
		if (shared.named == -1)
			return cannot_open(config->in);
		fcntl(shared.named, F_SETFL, O_NONBLOCK);
	}
	return config->out.path == NULL ||
	    outfile_find(&shared.place, &config->out);
}

int
stdio_named_input(void)
{
	return shared.named;
}

int
stdio_out_folder(void)
{
	return shared.place.folder;
}

int
stdio_received(off_t *size)
{
	*size = shared.place.found.st_size;
	return shared.place.older;
}

/*
 * A file is opened again for each peer, for a file offset of its own. With
 * --offset it must be the one whose beginning was checked.
 */
static int
open_input(const struct stdio_config *config)
{
	struct stat file, now;
	int fd;

	if (config->in == NULL)
		return STDIN_FILENO;
	if (fstat(shared.named, &file) == -1 || !is_file(file.st_mode))
		return fcntl(shared.named, F_DUPFD_CLOEXEC, 3);
	fd = open(config->in, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		cannot_open(config->in);
	if (fd == -1 || config->offset == 0)
		return fd;
	if (fstat(fd, &now) == 0 && now.st_ino == file.st_ino &&
	    now.st_dev == file.st_dev && (now.st_size >= config->offset ||
	    S_ISBLK(now.st_mode)) && lseek(fd, config->offset, SEEK_SET) != -1)
		return fd;
	diag_error("'%s' is no longer the file it was (--offset)", config->in);
	close(fd);
	return -1;
}

/* Whether stdout is an inherited TCP connection (inetd). */
static bool
is_connection(const struct stdio *stdio)
{
	return stdio->config->out.path == NULL && !stdio->config->no_output &&
	    stdio->out.manner == BORROWED_SOCKET &&
	    (transport_of_socket(stdio->out.fd)->caps & TRANSPORT_ABORTS) != 0;
}

/* On an inherited connection, failures must be resets, not FINs. */
static void
take_sockets(const struct stdio *stdio)
{
	if (is_connection(stdio))
		socket_abortive(stdio->out.fd, true);
	if (stdio->in.manner == BORROWED_SOCKET)
		socket_urgent_inline(stdio->in.fd);
}

bool
stdio_open(struct stdio *stdio, struct stream *stream,
    const struct stdio_config *config, const struct address *peer)
{
	static const struct stream_ops ops = {
		.read = stdio_read,
		.write = stdio_write,
		.shutdown = stdio_shutdown,
		.close = stdio_close,
	};
	struct stat in;

	examine_both(config);
	*stdio = (struct stdio){ .config = config, .in = shared.in,
	    .out = shared.out, .file = { .fd = -1, .wait = -1 } };
	*stream = (struct stream){
		.ops = &ops,
		.priv = stdio,
		.rfd = open_input(config),
		.wfd = STDOUT_FILENO,
		.input = config->in != NULL ? config->in : "stdin",
		.output = config->out.path != NULL ? config->out.path :
		    "stdout",
	};
	if (stream->rfd == -1)
		return false;
	stdio->in.fd = stream->rfd;
	take_sockets(stdio);
	if (config->out.path != NULL) {
		outfile_open(&stdio->file, &shared.place, peer);
		stream->wfd = stdio->file.fd;
		if (shared.place.name[0] == '\0' && stream->wfd == -1)
			stream->output = stdio->file.name;
	}
	stream->caps = capabilities(stdio, stream);
	stdio->shown = isatty(stream->wfd);
	stdio->in_size = fstat(stream->rfd, &in) == 0 && S_ISREG(in.st_mode) ?
	    in.st_size : 0;
	return true;
}

void
stdio_conclude(struct stdio *stdio, bool good)
{
	if (stdio->config == NULL || !is_connection(stdio))
		return;
	if (good)
		socket_abortive(stdio->out.fd, false);
	else
		socket_reset(stdio->out.fd);
}

void
stdio_abandon(const struct stdio_config *config)
{
	struct stat out;
	struct stdio stdio = {
		.config = config,
		.out = { .fd = STDOUT_FILENO, .manner = BORROWED_SOCKET },
	};

	if (fstat(STDOUT_FILENO, &out) == 0 && S_ISSOCK(out.st_mode) &&
	    is_connection(&stdio))
		socket_abortive(STDOUT_FILENO, true);
}

bool
stdio_is_left(const struct stdio *stdio)
{
	char text[OUTFILE_TEXT];

	if (stdio->config == NULL || stdio->config->out.path == NULL ||
	    stdio->ended)
		return false;
	if (stdio->written)
		diag_error("the peer has not ended; the data is in '%s'",
		    outfile_text(&stdio->file, text));
	else
		diag_error("the peer has not ended, and sent nothing");
	return true;
}
