#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "net/address.h"
#include "stream/stream.h"
#include "stream/tls.h"
#include "stream/tls_lib.h"
#include "stream/tls_psk.h"
#include "sys/sys.h"

/*
 * An external PSK (RFC 8446, 4.2.11) with SHA-256 and always with (EC)DHE:
 * psk_dhe_ke is the only mode that OpenSSL offers by default.
 *
 * Both ends have the same key, so an attacker could reflect a connection back
 * to its own host (RFC 9257, 4.1). Clients therefore send a mark of their host,
 * a hash that only holders of the key can compute, in an extension that the
 * binder authenticates. A listener refuses its own mark on connections that
 * come from other hosts.
 */

#define SHORTEST	32
#define LONGEST		512
#define FILE_SIZE	2048
#define EXTENSION	0xff6e	/* for private use: RFC 8446, 11 */

static void
hash(const void *key, size_t length, const void *data, size_t size,
    uint8_t *out)
{
	tls_lib.HMAC(tls_lib.EVP_sha256(), key, (int)length, data, size, out,
	    NULL);
}

/* Derives the key for marks from the boot ID and the network namespace. */
static bool
know_host(struct tls_psk *psk, const uint8_t *key, size_t length)
{
	struct { char boot[36]; dev_t device; ino_t inode; } host;
	struct stat net;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	bool known;

	memset(&host, 0, sizeof(host));
	known = fd != -1 && stat("/proc/self/ns/net", &net) == 0 &&
	    read(fd, host.boot, sizeof(host.boot)) == sizeof(host.boot);
	if (fd != -1)
		close(fd);
	if (!known)
		return false;
	host.device = net.st_dev;
	host.inode = net.st_ino;
	hash(key, length, &host, sizeof(host), psk->host);
	return true;
}

/* The second half of a mark: a MAC of the nonce. */
static void
sign(const struct tls_psk *psk, const uint8_t *nonce, uint8_t *proof)
{
	uint8_t whole[32];

	hash(psk->host, sizeof(psk->host), nonce, TLS_PSK_NONCE, whole);
	memcpy(proof, whole, TLS_PSK_PROOF);
}

/* Whether the peer has an address of this host: only those can be bound. */
static bool
is_from_here(const struct stream *stream)
{
	struct address peer;
	bool here;
	int fd;

	peer.length = sizeof(peer.sa);
	if (getpeername(stream->rfd, &peer.sa.any, &peer.length) == -1)
		return false;
	if (!address_has_port(&peer))
		return true;
	address_set_port(&peer, 0);
	fd = sys_socket(peer.sa.any.sa_family, SOCK_DGRAM, 0);
	here = fd != -1 && bind(fd, &peer.sa.any, peer.length) == 0;
	if (fd != -1)
		close(fd);
	return here;
}

static int
add_mark(SSL *ssl, unsigned type, unsigned context, const unsigned char **out,
    size_t *length, X509 *certificate, size_t index, int *alert,
    void *argument)
{
	struct tls_psk *psk = argument;

	arc4random_buf(psk->mark, TLS_PSK_NONCE);
	sign(psk, psk->mark, psk->mark + TLS_PSK_NONCE);
	*out = psk->mark;
	*length = sizeof(psk->mark);
	return 1;
}

static int
check_mark(SSL *ssl, unsigned type, unsigned context, const unsigned char *in,
    size_t length, X509 *certificate, size_t index, int *alert,
    void *argument)
{
	const struct tls_psk *psk = argument;
	struct stream *stream = tls_lib.SSL_get_ex_data(ssl, 0);
	uint8_t ours[TLS_PSK_PROOF];

	if (length != sizeof(psk->mark))
		return 1;
	sign(psk, in, ours);
	if (memcmp(in + TLS_PSK_NONCE, ours, sizeof(ours)) != 0 ||
	    is_from_here(stream))
		return 1;
	snprintf(stream->error, sizeof(stream->error), "a connection of this "
	    "host was reflected back to it (--psk)");
	*alert = SSL_AD_ACCESS_DENIED;
	return 0;
}

static SSL_SESSION *
copy(SSL *ssl)
{
	const struct tls_psk *psk = tls_lib.SSL_CTX_get_ex_data(
	    tls_lib.SSL_get_SSL_CTX(ssl), 0);

	return tls_lib.SSL_SESSION_dup(psk->session);
}

static int
offer(SSL *ssl, const EVP_MD *digest, const unsigned char **identity,
    size_t *length, SSL_SESSION **made)
{
	static const unsigned char name[] = "nc-lite";

	*identity = name;
	*length = sizeof(name) - 1;
	*made = copy(ssl);
	return *made != NULL;
}

/* Any identity will do: the binder proves that the client has the key. */
static int
find(SSL *ssl, const unsigned char *identity, size_t length,
    SSL_SESSION **made)
{
	*made = copy(ssl);
	return *made != NULL;
}

/* Decodes hex or base64; returns the key's length, 0 for other text. */
static size_t
decode(const char *text, uint8_t *key)
{
	size_t i, length = strlen(text), padding;
	unsigned octet;

	if (length % 2 == 0 &&
	    strspn(text, "0123456789abcdefABCDEF") == length) {
		for (i = 0; i + 1 < length && i / 2 < LONGEST; i += 2) {
			sscanf(text + i, "%2x", &octet);
			key[i / 2] = (uint8_t)octet;
		}
		return i / 2;
	}
	padding = length - strcspn(text, "=");
	if (length % 4 != 0 || length / 4 * 3 > LONGEST || padding > 2 ||
	    tls_lib.EVP_DecodeBlock(key, (const uint8_t *)text,
	    (int)length) == -1)
		return 0;
	return length / 4 * 3 - padding;
}

/* Reads to EOF, also from a pipe; -1 with errno set. */
static long
read_all(int fd, char *text)
{
	long got, length = 0;

	fcntl(fd, F_SETFL, 0);
	do {
		got = read(fd, text + length, (size_t)(FILE_SIZE - 1 - length));
		length += got > 0 ? got : 0;
	} while (got > 0 || (got == -1 && errno == EINTR));
	return got == -1 ? -1 : length;
}

/* Reads the file without white space; false with the reason printed. */
static bool
read_text(const char *path, char *text)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	long i, length = -1;
	size_t kept = 0;

	if (fd != -1 && fstat(fd, &file) == 0)
		length = read_all(fd, text);
	if (length == -1)
		diag_error("cannot read the key %s: %s", path, strerror(errno));
	if (fd != -1)
		close(fd);
	if (length != -1 && file.st_mode & (S_IRWXG | S_IRWXO)) {
		diag_error("others can read the key %s: make a new one "
		    "(--psk-new), or chmod 600 it", path);
		return false;
	}
	for (i = 0; i < length; i++)
		if (!isspace((unsigned char)text[i]))
			text[kept++] = text[i];
	text[kept] = '\0';
	return length != -1;
}

/* To OpenSSL an external PSK is a session, which is then "resumed". */
static bool
remember(struct tls_psk *psk, SSL_CTX *context, const uint8_t *key,
    size_t length)
{
	static const unsigned char aes_128_gcm_sha256[] = { 0x13, 0x01 };
	SSL *ssl = tls_lib.SSL_new(context);
	SSL_SESSION *made = tls_lib.SSL_SESSION_new();

	psk->session = made;
	if (ssl == NULL || made == NULL ||
	    !tls_lib.SSL_SESSION_set1_master_key(made, key, length) ||
	    !tls_lib.SSL_SESSION_set_cipher(made, tls_lib.SSL_CIPHER_find(ssl,
	    aes_128_gcm_sha256)) ||
	    !tls_lib.SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION)) {
		diag_error("cannot use the key: %s", tls_lib_error());
		return false;
	}
	tls_lib.SSL_free(ssl);
	if (know_host(psk, key, length))
		tls_lib.SSL_CTX_add_custom_ext(context, EXTENSION,
		    SSL_EXT_CLIENT_HELLO, add_mark, NULL, psk, check_mark,
		    psk);
	tls_lib.SSL_CTX_set_ex_data(context, 0, psk);
	tls_lib.SSL_CTX_set_psk_use_session_callback(context, offer);
	tls_lib.SSL_CTX_set_psk_find_session_callback(context, find);
	return true;
}

bool
tls_psk_begin(struct tls_psk *psk, SSL_CTX *context, const char *path)
{
	char text[FILE_SIZE];
	uint8_t key[LONGEST + 3];
	size_t length = 0;
	bool fine = read_text(path, text);

	if (fine)
		length = decode(text, key);
	if (fine && length < SHORTEST) {
		diag_error("the key %s is invalid: it needs %d random bytes "
		    "or more in hex or base64 (--psk-new makes one)", path,
		    SHORTEST);
		fine = false;
	}
	fine = fine && remember(psk, context, key, length);
	explicit_bzero(text, sizeof(text));
	explicit_bzero(key, sizeof(key));
	return fine;
}

void
tls_psk_end(struct tls_psk *psk)
{
	tls_lib.SSL_SESSION_free(psk->session);
	explicit_bzero(psk, sizeof(*psk));
}

int
tls_psk_create(const char *path)
{
	uint8_t random[SHORTEST];
	char text[2 * SHORTEST + 2] = "";
	bool done = false;
	int i, fd;

	arc4random_buf(random, sizeof(random));
	for (i = 0; i < SHORTEST; i++)
		snprintf(text + 2 * i, 4, "%02x\n", random[i]);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1) {
		done = write(fd, text, strlen(text)) == 2 * SHORTEST + 1;
		done = done && close(fd) == 0;
		if (!done)
			unlink(path);
	}
	explicit_bzero(random, sizeof(random));
	explicit_bzero(text, sizeof(text));
	if (done)
		return EXIT_DONE;
	diag_error("cannot create the key %s: %s", path, strerror(errno));
	return EXIT_LOCAL;
}
