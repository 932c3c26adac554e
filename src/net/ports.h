#ifndef PORTS_H
#define PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Ports as text: "22", "ssh", "20-25", "22,80,8000-8099", "-" for all. A
 * struct ports is a set in the order given; all zeros is the empty one.
 */

#define PORTS_ALL	65535
#define PORTS_SERVICE	64

struct ports {
	size_t	 count;
	uint16_t port[PORTS_ALL];	/* each once */
	bool	 has[PORTS_ALL + 1];	/* by number */
};

/*
 * Adds the ports of text to the set; protocol is "tcp" or "udp", for service
 * names (getservbyname(3)). Returns NULL, or what is wrong with the text.
 */
const char *ports_parse(const char *text, const char *protocol, struct ports *);

/* One port: a number of at least lowest, or a service name; else -1. */
int	ports_parse_one(const char *text, const char *protocol, int lowest);

/* Puts the set into random order. */
void	ports_shuffle(struct ports *);

/*
 * The service's name (services(5)), "*" when it has none or numeric is set;
 * name has PORTS_SERVICE bytes.
 */
const char *ports_service(uint16_t port, const char *protocol, bool numeric,
	    char *name);

#endif
