#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "report/log.h"
#include "sys/sys.h"

static bool
log_look(struct tap *tap, const uint8_t *data, size_t size)
{
	return log_write((struct log *)tap->blame, data, size);
}

bool
log_open(struct log *log, const char *path, bool append)
{
	int fd = STDERR_FILENO;

	/* O_APPEND: several processes may share it. */
	if (strcmp(path, "-") != 0)
		fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY |
		    O_CLOEXEC, 0666);
	if (fd == -1) {
		diag_error("cannot open '%s': %s", path, strerror(errno));
		return false;
	}
	*log = (struct log){
		.tap = { .look = log_look, .flush = log_flush,
		    .blame = &log->file },
		.file = { .rfd = -1, .wfd = fd, .input = path, .output = path },
		.append = append,
	};
	borrowed_open(&log->out, fd, false);
	return true;
}

void
log_begin(struct log *log)
{
	struct stat file;

	if (!log->append && log->file.wfd != STDERR_FILENO &&
	    fstat(log->file.wfd, &file) == 0 && S_ISREG(file.st_mode) &&
	    ftruncate(log->file.wfd, 0) == -1)
		stream_fail(&log->file, errno);
	log->append = true;
}

/* Writes what the file takes now; returns how much, -1 on failure. */
static ssize_t
put(struct log *log, const void *data, size_t size)
{
	const char *at = data;
	size_t done = 0;
	ssize_t result = 0;

	if (log->file.wfd == STDERR_FILENO)
		diag_end_line();
	while (done < size) {
		result = borrowed_write(&log->out, at + done, size - done);
		if (result == -1 && errno != EINTR)
			break;
		done += result > 0 ? (size_t)result : 0;
	}
	if (result != -1 || errno == EAGAIN)
		return (ssize_t)done;
	stream_fail(&log->file, errno);
	return -1;
}

static bool
keep(struct log *log, const uint8_t *data, size_t size)
{
	uint8_t *larger;

	if (log->tail + size > log->room) {
		larger = realloc(log->rest, log->tail + size);
		if (larger == NULL) {
			stream_fail(&log->file, ENOMEM);
			return false;
		}
		log->rest = larger;
		log->room = log->tail + size;
	}
	memcpy(log->rest + log->tail, data, size);
	log->tail += size;
	return true;
}

bool
log_write(struct log *log, const void *data, size_t size)
{
	ssize_t done = log->tail > 0 ? 0 : put(log, data, size);

	return done != -1 && ((size_t)done == size ||
	    keep(log, (const uint8_t *)data + done, size - (size_t)done));
}

bool
log_flush(struct tap *tap, int *fd)
{
	struct log *log = (struct log *)tap->blame;
	ssize_t done;

	*fd = -1;
	if (log->file.error[0] != '\0')
		return false;
	if (log->tail == 0)
		return true;
	done = put(log, log->rest + log->head, log->tail - log->head);
	if (done == -1)
		return false;
	log->head += (size_t)done;
	if (log->head < log->tail) {
		*fd = log->out.fd;
		return true;
	}
	free(log->rest);
	log->rest = NULL;
	log->head = log->tail = log->room = 0;
	return true;
}

bool
log_part_end(struct log_part *part)
{
	bool good = part->held == 0 ||
	    log_write(part->log, part->line, part->held);

	free(part->line);
	part->line = NULL;
	part->held = 0;
	return good;
}

static bool
part_look(struct tap *tap, const uint8_t *data, size_t size)
{
	struct log_part *part = (struct log_part *)tap;
	const uint8_t *end = sys_memrchr(data, '\n', size);
	size_t whole = end != NULL ? (size_t)(end - data) + 1 :
	    part->held + size > LOG_LINE ? size : 0;
	uint8_t *line;

	if (whole > 0 && !(log_part_end(part) &&
	    log_write(part->log, data, whole)))
		return false;
	if (whole == size)
		return true;
	line = realloc(part->line, part->held + size - whole);
	if (line == NULL) {
		stream_fail(&part->log->file, ENOMEM);
		return false;
	}
	memcpy(line + part->held, data + whole, size - whole);
	part->line = line;
	part->held += size - whole;
	return true;
}

static bool
part_end(struct tap *tap)
{
	return log_part_end((struct log_part *)tap);
}

void
log_part_begin(struct log_part *part, struct log *log)
{
	*part = (struct log_part){
		.tap = { .look = part_look, .flush = log_flush,
		    .end = part_end, .blame = &log->file },
		.log = log,
	};
}
