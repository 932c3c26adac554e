#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "net/access.h"

#define MAPPED	96	/* prefix length of IPv4-mapped addresses */

static char wrong[400];

static const char *
complain(const char *text, const char *why)
{
	snprintf(wrong, sizeof(wrong), "'%.200s': %.100s", text, why);
	return wrong;
}

static bool
same_bits(const struct in6_addr *one, const struct in6_addr *other,
    unsigned bits)
{
	const uint8_t *a = one->s6_addr, *b = other->s6_addr;
	unsigned whole = bits / 8, rest = bits % 8;
	uint8_t mask = (uint8_t)(0xff00u >> rest);

	return memcmp(a, b, whole) == 0 &&
	    (rest == 0 || ((a[whole] ^ b[whole]) & mask) == 0);
}

static const char *
add(const char *text, struct access_list *list)
{
	char host[INET6_ADDRSTRLEN + 1];
	const char *slash = strchr(text, '/'), *error = NULL;
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct network network = { .bits = 128 }, *larger;
	struct address address;
	unsigned before;

	if (length >= sizeof(host))
		return complain(text, "not a numeric address");
	memcpy(host, text, length);
	host[length] = '\0';
	if (!address_parse(host, 0, &address))
		return complain(text, "not a numeric address");
	before = address.sa.any.sa_family == AF_INET ? MAPPED : 0;
	if (slash != NULL)
		network.bits = before +
		    (unsigned)strtonum(slash + 1, 0, 128 - before, &error);
	if (error != NULL)
		return complain(text, before > 0 ? "use 0 to 32 bits" :
		    "use 0 to 128 bits");
	address_host(&address, &network.host);
	larger = reallocarray(list->network, list->count + 1, sizeof(network));
	if (larger == NULL)
		return complain(text, "no memory");
	list->network = larger;
	list->network[list->count++] = network;
	return NULL;
}

static const char *
add_all(char *text, struct access_list *list)
{
	const char *error = NULL, *word;

	while (error == NULL && (word = strsep(&text, ", \t\r\n")) != NULL)
		if (word[0] != '\0')
			error = add(word, list);
	return error;
}

static const char *
add_file(const char *path, struct access_list *list)
{
	FILE *file = fopen(path, "re");
	const char *error = NULL;
	size_t size = 0;
	char *line = NULL;

	if (file == NULL)
		return complain(path, strerror(errno));
	while (error == NULL && getline(&line, &size, file) != -1) {
		line[strcspn(line, "#")] = '\0';
		error = add_all(line, list);
	}
	if (error == NULL && ferror(file))
		error = complain(path, "cannot be read");
	free(line);
	fclose(file);
	return error;
}

const char *
access_parse(const char *text, struct access_list *list)
{
	size_t before = list->count;
	const char *error;
	char *copy;

	if (text[0] == '@')
		error = add_file(text + 1, list);
	else if ((copy = strdup(text)) == NULL)
		error = complain(text, "no memory");
	else {
		error = add_all(copy, list);
		free(copy);
	}
	return error == NULL && list->count == before ?
	    complain(text, "no address") : error;
}

bool
access_matches(const struct access_list *list, const struct address *address)
{
	struct in6_addr host;
	size_t i;

	if (!address_host(address, &host))
		return false;
	for (i = 0; i < list->count; i++)
		if (same_bits(&list->network[i].host, &host,
		    list->network[i].bits))
			return true;
	return false;
}

/* Connecting to 0.0.0.0 or :: connects to this host: that is loopback. */
static struct address
meant_by(const struct address *address)
{
	const struct in6_addr any = { .s6_addr = { [10] = 0xff, 0xff } };
	const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct address meant;
	struct in6_addr host;

	address_host(address, &host);
	if (IN6_IS_ADDR_UNSPECIFIED(&host))
		host = in6addr_loopback;
	else if (IN6_ARE_ADDR_EQUAL(&host, &any))
		memcpy(host.s6_addr + 12, loopback, sizeof(loopback));
	address_make(AF_INET6, &host, address_port(address), &meant);
	return meant;
}

bool
access_permits(const struct access_list *allow,
    const struct access_list *deny, const struct address *address)
{
	struct address meant;

	if ((allow->count == 0 && deny->count == 0) ||
	    !address_has_port(address))
		return true;
	meant = meant_by(address);
	return !access_matches(deny, address) &&
	    !access_matches(deny, &meant) &&
	    (allow->count == 0 || access_matches(allow, &meant));
}

bool
access_hears(const struct access_list *allow, const struct access_list *deny,
    const struct address *address)
{
	static bool said;
	char text[ADDRESS_TEXT];

	if (access_permits(allow, deny, address))
		return true;
	if (!said)
		diag_say(1, "datagrams from %s refused (--allow, --deny); "
		    "others are dropped silently",
		    address_port_text(address, text));
	said = true;
	return false;
}
