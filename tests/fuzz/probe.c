/* --probe-hex and --probe: a datagram, as digits and as a file. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"
#include "scan/probe.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct probe probe;
	int fd = fuzz_file(data, size);

	if (probe_parse(text, &probe) == NULL)
		must(probe.size <= strlen(text) / 2);
	free((void *)(uintptr_t)probe.data);
	must(probe_read(fuzz_path(fd), &probe) == NULL || size > 65507);
	must(size > 65507 || (probe.size == size &&
	    memcmp(probe.data, data, size) == 0));
	free((void *)(uintptr_t)probe.data);
	close(fd);
	if (size >= 2)
		must(probe_for((uint16_t)(data[0] << 8 | data[1])).size <=
		    1200);
	free(text);
	return 0;
}
