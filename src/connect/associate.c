#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/loop.h"
#include "connect/associate.h"
#include "net/access.h"
#include "net/resolve.h"
#include "net/transport.h"
#include "stream/batch.h"
#include "stream/socks_udp.h"

#define ASKED	64	/* the last of those who may answer */
#define REMEMBER	(60 * CLOCK_SECOND)	/* where a name is */

/* A host and port for comparing: IPv4 as IPv4-mapped IPv6. */
struct place {
	struct in6_addr host;
	uint16_t port;
};

struct associate {
	const struct associate_config *config;
	int	 inner, outer;		/* towards the client, and all others */
	int	 inner_place, outer_place;
	bool	 four;			/* the outer one is for IPv4 only */
	bool	 known;			/* where the client sends from */
	bool	 said;			/* that a destination is not allowed */
	bool	 finishing;		/* the client has left */
	bool	 over;			/* and nothing of it is left */
	struct place client;
	struct place asked[ASKED];
	unsigned next;			/* the oldest of them */
	struct question *question;	/* for name, or NULL */
	char	 name[ADDRESS_NAME + 1];	/* looked up last */
	struct place named;	/* where that is; "::": nowhere */
	int64_t	 named_us;		/* until then */
	uint8_t	*waiting;		/* a datagram to it */
	size_t	 waiting_size;
	uint64_t sent, received;
};

static struct batch *batch;	/* of whoever is stepped */

static void
place_of(const struct address *address, struct place *place)
{
	place->port = address_port(address);
	address_host(address, &place->host);
}

static bool
is_four(const struct place *place)
{
	return IN6_IS_ADDR_V4MAPPED(&place->host);
}

static void
address_of(const struct place *place, bool four, struct address *address)
{
	address_make(four ? AF_INET : AF_INET6, place->host.s6_addr +
	    (four ? 12 : 0), place->port, address);
}

static bool
same_host(const struct place *a, const struct place *b)
{
	return IN6_ARE_ADDR_EQUAL(&a->host, &b->host);
}

/* A datagram socket bound to the address; -1 with errno set. */
static int
bound_socket(const struct socket_config *config, const struct address *here)
{
	const struct address_query query = {
	    .family = here->sa.any.sa_family, .type = SOCK_DGRAM };
	int error, off = 0, fd = socket_open(config, query.family,
	    transport_of(&query));

	if (fd == -1)
		return -1;
	if (query.family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	if (bind(fd, &here->sa.any, here->length) == 0)
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* The socket towards destinations, with -4, -6 and a numeric -s. */
static int
open_outer(const struct associate_config *config)
{
	struct address_query source = config->query;
	struct address_list list;
	int fd;

	source.host = config->socket.source_host;
	source.numeric = true;
	address_any(source.family == AF_INET ? AF_INET : AF_INET6, 0,
	    &list.item[0]);
	if (source.host != NULL && resolve_run(&source, 0, &list) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	fd = bound_socket(&config->socket, &list.item[0]);
	/* There may be no IPv6. */
	if (fd == -1 && source.host == NULL && source.family == AF_UNSPEC) {
		address_any(AF_INET, 0, &list.item[0]);
		fd = bound_socket(&config->socket, &list.item[0]);
	}
	return fd;
}

/* The socket towards the client, at the address that it has connected to. */
static int
open_inner(int control, struct address *bound)
{
	static const struct socket_config plain = { .tos = -1 };
	struct place here;
	int fd;

	socket_local(control, bound);
	place_of(bound, &here);
	here.port = 0;
	address_of(&here, is_four(&here), bound);
	fd = bound_socket(&plain, bound);
	if (fd != -1)
		socket_local(fd, bound);
	return fd;
}

struct associate *
associate_open(const struct associate_config *config, int control,
    const struct address *client, struct address *bound)
{
	struct associate *associate = calloc(1, sizeof(*associate));
	struct address outer;
	int error;

	if (associate == NULL || (batch == NULL &&
	    (batch = batch_new()) == NULL)) {
		free(associate);
		errno = ENOMEM;
		return NULL;
	}
	associate->config = config;
	place_of(client, &associate->client);
	associate->inner = open_inner(control, bound);
	associate->outer = associate->inner == -1 ? -1 : open_outer(config);
	if (associate->outer == -1) {
		error = errno;
		associate_close(associate);
		errno = error != 0 ? error : EIO;
		return NULL;
	}
	socket_local(associate->outer, &outer);
	associate->four = outer.sa.any.sa_family == AF_INET;
	return associate;
}

void
associate_close(struct associate *associate)
{
	if (associate->question != NULL)
		resolve_end(associate->question);
	if (associate->inner != -1)
		close(associate->inner);
	if (associate->outer != -1)
		close(associate->outer);
	free(associate->waiting);
	free(associate);
}

void
associate_watch(struct associate *associate, struct loop *loop)
{
	/* While a name is looked up, what is behind it waits in the kernel. */
	associate->inner_place = loop_watch(loop, associate->question != NULL ?
	    -1 : associate->inner, POLLIN);
	if (associate->question != NULL)
		resolve_watch(associate->question, loop);
	associate->outer_place = loop_watch(loop, associate->outer, POLLIN);
	if (associate->finishing && associate->question == NULL)
		loop_hurry(loop);
}

static bool
was_asked(const struct associate *associate, const struct place *place)
{
	unsigned i;

	for (i = 0; i < ASKED; i++)
		if (associate->asked[i].port == place->port &&
		    same_host(&associate->asked[i], place))
			return true;
	return false;
}

static bool
is_allowed(struct associate *associate, const struct address *to)
{
	char text[ADDRESS_TEXT];

	if (access_permits(associate->config->allow, associate->config->deny,
	    to))
		return true;
	if (!associate->said)
		diag_error("datagrams to %s: not allowed (--allow-to, "
		    "--deny-to)", address_port_text(to, text));
	associate->said = true;
	return false;
}

/* True if the datagram was sent; else it is dropped. */
static bool
send_out(struct associate *associate, const struct place *to,
    const uint8_t *data, size_t size)
{
	struct address address;

	if (associate->four && !is_four(to))
		return false;
	address_of(to, associate->four, &address);
	if (!is_allowed(associate, &address) || sendto(associate->outer, data,
	    size, MSG_NOSIGNAL, &address.sa.any, address.length) == -1)
		return false;
	if (!was_asked(associate, to)) {
		associate->asked[associate->next] = *to;
		associate->next = (associate->next + 1) % ASKED;
	}
	associate->received += size;
	return true;
}

/* Keeps the datagram until the name is resolved; only one name is cached. */
static void
look_up(struct associate *associate, const uint8_t *data, size_t size)
{
	struct address_query query = associate->config->query;

	associate->named.host = in6addr_any;
	query.host = associate->name;
	query.type = SOCK_DGRAM;
	associate->waiting = malloc(size);
	if (associate->waiting != NULL)
		associate->question = resolve_begin(&query);
	if (associate->question == NULL) {
		free(associate->waiting);
		associate->waiting = NULL;
		associate->name[0] = '\0';
		return;
	}
	memcpy(associate->waiting, data, size);
	associate->waiting_size = size;
}

/* True if the datagram was sent; else it waits for the name, or is dropped. */
static bool
send_to_name(struct associate *associate, const uint8_t *data, size_t size,
    size_t head)
{
	struct place to = associate->named;
	size_t length = data[4];
	char name[256];

	memcpy(name, data + 5, length);
	name[length] = '\0';
	if (length == 0 || length > ADDRESS_NAME || strlen(name) != length)
		return false;
	if (strcmp(name, associate->name) != 0 ||
	    clock_passed(associate->named_us)) {
		strcpy(associate->name, name);
		look_up(associate, data, size);
		return false;
	}
	to.port = (uint16_t)(data[head - 2] << 8 | data[head - 1]);
	return !IN6_IS_ADDR_UNSPECIFIED(&to.host) &&
	    send_out(associate, &to, data + head, size - head);
}

static bool
from_client(struct associate *associate, const uint8_t *data, size_t size)
{
	size_t head = socks_udp_head(data, size);
	struct address address;
	struct place to;

	if (head == 0)
		return false;
	if (!socks_address_get(data + 3, &address))
		return send_to_name(associate, data, size, head);
	place_of(&address, &to);
	return send_out(associate, &to, data + head, size - head);
}

/* The first datagram from the client's host tells the client's port. */
static bool
is_clients(struct associate *associate, const struct address *from)
{
	struct place place;

	if (associate->known)
		return true;
	place_of(from, &place);
	if (!same_host(&place, &associate->client) ||
	    connect(associate->inner, &from->sa.any, from->length) == -1)
		return false;
	return associate->known = true;
}

static bool
hear_client(struct associate *associate)
{
	bool moved = false;
	int i;

	/* One at a time: after a name the others must wait. */
	for (i = 0; i < BATCH && associate->question == NULL &&
	    batch_fetch(batch, associate->inner, 1); i++)
		if (!batch_is_cut(batch) && is_clients(associate,
		    &batch->from[0]))
			moved |= from_client(associate, batch->slot[0],
			    batch->head[0].msg_len);
	return moved;
}

static bool
answer_client(struct associate *associate, const struct address *from,
    uint8_t *data, size_t size)
{
	uint8_t head[SOCKS_UDP_HEAD] = { 0 };
	struct place place;
	struct iovec part[] = { { .iov_base = head },
	    { .iov_base = data, .iov_len = size } };

	place_of(from, &place);
	if (!was_asked(associate, &place))
		return false;
	part[0].iov_len = 3 + socks_address_put(head + 3, from);
	if (writev(associate->inner, part, 2) == -1)
		return false;
	associate->sent += size;
	return true;
}

static bool
hear_others(struct associate *associate)
{
	bool moved = false;
	unsigned i;

	if (!batch_fetch(batch, associate->outer, BATCH))
		return false;
	for (i = 0; i < batch->count; i++) {
		batch->next = i;
		if (!batch_is_cut(batch))
			moved |= answer_client(associate, &batch->from[i],
			    batch->slot[i], batch->head[i].msg_len);
	}
	return moved;
}

/* Takes the first address that is allowed, and sends the datagram there. */
static bool
hear_resolver(struct associate *associate)
{
	const struct associate_config *config = associate->config;
	struct address_list list;
	int answer = resolve_step(associate->question, &list);
	bool moved;
	size_t i;

	if (answer == RESOLVE_PENDING)
		return false;
	resolve_end(associate->question);
	associate->question = NULL;
	for (i = 0; answer == 0 && i + 1 < list.count; i++)
		if (access_permits(config->allow, config->deny, &list.item[i]))
			break;
	associate->named_us = clock_deadline(REMEMBER);
	if (answer == 0)
		place_of(&list.item[i], &associate->named);
	else
		diag_say(1, "datagrams to %s: %s", associate->name,
		    resolve_error(answer));
	moved = from_client(associate, associate->waiting,
	    associate->waiting_size);
	/* What was not found may be found later. */
	if (answer != 0)
		associate->name[0] = '\0';
	free(associate->waiting);
	associate->waiting = NULL;
	return moved;
}

bool
associate_step(struct associate *associate, const struct loop *loop)
{
	bool moved = false;

	associate->over = associate->finishing && associate->question == NULL &&
	    loop_revents(loop, associate->inner_place) == 0;
	if (associate->question != NULL)
		moved |= hear_resolver(associate);
	if (loop_revents(loop, associate->inner_place) != 0)
		moved |= hear_client(associate);
	if (loop_revents(loop, associate->outer_place) != 0)
		moved |= hear_others(associate);
	associate->inner_place = associate->outer_place = -1;
	return moved;
}

void
associate_finish(struct associate *associate)
{
	associate->finishing = true;
}

bool
associate_is_over(const struct associate *associate)
{
	return associate->over;
}

uint64_t
associate_sent(const struct associate *associate)
{
	return associate->sent;
}

uint64_t
associate_received(const struct associate *associate)
{
	return associate->received;
}
