#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/loop.h"
#include "net/access.h"
#include "net/socket.h"
#include "stream/batch.h"
#include "stream/demux.h"

struct demux_member {
	struct demux *demux;
	struct demux_member **before, *next;	/* in the hash chain */
	struct address address;
	struct packets packets;	/* received and not read yet */
	bool	 heard;		/* some were read */
	struct demux_member *later;	/* the next of the leavers */
	bool	 left;		/* the stream is closed, but packets wait */
	bool	 said;		/* that replies are lost */
	struct batch_control here;	/* our address, to which it has sent */
	size_t	 here_size;	/* 0: unknown */
	void	(*wake)(void *context);
	void	*context;
};

/* FNV-1a, seeded so that nobody can choose addresses that collide. */
static struct demux_member **
chain_of(struct demux *demux, const struct address *address)
{
	const uint8_t *octet = (const uint8_t *)&address->sa;
	uint32_t hash = demux->seed;
	size_t i;

	for (i = 0; i < address->length; i++)
		hash = (hash ^ octet[i]) * 16777619;
	return &demux->chain[(hash ^ hash >> 16) % DEMUX_CHAINS];
}

static struct demux_member *
find(struct demux *demux, const struct address *address)
{
	struct demux_member *member = *chain_of(demux, address);

	while (member != NULL && !address_equal(&member->address, address))
		member = member->next;
	return member;
}

/* Bound to all addresses, we must answer from the one that was asked. */
static void
ask_for_destinations(int fd)
{
	struct address here, any;
	int on = 1;

	socket_local(fd, &here);
	address_any(here.sa.any.sa_family, address_port(&here), &any);
	if (!address_has_port(&here) || !address_equal(&here, &any))
		return;
	if (here.sa.any.sa_family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on,
		    sizeof(on));
}

bool
demux_open(struct demux *demux, int fd, const struct access_list *allow,
    const struct access_list *deny)
{
	*demux = (struct demux){ .fd = fd, .allow = allow, .deny = deny,
	    .batch = batch_new(), .seed = arc4random() };
	ask_for_destinations(fd);
	return demux->batch != NULL;
}

void
demux_watch(struct demux *demux, struct loop *loop)
{
	demux->place = loop_watch(loop, demux->fd, POLLIN);
	if (demux->leavers != NULL)
		loop_hurry(loop);
}

/* Keeps the destination as control data that sets the source of answers. */
static void
note_destination(struct demux_member *member, const struct msghdr *head)
{
	struct cmsghdr *word = CMSG_FIRSTHDR(head);
	struct in6_pktinfo six;
	struct in_pktinfo four;

	if (word == NULL || head->msg_controllen > sizeof(member->here))
		return;
	if (word->cmsg_level == IPPROTO_IP && word->cmsg_type == IP_PKTINFO) {
		memcpy(&four, CMSG_DATA(word), sizeof(four));
		four.ipi_ifindex = 0;
		memcpy(CMSG_DATA(word), &four, sizeof(four));
	} else if (word->cmsg_level == IPPROTO_IPV6 &&
	    word->cmsg_type == IPV6_PKTINFO) {
		memcpy(&six, CMSG_DATA(word), sizeof(six));
		six.ipi6_ifindex = 0;
		memcpy(CMSG_DATA(word), &six, sizeof(six));
	} else
		return;
	member->here_size = head->msg_controllen;
	memcpy(&member->here, word, member->here_size);
}

static void
deliver(struct demux *demux, struct demux_member *member)
{
	const struct batch *batch = demux->batch;
	const struct sys_message *head = &batch->head[batch->next];
	bool lost = batch_is_cut(batch) || !packets_put(&member->packets,
	    batch->slot[batch->next], head->msg_len);

	if (lost && !demux->overrun)
		diag_say(1, "a datagram was dropped: %s; more are dropped "
		    "silently", batch_is_cut(batch) ? "too large" :
		    "the queue is full");
	demux->overrun |= lost;
	if (lost)
		return;
	note_destination(member, &head->msg_hdr);
	if (!member->left)
		member->wake(member->context);
}

static void
forget(struct demux_member *member)
{
	*member->before = member->next;
	if (member->next != NULL)
		member->next->before = member->before;
	packets_drop(&member->packets);
	free(member);
}

/* Packets that a member left unread may begin a new session. */
static bool
ask_again(struct demux *demux, struct address *stranger)
{
	struct demux_member *member = demux->leavers;

	if (demux->waiting != NULL)
		forget(demux->waiting);
	demux->waiting = member;
	if (member == NULL)
		return false;
	demux->leavers = member->later;
	*stranger = member->address;
	return true;
}

/* Takes a batch, once in a round in which the socket is readable. */
static void
fetch(struct demux *demux, const struct loop *loop)
{
	short found = loop_revents(loop, demux->place);

	demux->place = -1;
	if (found != 0)
		batch_fetch(demux->batch, demux->fd, BATCH);
}

bool
demux_step(struct demux *demux, const struct loop *loop,
    struct address *stranger)
{
	struct batch *batch = demux->batch;
	struct demux_member *member;

	if (batch->next == batch->count) {
		if (ask_again(demux, stranger))
			return true;
		fetch(demux, loop);
	}
	for (; batch->next < batch->count; batch->next++) {
		*stranger = batch->from[batch->next];
		member = find(demux, stranger);
		if (member != NULL)
			deliver(demux, member);
		else if (!demux->asked &&
		    access_hears(demux->allow, demux->deny, stranger))
			return demux->asked = true;
		demux->asked = false;
	}
	return false;
}

static enum io
member_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct demux_member *member = stream->priv;

	enum io answer = packets_read(&member->packets, data, size, done);

	member->heard |= answer == IO_OK;
	return answer;
}

/* A datagram that cannot be sent counts as lost on the way. */
static enum io
lost(struct demux_member *member, size_t size, size_t *done)
{
	char text[ADDRESS_TEXT];

	if (!member->said)
		diag_error("reply to %s lost: %s",
		    address_port_text(&member->address, text),
		    strerror(errno));
	member->said = true;
	*done = size;
	return IO_OK;
}

static enum io
member_write(struct stream *stream, const void *data, size_t size,
    size_t *done)
{
	struct demux_member *member = stream->priv;
	struct iovec part = { .iov_base = (void *)(uintptr_t)data,
	    .iov_len = size };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1,
	    .msg_name = &member->address.sa,
	    .msg_namelen = member->address.length,
	    .msg_control = member->here_size > 0 ? &member->here : NULL,
	    .msg_controllen = (socklen_t)member->here_size };
	ssize_t sent = sendmsg(member->demux->fd, &head, MSG_NOSIGNAL);

	/* A multicast address, for one, is not valid as a source. */
	if (sent == -1 && member->here_size > 0 && errno != EAGAIN) {
		head.msg_controllen = 0;
		member->here_size = 0;
		sent = sendmsg(member->demux->fd, &head, MSG_NOSIGNAL);
	}
	*done = size;
	if (sent != -1)
		return IO_OK;
	if (errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
		return lost(member, size, done);
	*done = 0;
	return IO_WANT_WRITE;
}

/* Unread packets are for another session, unless this one has read none. */
static void
member_close(struct stream *stream)
{
	struct demux_member *member = stream->priv;

	stream->priv = NULL;
	if (!member->heard || member->packets.first == NULL) {
		forget(member);
		return;
	}
	member->left = true;
	member->later = member->demux->leavers;
	member->demux->leavers = member;
}

/* A new member, or the one that left and that demux_step has returned. */
static struct demux_member *
join(struct demux *demux, const struct address *address)
{
	struct demux_member **chain = chain_of(demux, address);
	struct demux_member *member = demux->waiting;

	demux->waiting = NULL;
	if (member != NULL || (member = calloc(1, sizeof(*member))) == NULL)
		return member;
	member->demux = demux;
	member->address = *address;
	member->before = chain;
	member->next = *chain;
	if (member->next != NULL)
		member->next->before = &member->next;
	*chain = member;
	if (demux->batch->next < demux->batch->count)
		note_destination(member,
		    &demux->batch->head[demux->batch->next].msg_hdr);
	return member;
}

void
demux_here(const struct stream *stream, struct address *here)
{
	const struct demux_member *member = stream->priv;
	const struct cmsghdr *word = (const struct cmsghdr *)&member->here;
	struct in6_pktinfo six;
	struct in_pktinfo four;

	socket_local(member->demux->fd, here);
	if (member->here_size == 0)
		return;
	if (word->cmsg_level == IPPROTO_IP) {
		memcpy(&four, CMSG_DATA(word), sizeof(four));
		here->sa.in4.sin_addr = four.ipi_spec_dst;
	} else {
		memcpy(&six, CMSG_DATA(word), sizeof(six));
		here->sa.in6.sin6_addr = six.ipi6_addr;
	}
}

bool
demux_join(struct demux *demux, struct stream *stream,
    const struct address *address, void (*wake)(void *), void *context)
{
	static const struct stream_ops ops = {
		.read = member_read,
		.write = member_write,
		.shutdown = stream_no_shutdown,
		.close = member_close,
	};
	struct demux_member *member = join(demux, address);

	if (member == NULL) {
		diag_error("no memory for a peer");
		return false;
	}
	member->left = member->heard = false;
	member->wake = wake;
	member->context = context;
	*stream = (struct stream){
		.ops = &ops,
		.priv = member,
		.rfd = -1,
		.wfd = -1,
		.caps = STREAM_DATAGRAMS | STREAM_DUPLEX,
		.input = "peer",
		.output = "peer",
	};
	return true;
}
