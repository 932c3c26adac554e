/* Lists of ports; the second line is added to the first. */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "net/ports.h"

static void
check(const struct ports *ports)
{
	size_t i, set = 0;

	must(ports->count <= PORTS_ALL && !ports->has[0]);
	for (i = 0; i <= PORTS_ALL; i++)
		set += ports->has[i];
	must(set == ports->count);
	for (i = 0; i < ports->count; i++)
		must(ports->has[ports->port[i]]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ports ports;
	char *text = fuzz_text(data, size), *second = strchr(text, '\n');
	int port;

	memset(&ports, 0, sizeof(ports));
	if (second != NULL)
		*second++ = '\0';
	if (ports_parse(text, "tcp", &ports) == NULL)
		check(&ports);
	if (second != NULL && ports_parse(second, "udp", &ports) == NULL)
		check(&ports);
	if (ports.count < 100) {
		ports_shuffle(&ports);
		check(&ports);
	}
	port = ports_parse_one(text, "tcp", 1);
	must(port >= -1 && port <= PORTS_ALL && port != 0);
	free(text);
	return 0;
}
