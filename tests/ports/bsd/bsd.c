#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <termios.h>

#include "readpassphrase.h"

size_t
bsd_strlcpy(char *to, const char *from, size_t size)
{
	size_t length = strlen(from), part = length < size ? length : size - 1;

	if (size > 0) {
		memcpy(to, from, part);
		to[part] = '\0';
	}
	return length;
}

long long
strtonum(const char *text, long long least, long long most, const char **error)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	*error = end == text || *end != '\0' ? "invalid" :
	    value < least ? "too small" :
	    value > most || errno == ERANGE ? "too large" : NULL;
	return *error != NULL ? 0 : value;
}

void
arc4random_buf(void *data, size_t size)
{
	if (getrandom(data, size, 0) != (ssize_t)size)
		abort();
}

uint32_t
arc4random(void)
{
	uint32_t value;

	arc4random_buf(&value, sizeof(value));
	return value;
}

uint32_t
arc4random_uniform(uint32_t limit)
{
	return limit < 2 ? 0 : arc4random() % limit;
}

/* Asks on the terminal, without an echo. */
char *
readpassphrase(const char *prompt, char *text, size_t size, int flags)
{
	FILE *terminal = fopen("/dev/tty", "r+");
	struct termios echo, none;

	(void)flags;
	if (terminal == NULL)
		return NULL;
	tcgetattr(fileno(terminal), &echo);
	none = echo;
	none.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fileno(terminal), TCSAFLUSH, &none);
	fputs(prompt, terminal);
	fflush(terminal);
	text = fgets(text, (int)size, terminal);
	tcsetattr(fileno(terminal), TCSAFLUSH, &echo);
	fclose(terminal);
	if (text != NULL)
		text[strcspn(text, "\n")] = '\0';
	return text;
}
