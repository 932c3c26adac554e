#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/text.h"
#include "fuzz.h"

jmp_buf *fuzz_exit;
int fuzz_code;

void
fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: must hold: %s\n", file, line, condition);
	abort();
}

char *
fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

bool
fuzz_is_printable(const char *text)
{
	size_t size;

	for (; *text != '\0'; text += size) {
		size = text_printable(text);
		if (size == 0)
			return false;
	}
	return true;
}

int
fuzz_file(const void *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd == -1 || write(fd, data, size) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	return fd;
}

const char *
fuzz_path(int fd)
{
	static char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

/* base/diag.h */

__attribute__((format(printf, 1, 0))) static void
swallow(const char *format, va_list arguments)
{
	char line[2048];

	vsnprintf(line, sizeof(line), format, arguments);
}

#define SWALLOW(format)					\
	va_list arguments;				\
							\
	va_start(arguments, format);			\
	swallow(format, arguments);			\
	va_end(arguments)

void
diag_error(const char *format, ...)
{
	SWALLOW(format);
}

void
diag_say(int level, const char *format, ...)
{
	(void)level;
	SWALLOW(format);
}

void
diag_line(int level, const char *format, ...)
{
	(void)level;
	SWALLOW(format);
}

void
diag_begin(const char *argv0)
{
	(void)argv0;
}

void
diag_verbosity(int level)
{
	(void)level;
}

bool
diag_wants(int level)
{
	(void)level;
	return true;
}

void
diag_about(const char *(*whom)(const void *what, char *text), const void *what)
{
	char text[DIAG_ABOUT];

	if (whom != NULL)
		whom(what, text);
}

const char *
diag_whom(void)
{
	return NULL;
}

int
diag_flush(void)
{
	return -1;
}

void
diag_draw(const char *text)
{
	(void)text;
}

void
diag_end_line(void)
{
}

void
diag_exit(int code)
{
	fuzz_code = code;
	if (fuzz_exit == NULL)
		abort();
	longjmp(*fuzz_exit, 1);
}
