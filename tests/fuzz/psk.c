/* A file with a key, in whatever form: refused, or read in full. */
#include <stdlib.h>
#include <sys/stat.h>

#include "fuzz.h"

#include "stream/tls_psk.c"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *key = malloc(LONGEST + 3);
	char *text = malloc(FILE_SIZE);
	int fd = fuzz_file(data, size);

	must(tls_lib_open());
	fchmod(fd, 0600);
	must(read_text(fuzz_path(fd), text));
	must(strlen(text) < FILE_SIZE);
	must(decode(text, key) <= LONGEST);
	close(fd);
	free(text);
	free(key);
	return 0;
}
