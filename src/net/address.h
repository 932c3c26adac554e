#ifndef ADDRESS_H
#define ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

/* Socket addresses, from text and to text. */

struct address {
	socklen_t length;
	union {
		struct sockaddr any;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_storage storage;
	} sa;
};

#define ADDRESS_LIST	32	/* addresses of one name that are tried */
#define ADDRESS_TEXT	128	/* holds any address as text */
#define ADDRESS_NAME	253	/* characters of a host name (RFC 1035) */

struct address_list {
	size_t	 count;
	struct address item[ADDRESS_LIST];
};

struct address_query {
	const char *host;	/* or a path, see family */
	int	 family;	/* AF_UNSPEC, AF_INET, AF_INET6 or AF_UNIX */
	int	 type;		/* SOCK_STREAM or SOCK_DGRAM */
	uint16_t port;		/* put into each address found */
	bool	 numeric;	/* look up neither names nor services (-n) */
};

/*
 * A UNIX socket's address (unix(7)); "@name" is an abstract one. Returns
 * false when the path is empty or does not fit into sun_path.
 */
bool	address_parse_unix(const char *path, struct address *);

/* Of the family's 4 or 16 octets. */
void	address_make(int family, const void *octets, uint16_t port,
	    struct address *);

/* Of a numeric host, without a zone; false if it is none. */
bool	address_parse(const char *host, uint16_t port, struct address *);

/* The host, IPv4 as IPv4-mapped; false for one that has no port. */
bool	address_host(const struct address *, struct in6_addr *);

/* All interfaces: "::" for AF_INET6, else 0.0.0.0. */
void	address_any(int family, uint16_t port, struct address *);

/*
 * The numeric host with its zone, IPv4-mapped as IPv4; or the path of a UNIX
 * socket. text has ADDRESS_TEXT bytes.
 */
const char *address_text(const struct address *, char *text);

/* "ADDRESS PORT", the path alone for a UNIX socket; ADDRESS_TEXT bytes. */
const char *address_port_text(const struct address *, char *text);

/* Whether it is IPv4 or IPv6. */
bool	address_has_port(const struct address *);

/* In host byte order; 0 for a UNIX socket, which cannot be given one. */
uint16_t address_port(const struct address *);
void	address_set_port(struct address *, uint16_t port);

/* 127.0.0.0/8 or ::1. */
bool	address_is_loopback(const struct address *);

/* The same host, port and zone, or the same path. */
bool	address_equal(const struct address *, const struct address *);

/* Whether who connects to it comes to the one that listens at here. */
bool	address_leads_to(const struct address *, const struct address *here);

#endif
