#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "stream/batch.h"

/* Limits in bytes for one queue, and for all together. */
#define MOST		((size_t)1 << 20)
#define MOST_OF_ALL	((size_t)64 << 20)

struct packet {
	struct packet *next;
	size_t	 size;
	uint8_t	 data[];
};

static size_t held;

/* Resets what recvmmsg(2) has changed. */
static void
prepare(struct batch *batch, unsigned count)
{
	unsigned i;
	struct msghdr *head;

	for (i = 0; i < count; i++) {
		head = &batch->head[i].msg_hdr;
		head->msg_namelen = sizeof(batch->from[i].sa);
		head->msg_controllen = sizeof(batch->control[i]);
		/* The kernel leaves it so for an unnamed UNIX sender. */
		batch->from[i].sa.any.sa_family = AF_UNSPEC;
	}
}

struct batch *
batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	struct msghdr *head;
	unsigned i;

	for (i = 0; batch != NULL && i < BATCH; i++) {
		batch->part[i].iov_base = batch->slot[i];
		batch->part[i].iov_len = SLOT;
		head = &batch->head[i].msg_hdr;
		head->msg_iov = &batch->part[i];
		head->msg_iovlen = 1;
		head->msg_name = &batch->from[i].sa;
		head->msg_control = &batch->control[i];
	}
	if (batch != NULL)
		prepare(batch, BATCH);
	return batch;
}

bool
batch_fetch(struct batch *batch, int fd, unsigned most)
{
	unsigned i;
	int count;

	prepare(batch, batch->count);
	batch->next = batch->count = 0;
	count = sys_receive(fd, batch->head, most);
	if (count == -1)
		return false;
	batch->count = (unsigned)count;
	for (i = 0; i < batch->count; i++)
		batch->from[i].length = batch->head[i].msg_hdr.msg_namelen;
	return true;
}

bool
batch_is_cut(const struct batch *batch)
{
	return (batch->head[batch->next].msg_hdr.msg_flags & MSG_TRUNC) != 0;
}

bool
packets_put(struct packets *packets, const void *data, size_t size)
{
	size_t whole = sizeof(struct packet) + size;
	struct packet *packet = NULL;

	if (packets->held + whole <= MOST && held + whole <= MOST_OF_ALL)
		packet = malloc(whole);
	if (packet == NULL)
		return false;
	packet->next = NULL;
	packet->size = size;
	memcpy(packet->data, data, size);
	if (packets->first == NULL)
		packets->last = &packets->first;
	*packets->last = packet;
	packets->last = &packet->next;
	packets->held += whole;
	held += whole;
	return true;
}

static struct packet *
packets_take(struct packets *packets)
{
	struct packet *packet = packets->first;

	if (packet != NULL) {
		packets->first = packet->next;
		packets->held -= sizeof(*packet) + packet->size;
		held -= sizeof(*packet) + packet->size;
	}
	return packet;
}

enum io
packets_read(struct packets *packets, void *data, size_t size, size_t *done)
{
	struct packet *packet;
	bool fits = false;

	*done = 0;
	while (!fits && (packet = packets_take(packets)) != NULL) {
		fits = packet->size <= size;
		if (fits)
			memcpy(data, packet->data, *done = packet->size);
		else
			diag_error("a datagram of %zu bytes was dropped: it "
			    "is too large to be sent on", packet->size);
		free(packet);
	}
	return fits ? IO_OK : IO_WANT_READ;
}

void
packets_drop(struct packets *packets)
{
	struct packet *packet;

	while ((packet = packets_take(packets)) != NULL)
		free(packet);
}

bool
packets_are_many(void)
{
	return held > MOST_OF_ALL / 2;
}
