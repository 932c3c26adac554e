#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/ports.h"
#include "scan/target.h"

#define UNIX		"unix:"
#define LARGEST		16	/* bits of a network's hosts */
#define MOST_PORTS	(1 << 24) /* in all; each has a result in memory */
#define LINE		4096	/* bytes */
#define LINE_WORDS	64

bool
target_is_pair(const char *word)
{
	const char *colon = strchr(word, ':');

	return word[0] == '[' || strncmp(word, UNIX, strlen(UNIX)) == 0 ||
	    (colon != NULL && colon > word && strchr(colon + 1, ':') == NULL);
}

void
target_split(char *word, char **host, char **ports)
{
	char *end = word[0] == '[' ? strchr(word, ']') : strchr(word, ':');

	*host = word[0] == '[' ? word + 1 : word;
	*ports = NULL;
	if (end != NULL && word[0] == '[') {
		*end++ = '\0';
		if (*end != ':')
			return;
	}
	if (end != NULL) {
		*end = '\0';
		*ports = end + 1;
	}
}

static bool
refuse_memory(struct targets *targets)
{
	snprintf(targets->error, sizeof(targets->error),
	    "no memory for so many targets");
	return false;
}

static bool
add(struct targets *targets, const struct target *target)
{
	size_t room = targets->room * 2 + 1;
	struct target *item = targets->item;

	if (target->ports > MOST_PORTS - targets->ports) {
		snprintf(targets->error, sizeof(targets->error),
		    "more than %d ports in all: scan fewer at a time",
		    MOST_PORTS);
		return false;
	}
	if (targets->count == targets->room) {
		item = reallocarray(item, room, sizeof(*item));
		if (item == NULL)
			return refuse_memory(targets);
		targets->item = item;
		targets->room = room;
	}
	item[targets->count++] = *target;
	targets->ports += target->ports;
	return true;
}

/* A path is a target with one port, which is 0. */
static bool
add_path(struct targets *targets, const char *path)
{
	static const uint16_t none[1];
	struct address address;

	if (!address_parse_unix(path, &address)) {
		snprintf(targets->error, sizeof(targets->error),
		    "path '%.40s' cannot be a UNIX socket's", path);
		return false;
	}
	return add(targets, &(struct target){ .host = path, .is_path = true,
	    .port = none, .ports = 1 });
}

/* Parses the ports of all words into memory that is never freed. */
static bool
take_ports(struct targets *targets, char *word[], size_t words,
    struct target *target)
{
	struct ports *ports = targets->scratch;
	const char *error = NULL, *culprit = "";
	uint16_t *copy = NULL;
	size_t i;

	for (i = 0; i < words && error == NULL; i++) {
		culprit = word[i];
		error = ports_parse(culprit, targets->protocol, ports);
	}
	if (targets->shuffle)
		ports_shuffle(ports);
	if (error == NULL)
		copy = calloc(ports->count, sizeof(*copy));
	if (copy != NULL)
		memcpy(copy, ports->port, ports->count * sizeof(*copy));
	target->port = copy;
	target->ports = ports->count;
	for (i = 0; i < ports->count; i++)
		ports->has[ports->port[i]] = false;
	ports->count = 0;
	if (error == NULL)
		return copy != NULL || refuse_memory(targets);
	snprintf(targets->error, sizeof(targets->error),
	    "invalid port '%.80s': %s", culprit, error);
	return false;
}

static bool
add_network(struct targets *targets, struct target *target, char *slash)
{
	char text[INET6_ADDRSTRLEN];
	struct address network;
	struct in6_addr first, now;
	int all = 0, bits, i;
	const char *error;
	uint32_t host;

	*slash = '\0';
	if (address_parse(target->host, 0, &network))
		all = network.sa.any.sa_family == AF_INET ? 32 : 128;
	bits = (int)strtonum(slash + 1, 0, all, &error);
	if (all == 0 || error != NULL || all - bits > LARGEST) {
		snprintf(targets->error, sizeof(targets->error),
		    "'%.60s/%.20s' is not a network: use ADDRESS/BITS, of at "
		    "most 65536 addresses", target->host, slash + 1);
		return false;
	}
	address_host(&network, &first);
	for (i = 128 - all + bits; i < 128; i++)
		first.s6_addr[i / 8] &= (uint8_t)~(0x80 >> i % 8);
	for (host = 0; host < UINT32_C(1) << (all - bits); host++) {
		now = first;
		now.s6_addr[15] |= (uint8_t)host;
		now.s6_addr[14] |= (uint8_t)(host >> 8);
		inet_ntop(network.sa.any.sa_family,
		    now.s6_addr + 16 - all / 8, text, sizeof(text));
		target->host = strdup(text);
		if (target->host == NULL)
			return refuse_memory(targets);
		if (!add(targets, target))
			return false;
	}
	return true;
}

static bool
add_host(struct targets *targets, char *host, char *ports[], size_t count)
{
	struct target target = { .host = host };
	size_t length = strlen(host);
	char *slash = strchr(host, '/');

	if (length == 0 || length > ADDRESS_NAME) {
		snprintf(targets->error, sizeof(targets->error), "host "
		    "'%.40s%s' is not a host name (%zu characters, 1 to %d "
		    "allowed)", host, length > 40 ? "..." : "", length,
		    ADDRESS_NAME);
		return false;
	}
	if (!take_ports(targets, ports, count, &target))
		return false;
	return slash != NULL ? add_network(targets, &target, slash) :
	    add(targets, &target);
}

static bool
add_pair(struct targets *targets, char *word)
{
	char *host, *ports;

	if (strncmp(word, UNIX, strlen(UNIX)) == 0)
		return add_path(targets, word + strlen(UNIX));
	if (!target_is_pair(word)) {
		snprintf(targets->error, sizeof(targets->error),
		    "'%.60s' is not a target: use HOST:PORTS, or HOST PORTS "
		    "alone", word);
		return false;
	}
	target_split(word, &host, &ports);
	if (ports != NULL)
		return add_host(targets, host, &ports, 1);
	snprintf(targets->error, sizeof(targets->error),
	    "'%.60s' lacks a port: use [ADDRESS]:PORTS or "
	    "[ADDRESS/BITS]:PORTS", host);
	return false;
}

bool
targets_add(struct targets *targets, char *word[], size_t words)
{
	size_t i;

	if (!target_is_pair(word[0])) {
		if (words > 1)
			return add_host(targets, word[0], word + 1, words - 1);
		snprintf(targets->error, sizeof(targets->error),
		    "missing port of '%.60s'", word[0]);
		return false;
	}
	for (i = 0; i < words; i++)
		if (!add_pair(targets, word[i]))
			return false;
	return true;
}

static bool
add_line(struct targets *targets, const char *path, size_t number, char *line,
    bool whole)
{
	char *word[LINE_WORDS], *copy, *rest, why[sizeof(targets->error)];
	size_t words = 0;

	line[strcspn(line, "#")] = '\0';
	rest = copy = strdup(line + strspn(line, " \t\r\n"));
	if (copy == NULL)
		return refuse_memory(targets);
	while (words < LINE_WORDS &&
	    (word[words] = strtok_r(rest, " \t\r\n", &rest)) != NULL)
		words++;
	/* Targets point into the copy. */
	if (whole && words > 0 && words < LINE_WORDS &&
	    targets_add(targets, word, words))
		return true;
	free(copy);
	if (whole && words == 0)
		return true;
	snprintf(why, sizeof(why), "%s", whole && words < LINE_WORDS ?
	    targets->error : "too long");
	snprintf(targets->error, sizeof(targets->error),
	    "%.40s, line %zu: %.190s", path, number, why);
	return false;
}

bool
targets_read(struct targets *targets, const char *path)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char line[LINE];
	size_t number = 0;
	bool good = file != NULL;

	while (good && fgets(line, sizeof(line), file) != NULL)
		good = add_line(targets, path, ++number, line, feof(file) ||
		    strchr(line, '\n') != NULL);
	if (file == NULL || (good && ferror(file))) {
		snprintf(targets->error, sizeof(targets->error), "'%.200s': %s",
		    path, strerror(errno));
		good = false;
	}
	if (file != NULL && file != stdin)
		fclose(file);
	return good;
}
