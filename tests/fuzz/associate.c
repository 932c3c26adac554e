/*
 * A client of ours as a SOCKS 5 proxy sends datagrams through us, strangers try
 * to, others answer, and names are looked up. What must hold:
 *
 *	only the client's datagrams go out, whole, to whom they say, if allowed
 *	only of those who were sent something the client hears, and from whom
 *	while a name is looked up nothing overtakes
 *
 * Input: what kind of run it is, then events: a byte, half the number of bytes that
 * follow, the bytes. No socket is used.
 */
#include <netdb.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "connect/associate.c"

#define INNER	1000	/* descriptors that are none */
#define OUTER	1001
#define QUEUE	80	/* more than a batch */
#define SENT	512

struct event {
	const uint8_t *data;
	size_t	 size;
	struct address from;
	bool	 cut;
};

struct queue {
	struct event event[QUEUE];
	size_t	 first, count;
};

static struct run {
	struct associate *associate;
	struct queue inner, outer;
	struct event now, waiting;	/* being sent on, being looked up */
	struct address client;		/* known once connected is set */
	bool	 connected, asking, four;
	const uint8_t *answer;		/* of the resolver */
	size_t	 answers;		/* addresses in it */
	int	 code;
	struct address found;		/* for the name */
	int64_t	 found_us;
	struct place sent[SENT];
	size_t	 sents;
	uint64_t in, out;		/* bytes */
} run;

static struct access_list some, none;
static int64_t now_us = 1000 * CLOCK_SECOND;

int	__wrap_clock_gettime(clockid_t, struct timespec *);
ssize_t	__wrap_sendto(int, const void *, size_t, int, const struct sockaddr *,
	    socklen_t);
ssize_t	__wrap_writev(int, const struct iovec *, int);
int	__wrap_connect(int, const struct sockaddr *, socklen_t);
bool	__wrap_batch_fetch(struct batch *, int, unsigned);
struct question *__wrap_resolve_begin(const struct address_query *);
void	__wrap_resolve_watch(const struct question *, struct loop *);
int	__wrap_resolve_step(struct question *, struct address_list *);
void	__wrap_resolve_end(struct question *);

int
__wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	(void)clock;
	*time = (struct timespec){ .tv_sec = (time_t)(now_us / CLOCK_SECOND) };
	return 0;
}

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

/* 16 octets and a port, an IPv4 address more often than not. */
static struct address
address_at(const uint8_t *data)
{
	struct place place = { .port = (uint16_t)(data[16] << 8 | data[17]) };
	struct address address;

	memcpy(&place.host, data, 16);
	if (data[0] & 1)
		memcpy(&place.host, mapped, sizeof(mapped));
	address_of(&place, is_four(&place), &address);
	return address;
}

/* Where the datagram is to go; false: nowhere. */
static bool
destination(const struct event *event, struct place *to)
{
	const uint8_t *data = event->data;
	size_t head = socks_udp_head(data, event->size);

	if (head == 0)
		return false;
	if (data[3] == SOCKS_HOST)
		place_of(&run.found, to);
	else if (data[3] == SOCKS_IPV6)
		memcpy(&to->host, data + 4, 16);
	else {
		memcpy(&to->host, mapped, sizeof(mapped));
		memcpy(to->host.s6_addr + 12, data + 4, 4);
	}
	to->port = (uint16_t)(data[head - 2] << 8 | data[head - 1]);
	return true;
}

ssize_t
__wrap_sendto(int fd, const void *data, size_t size, int flags,
    const struct sockaddr *address, socklen_t length)
{
	struct address whom = { .length = length };
	const size_t head = socks_udp_head(run.now.data, run.now.size);
	struct place to, meant;

	(void)flags;
	memcpy(&whom.sa, address, length);
	place_of(&whom, &to);
	must(fd == OUTER && !run.asking && destination(&run.now, &meant));
	must(run.connected && run.now.data[2] == 0 && !run.now.cut);
	must(same_host(&to, &meant) && to.port == meant.port);
	must(access_permits(&none, &some, &whom));
	must(run.now.data[3] != SOCKS_HOST ||
	    now_us - run.found_us <= REMEMBER);
	must(size == run.now.size - head);
	must(memcmp(data, run.now.data + head, size) == 0);
	must(whom.sa.any.sa_family == (run.four ? AF_INET : AF_INET6));
	if (run.sents == SENT)
		return -1;
	run.sent[run.sents++] = to;
	run.out += size;
	return (ssize_t)size;
}

/* The client takes off what is before it as any client would. */
ssize_t
__wrap_writev(int fd, const struct iovec *part, int count)
{
	uint8_t *all = malloc(part[0].iov_len + part[1].iov_len);
	struct event event = { .data = all,
	    .size = part[0].iov_len + part[1].iov_len };
	struct place from, sender;
	size_t i;

	must(all != NULL && fd == INNER && count == 2 && !run.now.cut);
	memcpy(all, part[0].iov_base, part[0].iov_len);
	memcpy(all + part[0].iov_len, part[1].iov_base, part[1].iov_len);
	must(socks_udp_head(all, event.size) == part[0].iov_len);
	must(destination(&event, &from) && all[3] != SOCKS_HOST);
	for (i = 0; i < run.sents; i++)
		if (same_host(&run.sent[i], &from) &&
		    run.sent[i].port == from.port)
			break;
	must(i < run.sents);
	for (i = run.outer.first; i-- > 0; ) {
		place_of(&run.outer.event[i].from, &sender);
		if (same_host(&sender, &from) && sender.port == from.port &&
		    run.outer.event[i].size == part[1].iov_len &&
		    memcmp(run.outer.event[i].data, part[1].iov_base,
		    part[1].iov_len) == 0)
			break;
	}
	must(i < QUEUE);
	run.in += part[1].iov_len;
	free(all);
	return (ssize_t)event.size;
}

int
__wrap_connect(int fd, const struct sockaddr *address, socklen_t length)
{
	must(fd == INNER && !run.connected);
	must(memcmp(&((const struct sockaddr_in *)address)->sin_addr,
	    &run.client.sa.in4.sin_addr, 4) == 0);
	run.client.length = length;
	memcpy(&run.client.sa, address, length);
	return run.connected = true, 0;
}

/* As the kernel: whom a socket is connected to, and nobody else, it hears. */
bool
__wrap_batch_fetch(struct batch *to, int fd, unsigned most)
{
	struct queue *queue = fd == INNER ? &run.inner : &run.outer;
	struct event *event;
	unsigned i = 0;

	must(fd != INNER || (!run.asking && most == 1));
	while (i < most && queue->first < queue->count) {
		event = &queue->event[queue->first++];
		if (fd == INNER && run.connected &&
		    !address_equal(&event->from, &run.client))
			continue;
		run.now = *event;
		ASAN_UNPOISON_MEMORY_REGION(to->slot[i], SLOT);
		memcpy(to->slot[i], event->data, event->size);
		ASAN_POISON_MEMORY_REGION(to->slot[i] + event->size,
		    SLOT - event->size);
		to->from[i] = event->from;
		to->head[i].msg_len = (unsigned)event->size;
		to->head[i].msg_hdr.msg_flags = event->cut ? MSG_TRUNC : 0;
		i++;
	}
	to->next = 0;
	to->count = i;
	return i > 0;
}

struct question *
__wrap_resolve_begin(const struct address_query *query)
{
	const struct event *now = &run.now;

	must(!run.asking && now->size > 5 && now->data[3] == SOCKS_HOST);
	must(strlen(query->host) == now->data[4] && query->type == SOCK_DGRAM);
	must(memcmp(query->host, now->data + 5, now->data[4]) == 0);
	run.asking = true;
	run.waiting = *now;
	return (struct question *)&run;
}

void
__wrap_resolve_watch(const struct question *question, struct loop *loop)
{
	(void)question, (void)loop;
}

int
__wrap_resolve_step(struct question *question, struct address_list *list)
{
	size_t i;

	must(question == (struct question *)&run && run.asking);
	if (run.answer == NULL)
		return RESOLVE_PENDING;
	list->count = run.answers;
	for (i = 0; i < run.answers; i++)
		list->item[i] = address_at(run.answer + 18 * i);
	for (i = 0; i + 1 < run.answers; i++)
		if (access_permits(&none, &some, &list->item[i]))
			break;
	run.found = list->item[i];
	run.found_us = now_us;
	run.now = run.waiting;
	return run.code;
}

void
__wrap_resolve_end(struct question *question)
{
	must(question == (struct question *)&run);
	run.asking = false;
	run.answer = NULL;
}

static void
step(void)
{
	struct loop loop;
	size_t i;

	loop_open(&loop);
	loop_begin(&loop);
	associate_watch(run.associate, &loop);
	for (i = 0; i < loop.count; i++)
		loop.set[i].revents = POLLIN;
	associate_step(run.associate, &loop);
	loop_close(&loop);
	must(associate_sent(run.associate) == run.in);
	must(associate_received(run.associate) == run.out);
	if (run.outer.first == run.outer.count)
		run.outer = (struct queue){ .count = 0 };
	if (run.inner.first == run.inner.count)
		run.inner = (struct queue){ .count = 0 };
}

static void
put(struct queue *queue, const uint8_t *data, size_t size,
    const struct address *from, bool cut)
{
	if (queue->count < QUEUE)
		queue->event[queue->count++] = (struct event){ .data = data,
		    .size = size, .from = *from, .cut = cut };
}

/* Of whom: one that was sent something, or anybody. */
static void
put_answer(const uint8_t *data, size_t size, unsigned which)
{
	struct address from;

	if (which < run.sents)
		address_of(&run.sent[which], run.four, &from);
	else if (size >= 18) {
		from = address_at(data);
		data += 18, size -= 18;
	} else
		return;
	/* Nothing comes from port 0 of nowhere. */
	if (address_port(&from) != 0 &&
	    run.four == (from.sa.any.sa_family == AF_INET))
		put(&run.outer, data, size, &from, which & 64);
}

static void
happen(uint8_t what, const uint8_t *data, size_t size)
{
	struct address stranger = run.client;

	switch (what % 8) {
	case 0:
	case 1:
		put(&run.inner, data, size, &run.client, what & 64);
		break;
	case 2:
		stranger.sa.in4.sin_addr.s_addr ^= htonl(what & 128 ? 1 : 0);
		stranger.sa.in4.sin_port ^= htons(1);
		put(&run.inner, data, size, &stranger, false);
		break;
	case 3:
		put_answer(data, size, what >> 3);
		break;
	case 4:
		run.answers = size / 18 < 4 ? size / 18 : 4;
		run.code = run.answers == 0 ? EAI_NONAME : 0;
		run.answer = run.asking ? data : NULL;
		step();
		break;
	case 5:
		now_us += size * CLOCK_SECOND;
		break;
	default:
		step();
	}
}

static void
begin(const uint8_t *data)
{
	static struct associate_config config = { .allow = &none,
	    .deny = &some };

	if (some.count == 0)
		must(access_parse("10.0.0.0/8,127.0.0.1,fd00::/8", &some) ==
		    NULL);
	if (batch == NULL)
		must((batch = batch_new()) != NULL);
	memset(&run, 0, sizeof(run));
	address_any(AF_INET, 4000, &run.client);
	run.client.sa.in4.sin_addr.s_addr = htonl(0xc0000201);
	run.four = data[0] & 1;
	run.associate = calloc(1, sizeof(*run.associate));
	must(run.associate != NULL);
	run.associate->config = &config;
	run.associate->inner = INNER;
	run.associate->outer = OUTER;
	run.associate->four = run.four;
	place_of(&run.client, &run.associate->client);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at, length;

	if (size < 3)
		return 0;
	begin(data);
	for (at = 1; at + 2 <= size; at += 2 + length) {
		length = 2U * data[at + 1];
		if (length > size - at - 2)
			length = size - at - 2;
		happen(data[at], data + at + 2, length);
	}
	step();
	run.associate->inner = run.associate->outer = -1;
	associate_close(run.associate);
	must(!run.asking);
	return 0;
}
