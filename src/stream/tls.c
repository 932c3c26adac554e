#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "net/socket.h"
#include "stream/tls.h"
#include "stream/tls_context.h"
#include "stream/tls_lib.h"
#include "stream/tls_peer.h"
#include "sys/sys.h"

/*
 * Octets a handshake may read: OpenSSL skips HelloRequests (RFC 5246, 7.4.1.1)
 * without a limit of its own.
 */
#define GREETING	(256 << 10)

/* Size of OpenSSL's buffer: one recv(2) for all records of a read. */
#define READ_AHEAD	(256 << 10)

/*
 * A peer that sends KeyUpdates without end must neither keep us inside OpenSSL
 * nor fill our memory with answers: a read calls recv(2) once, and is not begun
 * while more than these octets of answers wait.
 */
#define ANSWERS		(32 << 10)

/* Bytes encrypted at once; with half of it 0.9 of the throughput. */
#define BATCH	(256 << 10)

struct tls {
	SSL	*ssl;
	struct tls_context *context;
	struct stream below;	/* what carries the records */
	bool	 is_layer;	/* below is TLS, too (to a proxy) */
	uint8_t	*data;		/* records to send: head..tail of size */
	size_t	 head, tail, size;
	size_t	 taken;		/* bytes in them, not yet returned by write */
	size_t	 answers;	/* octets of records that reading has caused */
	bool	 asked;		/* the current read has called recv(2) */
	bool	 heard;		/* the peer's first bytes have been examined */
	char	 plain[80];	/* its first line, if that is not TLS */
	bool	 ready;		/* the handshake is done */
	size_t	 greeted;	/* octets read during it */
	bool	 wrote;		/* application data */
	bool	 told;		/* our close_notify is among the records */
	bool	 ended;		/* the peer's FIN was read */
	bool	 broken;	/* OpenSSL must not be called again */
	int	 error;		/* errno of recv(2) */
};

/*
 * Examines the peer's first bytes before OpenSSL reads any. False, with its
 * first line in plain, if they are not TLS.
 */
static bool
speaks_tls(struct tls *tls)
{
	char *said = tls->plain;
	ssize_t size;

	if (tls->heard)
		return said[0] == '\0';
	size = recv(tls->below.rfd, said, sizeof(tls->plain) - 1, MSG_PEEK);
	tls->heard = size >= 0;
	if (size <= 0 || ((said[0] == SSL3_RT_HANDSHAKE ||
	    said[0] == SSL3_RT_ALERT) &&
	    (size == 1 || said[1] == SSL3_VERSION_MAJOR))) {
		said[0] = '\0';
		return true;
	}
	said[size] = '\0';
	said[1 + strcspn(said + 1, "\r\n")] = '\0';
	said[0] = said[0] == '\0' ? '?' : said[0];
	text_clean(said, '?');
	return false;
}

/* As recv(2), from the TLS below; the reason of a failure stays there. */
static long
read_below(struct tls *tls, void *data, size_t size)
{
	size_t done = 0;
	enum io answer = tls->below.ops->read(&tls->below, data, size, &done);

	errno = answer == IO_FAIL ? EPROTO : EAGAIN;
	return answer == IO_OK ? (long)done : answer == IO_EOF ? 0 : -1;
}

/* From the TLS below as often as there is something: asked stays false. */
static long
receive(struct tls *tls, void *data, size_t size)
{
	long result;

	if (tls->is_layer)
		return read_below(tls, data, size);
	result = recv(tls->below.rfd, data, size, 0);
	tls->asked = true;
	return result;
}

static int
bio_read(BIO *bio, char *data, int size)
{
	struct tls *tls = tls_lib.BIO_get_data(bio);
	long result = -1;

	tls_lib.BIO_clear_flags(bio, BIO_FLAGS_RWS | BIO_FLAGS_SHOULD_RETRY);
	errno = EAGAIN;
	if (!speaks_tls(tls))
		return -1;
	/*
	 * Nothing is read before the peer's first bytes were examined, nor
	 * while a message of our handshake is still to be sent.
	 */
	if (tls->heard && (tls->ready ? !tls->asked : tls->tail == 0))
		result = receive(tls, data, (size_t)size);
	tls->greeted += !tls->ready && result > 0 ? (size_t)result : 0;
	if (tls->greeted > GREETING) {
		result = -1;
		errno = EMSGSIZE;
	}
	if (result == -1 && (errno == EAGAIN || errno == EINTR))
		tls_lib.BIO_set_flags(bio,
		    BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
	else if (result == -1)
		tls->error = errno;
	tls->ended |= result == 0;
	return (int)result;
}

static bool
make_room(struct tls *tls, size_t length)
{
	size_t room = tls->size;
	uint8_t *more;

	while (room - tls->tail < length)
		room = room == 0 ? 4096 : 2 * room;
	more = realloc(tls->data, room);
	if (more == NULL)
		return false;
	tls->data = more;
	tls->size = room;
	return true;
}

/*
 * OpenSSL writes records of 16 KiB one by one. They are gathered, so that one
 * send(2) sends all records of a write.
 */
static int
bio_write(BIO *bio, const char *data, int size)
{
	struct tls *tls = tls_lib.BIO_get_data(bio);
	size_t length = (size_t)size;

	if (tls->size == 0 && tls->context->spare != NULL) {
		tls->data = tls->context->spare;
		tls->size = tls->context->spare_size;
		tls->context->spare = NULL;
	}
	if (tls->size - tls->tail < length && !make_room(tls, length))
		return -1;
	memcpy(tls->data + tls->tail, data, length);
	tls->tail += length;
	return size;
}

static long
bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
	return command == BIO_CTRL_FLUSH;
}

struct tls_context *
tls_context_open(const struct tls_config *config)
{
	struct tls_context *context = calloc(1, sizeof(*context));

	if (context == NULL || !tls_lib_open()) {
		free(context);
		return NULL;
	}
	context->config = config;
	context->method =
	    tls_lib.BIO_meth_new(BIO_TYPE_SOURCE_SINK, "socket");
	if (context->method == NULL || !tls_context_fill(context)) {
		tls_context_close(context);
		return NULL;
	}
	tls_lib.BIO_meth_set_read(context->method, bio_read);
	tls_lib.BIO_meth_set_write(context->method, bio_write);
	tls_lib.BIO_meth_set_ctrl(context->method, bio_ctrl);
	tls_lib.SSL_CTX_set_default_read_buffer_len(context->library,
	    READ_AHEAD);
	tls_lib.SSL_CTX_ctrl(context->library, SSL_CTRL_SET_READ_AHEAD, 1,
	    NULL);
	tls_lib.SSL_CTX_ctrl(context->library, SSL_CTRL_MODE,
	    SSL_MODE_RELEASE_BUFFERS, NULL);
	return context;
}

void
tls_context_close(struct tls_context *context)
{
	if (context == NULL)
		return;
	tls_lib.SSL_CTX_free(context->library);
	tls_lib.BIO_meth_free(context->method);
	tls_psk_end(&context->psk);
	free(context->spare);
	free(context);
}

/* All records are sent: one free buffer is kept for the context's streams. */
static void
give_room(struct tls *tls)
{
	struct tls_context *context = tls->context;

	if (context->spare == NULL) {
		context->spare = tls->data;
		context->spare_size = tls->size;
	} else
		free(tls->data);
	tls->data = NULL;
	tls->size = 0;
}

static enum io
fail(struct stream *stream, const char *what, const char *why)
{
	if (stream->error[0] == '\0')
		snprintf(stream->error, sizeof(stream->error), "%s%s", what,
		    why);
	return IO_FAIL;
}

/* The reason is in the stream already, or in the one below. */
static enum io
fail_below(struct stream *stream, const struct tls *tls)
{
	if (tls->is_layer) {
		stream->why = tls->below.why;
		stream->broken_pipe = tls->below.broken_pipe;
	}
	return fail(stream, tls->is_layer ? tls->below.error : "", "");
}

/* Sends the records; IO_OK once all are sent. */
static enum io
flush(struct stream *stream, int flags)
{
	struct tls *tls = stream->priv;
	enum io answer;
	size_t done;

	while (tls->head < tls->tail) {
		answer = tls->is_layer ? tls->below.ops->write(&tls->below,
		    tls->data + tls->head, tls->tail - tls->head, &done) :
		    stream_result(stream, send(stream->wfd,
		    tls->data + tls->head, tls->tail - tls->head,
		    MSG_NOSIGNAL | flags), IO_WANT_WRITE, &done);
		if (answer == IO_FAIL)
			return fail_below(stream, tls);
		if (answer != IO_OK)
			return answer;
		tls->head += done;
	}
	if (tls->size > 0)
		give_room(tls);
	tls->head = tls->tail = tls->answers = 0;
	return IO_OK;
}

/* Alerts by which the peer rejects our certificate (RFC 8446, 6.2). */
static bool
is_about_certificate(int alert)
{
	return alert == SSL_AD_UNKNOWN_CA ||
	    alert == SSL_AD_CERTIFICATE_REQUIRED ||
	    (alert >= SSL_AD_BAD_CERTIFICATE &&
	    alert <= SSL_AD_CERTIFICATE_UNKNOWN);
}

static bool
is_refusal(int alert)
{
	return is_about_certificate(alert) || alert == SSL_AD_ACCESS_DENIED ||
	    alert == SSL_AD_UNKNOWN_PSK_IDENTITY;
}

/* Until the handshake is done, a protocol error is one of authentication. */
static enum io
fail_protocol(struct stream *stream)
{
	struct tls *tls = stream->priv;
	unsigned long error = tls_lib.ERR_peek_error();
	int alert = ERR_GET_REASON(error) - SSL_AD_REASON_OFFSET;
	const char *text = tls_lib_error(), *words = strstr(text, "alert ");

	stream->refused |= !tls->ready;
	if (ERR_GET_LIB(error) != ERR_LIB_SSL || alert < 0)
		return fail(stream, "TLS failed: ", text);
	stream->refused |= is_refusal(alert);
	/* OpenSSL 3.0 has no reason's text for each alert. */
	return fail(stream, is_about_certificate(alert) ?
	    "rejected our certificate: " : "rejected us: ",
	    words != NULL ? words + strlen("alert ") :
	    tls_lib.SSL_alert_desc_string_long(alert));
}

static enum io
translate(struct stream *stream, int result)
{
	struct tls *tls = stream->priv;

	switch (tls_lib.SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_WANT_READ:
		return IO_WANT_READ;
	case SSL_ERROR_WANT_WRITE:
		return IO_WANT_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return IO_EOF;
	}
	tls->broken = true;
	if (tls->greeted > GREETING)
		return fail(stream, "the TLS handshake is too long", "");
	if (tls->error != 0)
		return tls->is_layer ? fail_below(stream, tls) :
		    stream_fail(stream, tls->error);
	if (tls->plain[0] != '\0') {
		stream->refused = true;
		return fail(stream, "the peer does not speak TLS; it said: ",
		    tls->plain);
	}
	if (!tls->ended)
		return fail_protocol(stream);
	if (!tls->ready)
		return fail(stream, "closed the connection during the TLS "
		    "handshake", "");
	/* nginx, for one, closes without close_notify after it has ours. */
	return fail(stream, "connection truncated: no TLS close_notify",
	    tls->told ? " (try --no-shutdown)" : "");
}

static enum io
tls_handshake(struct stream *stream)
{
	struct tls *tls = stream->priv;
	enum io answer = IO_OK, flushed;
	int result;

	tls_lib.SSL_set_ex_data(tls->ssl, 0, stream);
	tls_lib.ERR_clear_error();
	result = tls_lib.SSL_do_handshake(tls->ssl);
	if (result != 1)
		answer = translate(stream, result);
	if (answer == IO_EOF)
		answer = fail(stream, "ended during the TLS handshake", "");
	flushed = flush(stream, 0);
	if (answer == IO_OK && flushed == IO_OK && !tls_peer_proved(tls->ssl,
	    tls->context->config, stream))
		answer = IO_FAIL;
	/*
	 * A RST could destroy our alert before the peer reads it. But a peer
	 * without TLS must get one, for FIN would end a transfer.
	 */
	if (answer == IO_FAIL && tls->plain[0] == '\0' && !tls->ended)
		socket_abortive(stream->rfd, false);
	if (answer == IO_FAIL || flushed != IO_OK)
		return answer == IO_FAIL ? IO_FAIL : flushed;
	tls->ready = answer == IO_OK;
	if (tls->ready && tls->context->config->listening)
		sys_acknowledge(stream->rfd);
	return answer;
}

/* Reads on while OpenSSL holds bytes that poll(2) does not see. */
static enum io
read_records(struct stream *stream, uint8_t *data, size_t size, size_t *done)
{
	struct tls *tls = stream->priv;
	enum io answer;
	int result;

	do {
		tls_lib.ERR_clear_error();
		result = tls_lib.SSL_read(tls->ssl, data + *done,
		    (int)(size - *done));
		if (result <= 0) {
			answer = translate(stream, result);
			return *done > 0 ? IO_OK : answer;
		}
		*done += (size_t)result;
	} while (*done < size && tls_lib.SSL_has_pending(tls->ssl));
	return IO_OK;
}

static enum io
tls_read(struct stream *stream, void *data, size_t size, size_t *done)
{
	struct tls *tls = stream->priv;
	enum io answer = tls->answers > ANSWERS ? flush(stream, 0) : IO_OK;
	size_t before = tls->tail;

	*done = 0;
	if (tls->broken || answer != IO_OK)
		return tls->broken ? IO_FAIL : answer;
	tls->asked = false;
	answer = read_records(stream, data, size, done);
	if (tls->told)
		tls->tail = before;	/* nothing follows our close_notify */
	tls->answers += tls->tail - before;
	if (tls->answers > 0)
		flush(stream, 0);
	return answer;
}

/* Bytes count as written once the kernel has all of their records. */
static enum io
tls_write(struct stream *stream, const void *data, size_t size, size_t *done)
{
	struct tls *tls = stream->priv;
	enum io answer = flush(stream, 0);
	int result;

	*done = 0;
	if (tls->broken)
		return IO_FAIL;
	if (tls->taken == 0 && answer == IO_OK) {
		tls_lib.ERR_clear_error();
		result = tls_lib.SSL_write(tls->ssl, data,
		    (int)(size < BATCH ? size : BATCH));
		if (result <= 0)
			return translate(stream, result);
		tls->wrote = true;
		tls->taken = (size_t)result;
		answer = flush(stream, 0);
	}
	if (answer == IO_OK) {
		*done = tls->taken;
		tls->taken = 0;
	}
	return answer;
}

/*
 * A peer that has ended may have closed its socket and answer our close_notify
 * with RST. That is no failure if we have sent no data; otherwise the kernel
 * tells at the end whether it was acknowledged.
 */
static enum io
tls_shutdown(struct stream *stream)
{
	struct tls *tls = stream->priv;
	bool peer_ended = tls_lib.SSL_get_shutdown(tls->ssl) &
	    SSL_RECEIVED_SHUTDOWN;
	enum io answer = flush(stream, 0);

	if (tls->broken)
		return IO_FAIL;
	if (!tls->told && answer == IO_OK) {
		tls_lib.ERR_clear_error();
		tls_lib.SSL_shutdown(tls->ssl);
		tls->told = true;
		stream->goodbye = tls->tail - tls->head;
		answer = flush(stream, sys_more);	/* FIN in the segment */
	}
	if (answer == IO_FAIL && peer_ended && !tls->wrote)
		return IO_OK;
	if (answer != IO_OK)
		return answer;
	/* A close_notify to the proxy would end both directions there. */
	if (tls->is_layer)
		return IO_OK;
	if (shutdown(stream->wfd, SHUT_WR) == -1 && errno != ENOTCONN)
		return stream_fail(stream, errno);
	return IO_OK;
}

/* Reads what is left, such as tickets: else close(2) would send RST. */
static void
tls_close(struct stream *stream)
{
	struct tls *tls = stream->priv;
	char away[64 << 10];
	int round = 0;

	while ((tls->told || tls->broken) && !tls->is_layer && round++ < 256 &&
	    recv(stream->rfd, away, sizeof(away), 0) > 0)
		;
	if (tls->is_layer && tls->told)
		tls->below.ops->shutdown(&tls->below);
	tls->below.ops->close(&tls->below);
	stream->rfd = stream->wfd = -1;
	tls_lib.SSL_free(tls->ssl);
	free(tls->data);
	free(tls);
	stream->priv = NULL;
}

static bool
ssl_open(struct tls *tls, const struct tls_context *context)
{
	BIO *bio = tls_lib.BIO_new(context->method);

	tls->ssl = tls_lib.SSL_new(context->library);
	if (bio == NULL || tls->ssl == NULL) {
		tls_lib.BIO_free(bio);
		return false;
	}
	tls_lib.BIO_set_data(bio, tls);
	tls_lib.BIO_set_init(bio, 1);
	tls_lib.SSL_set_bio(tls->ssl, bio, bio);
	if (context->config->listening)
		tls_lib.SSL_set_accept_state(tls->ssl);
	else
		tls_lib.SSL_set_connect_state(tls->ssl);
	return tls_peer_expect(tls->ssl, context->config);
}

bool
tls_open(struct stream *stream, struct tls_context *context)
{
	static const struct stream_ops ops = {
		.handshake = tls_handshake,
		.read = tls_read,
		.write = tls_write,
		.shutdown = tls_shutdown,
		.close = tls_close,
	};
	struct tls *tls = calloc(1, sizeof(*tls));

	if (tls == NULL)
		return false;
	tls->below = *stream;
	tls->heard = tls->is_layer = stream->ops->handshake != NULL;
	tls->context = context;
	if (!ssl_open(tls, context)) {
		tls_lib.SSL_free(tls->ssl);
		free(tls);
		return false;
	}
	stream->ops = &ops;
	stream->priv = tls;
	stream->caps &= ~(unsigned)(STREAM_RAW_INPUT | STREAM_RAW_OUTPUT);
	stream->caps |= STREAM_BUFFERS;
	return true;
}
