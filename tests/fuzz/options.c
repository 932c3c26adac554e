/*
 * The command line: words of the input, one a line. Either it is understood,
 * and then consistent, or refused with one of the exit codes for that.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "cli/options.c"

#define WORDS	40

/* No option may wait for a terminal, or make files. */
char	*__wrap_readpassphrase(const char *, char *, size_t, int);
int	 __wrap_tls_psk_create(const char *);

char *
__wrap_readpassphrase(const char *prompt, char *text, size_t size, int flags)
{
	(void)prompt, (void)flags;
	strlcpy(text, "secret", size);
	return text;
}

int
__wrap_tls_psk_create(const char *path)
{
	return path != NULL ? EXIT_LOCAL : EXIT_DONE;
}

/*
 * What options own stays to the program's end. Of a scan it is too much: the
 * hosts of a network have one list of ports, and names of their own.
 */
static void
forget(struct targets *targets)
{
	struct target *item = targets->item;
	bool same = false, before;
	size_t i;

	for (i = 0; i < targets->count; i++) {
		before = same;
		same = i + 1 < targets->count &&
		    item[i].port == item[i + 1].port;
		if (item[i].is_path)
			continue;
		if (same || before)
			free((void *)(uintptr_t)item[i].host);
		if (!same)
			free((void *)(uintptr_t)item[i].port);
	}
	free(item);
}

int	__lsan_is_turned_off(void);

int
__lsan_is_turned_off(void)
{
	return 1;
}

static void
check(const struct options *options)
{
	must(options->mode == MODE_CLIENT || options->mode == MODE_LISTEN ||
	    options->mode == MODE_SCAN);
	must(options->endpoint.family != AF_UNIX ||
	    options->endpoint.host != NULL);
	must(options->mode == MODE_LISTEN || options->endpoint.host != NULL);
	must(options->relay.idle_us == CLOCK_UNSET ||
	    options->relay.idle_us > 0);
	must(options->relay.send_rate >= 0 && options->relay.receive_rate >= 0);
	must(options->max_conns > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct options options;
	char *text = fuzz_text(data, size), *word[WORDS + 2] = { "nc-lite" };
	char *at = text;
	jmp_buf out;
	int count = 1;

	if (freopen("/dev/null", "w", stdout) == NULL)
		abort();
	while (count <= WORDS && at != NULL)
		word[count++] = strsep(&at, "\n");
	memset(&options, 0, sizeof(options));
	memset(given, 0, sizeof(given));
	optind = 0;
	fuzz_exit = &out;
	if (setjmp(out) == 0) {
		options_parse(count, word, &options);
		check(&options);
	} else
		must(fuzz_code == EXIT_DONE || fuzz_code == EXIT_LOCAL);
	forget(&options.targets);
	free(text);
	return 0;
}
