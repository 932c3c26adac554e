#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "report/log.h"

static bool
log_look(struct tap *tap, const uint8_t *data, size_t size)
{
	return log_write(tap->blame, tap->blame->wfd, data, size);
}

bool
log_open(struct log *log, const char *path, bool append)
{
	int fd = STDERR_FILENO;

	/* O_APPEND: processes of several peers may share it. */
	if (strcmp(path, "-") != 0)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
		    (append ? 0 : O_TRUNC), 0666);
	if (fd == -1) {
		diag_error("cannot open '%s': %s", path, strerror(errno));
		return false;
	}
	*log = (struct log){
		.tap = { .look = log_look, .blame = &log->file },
		.file = { .rfd = -1, .wfd = fd, .input = path, .output = path },
	};
	return true;
}

bool
log_write(struct stream *blame, int fd, const void *data, size_t size)
{
	const char *at = data;
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	ssize_t done;

	if (fd == STDERR_FILENO)
		diag_end_line();
	while (size > 0) {
		done = write(fd, at, size);
		if (done > 0) {
			at += done;
			size -= (size_t)done;
		} else if (errno == EAGAIN)
			poll(&wait, 1, -1);
		else if (errno != EINTR) {
			stream_fail(blame, errno);
			return false;
		}
	}
	return true;
}
