#include <arpa/inet.h>
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

/* The address as IPv6, IPv4-mapped if need be; false for other families. */
static bool
octets_of(const struct address *address, uint8_t octet[16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	switch (address->sa.any.sa_family) {
	case AF_INET:
		memcpy(octet, mapped, sizeof(mapped));
		memcpy(octet + 12, &address->sa.in4.sin_addr, 4);
		return true;
	case AF_INET6:
		memcpy(octet, &address->sa.in6.sin6_addr, 16);
		return true;
	default:
		return false;
	}
}

static bool
parse_digits(const char *text, struct address *address)
{
	address->sa.any.sa_family = AF_INET;
	if (inet_pton(AF_INET, text, &address->sa.in4.sin_addr) == 1)
		return true;
	address->sa.any.sa_family = AF_INET6;
	return inet_pton(AF_INET6, text, &address->sa.in6.sin6_addr) == 1;
}

static bool
same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
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
	struct address address = { .length = 0 };
	unsigned before;

	if (length >= sizeof(host))
		return complain(text, "not a numeric address");
	memcpy(host, text, length);
	host[length] = '\0';
	if (!parse_digits(host, &address))
		return complain(text, "not a numeric address");
	before = address.sa.any.sa_family == AF_INET ? MAPPED : 0;
	if (slash != NULL)
		network.bits = before +
		    (unsigned)strtonum(slash + 1, 0, 128 - before, &error);
	if (error != NULL)
		return complain(text, before > 0 ? "use 0 to 32 bits" :
		    "use 0 to 128 bits");
	octets_of(&address, network.octet);
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
	uint8_t octet[16];
	size_t i;

	if (!octets_of(address, octet))
		return false;
	for (i = 0; i < list->count; i++)
		if (same_bits(list->network[i].octet, octet,
		    list->network[i].bits))
			return true;
	return false;
}

/* Connecting to 0.0.0.0 or :: connects to this host: that is loopback. */
static struct address
meant_by(const struct address *address)
{
	struct address meant = *address;
	uint8_t octet[16];

	octets_of(address, octet);
	if (memcmp(octet, (uint8_t[16]){ 0 }, 16) == 0)
		octet[15] = 1;
	else if (memcmp(octet, (uint8_t[16]){ [10] = 0xff, 0xff }, 16) == 0)
		octet[12] = 127, octet[15] = 1;
	meant.sa.any.sa_family = AF_INET6;
	memcpy(&meant.sa.in6.sin6_addr, octet, 16);
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
