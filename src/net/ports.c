#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ports.h"

int
ports_parse_one(const char *text, const char *protocol, int lowest)
{
	const char *error;
	const struct servent *service;
	int port;

	port = (int)strtonum(text, lowest, PORTS_ALL, &error);
	if (error == NULL)
		return port;
	if (text[strspn(text, "0123456789")] == '\0')
		return -1;
	service = getservbyname(text, protocol);
	return service == NULL ? -1 : ntohs((uint16_t)service->s_port);
}

static void
add(struct ports *ports, int first, int last)
{
	int port;

	for (port = first; port <= last; port++) {
		if (ports->has[port])
			continue;
		ports->has[port] = true;
		ports->port[ports->count++] = (uint16_t)port;
	}
}

/*
 * A port or a range. A service name may have a dash of its own (ftp-data), so
 * the whole is tried as a name first.
 */
static const char *
add_item(char *item, const char *protocol, struct ports *ports)
{
	char *dash;
	int first, last;

	if (strcmp(item, "-") == 0) {
		add(ports, 1, PORTS_ALL);
		return NULL;
	}
	first = last = ports_parse_one(item, protocol, 1);
	dash = strchr(item, '-');
	if (first == -1 && dash != NULL) {
		*dash = '\0';
		first = ports_parse_one(item, protocol, 1);
		last = ports_parse_one(dash + 1, protocol, 1);
	}
	if (first == -1 || last == -1)
		return "use 1-65535, a range like 20-25, a list like 22,80 or "
		    "a service name";
	if (first > last)
		return "the range is reversed";
	add(ports, first, last);
	return NULL;
}

const char *
ports_parse(const char *text, const char *protocol, struct ports *ports)
{
	char item[PORTS_SERVICE];
	const char *error;
	size_t length;

	for (;; text += length + 1) {
		length = strcspn(text, ",");
		if (length >= sizeof(item))
			return "too long";
		snprintf(item, sizeof(item), "%.*s", (int)length, text);
		error = add_item(item, protocol, ports);
		if (error != NULL || text[length] == '\0')
			return error;
	}
}

void
ports_shuffle(struct ports *ports)
{
	uint16_t swap;
	size_t i, j;

	for (i = ports->count; i > 1; i--) {
		j = arc4random_uniform((uint32_t)i);
		swap = ports->port[i - 1];
		ports->port[i - 1] = ports->port[j];
		ports->port[j] = swap;
	}
}

/*
 * Whether the port may have a service's name. getservbyport(3) reads all of
 * services(5) each time; the second question reads it once for all that follow.
 * musl's getservent(3) never has an entry: there each port has to be asked for.
 */
static bool
may_have_name(uint16_t port, const char *protocol)
{
	static bool named[PORTS_ALL + 1], listed;
	static int asked;
	const struct servent *service;

	if (asked++ == 0)
		return true;
	while (asked == 2 && (service = getservent()) != NULL) {
		listed = true;
		if (strcmp(service->s_proto, protocol) == 0)
			named[ntohs((uint16_t)service->s_port)] = true;
	}
	return !listed || named[port];
}

const char *
ports_service(uint16_t port, const char *protocol, bool numeric, char *name)
{
	const struct servent *service = NULL;

	if (!numeric && may_have_name(port, protocol))
		service = getservbyport(htons(port), protocol);
	snprintf(name, PORTS_SERVICE, "%s",
	    service != NULL ? service->s_name : "*");
	return name;
}
