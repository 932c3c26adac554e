/*
 * Lists of who is let in, as text and as a file, which must agree. Input: an
 * address of 16 octets that asks, then the list.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "net/access.h"

static bool
parse(const char *text, const struct address *who, bool *in)
{
	struct access_list list = { .count = 0 };
	const char *error = access_parse(text, &list);

	*in = access_matches(&list, who);
	if (error == NULL && list.count > 0)
		must(access_permits(&list, &(struct access_list){ .count = 0 },
		    who) == (*in || who->sa.any.sa_family == AF_UNIX));
	must(!access_permits(&list, &list, who) ||
	    list.count == 0 || !*in);
	free(list.network);
	return error == NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address who = { .length = sizeof(who.sa.in6) };
	static const uint8_t none[10];
	bool in, also;
	char *text, path[40];
	int fd;

	/* The unspecified address stands for another. */
	if (size < 17 || (memcmp(data, none, 10) == 0 &&
	    memcmp(data + 12, none, 4) == 0) || data[16] == '@' || memchr(data + 16, '#', size - 16) ||
	    memchr(data + 16, 0, size - 16))
		return 0;
	who.sa.in6.sin6_family = AF_INET6;
	memcpy(&who.sa.in6.sin6_addr, data, 16);
	text = fuzz_text(data + 16, size - 16);
	fd = fuzz_file(text, strlen(text));
	snprintf(path, sizeof(path), "@%s", fuzz_path(fd));
	if (parse(text, &who, &in) && parse(path, &who, &also))
		must(in == also);
	close(fd);
	free(text);
	return 0;
}
