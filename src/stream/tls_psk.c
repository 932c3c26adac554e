#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "stream/tls.h"
#include "stream/tls_lib.h"
#include "stream/tls_psk.h"

/*
 * RFC 8446, 4.2.11: an external key, here always with (EC)DHE (psk_dhe_ke, the
 * only mode OpenSSL offers by itself) and with SHA-256.
 */

#define SHORTEST	32
#define LONGEST		512
#define FILE_SIZE	2048

static uint8_t key[LONGEST + 3];
static size_t key_length;

static SSL_SESSION *
session(SSL *ssl)
{
	static const unsigned char aes_128_gcm_sha256[] = { 0x13, 0x01 };
	SSL_SESSION *made = tls_lib.SSL_SESSION_new();
	const SSL_CIPHER *cipher =
	    tls_lib.SSL_CIPHER_find(ssl, aes_128_gcm_sha256);

	if (made != NULL &&
	    tls_lib.SSL_SESSION_set1_master_key(made, key, key_length) &&
	    tls_lib.SSL_SESSION_set_cipher(made, cipher) &&
	    tls_lib.SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION))
		return made;
	return NULL;
}

static int
offer(SSL *ssl, const EVP_MD *digest, const unsigned char **identity,
    size_t *length, SSL_SESSION **made)
{
	static const unsigned char name[] = "nc-lite";

	(void)digest;
	*identity = name;
	*length = sizeof(name) - 1;
	*made = session(ssl);
	return *made != NULL;
}

/* The name is anybody's to say: what proves is the binder. */
static int
find(SSL *ssl, const unsigned char *identity, size_t length,
    SSL_SESSION **made)
{
	(void)identity;
	(void)length;
	*made = session(ssl);
	return *made != NULL;
}

/* Returns the length of the key, 0 when the text is neither form. */
static size_t
decode(const char *text)
{
	size_t i, length = strlen(text), padding;
	unsigned octet;

	if (strspn(text, "0123456789abcdefABCDEF") == length) {
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

/* The file's text without white space; false with the reason printed. */
static bool
read_text(const char *path, char *text)
{
	struct stat file;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	long i, length = -1;
	size_t kept = 0;

	if (fd != -1 && fstat(fd, &file) == 0)
		length = read(fd, text, FILE_SIZE - 1);
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

bool
tls_psk_begin(SSL_CTX *context, const char *path)
{
	char text[FILE_SIZE];

	if (!read_text(path, text))
		return false;
	key_length = decode(text);
	explicit_bzero(text, sizeof(text));
	if (key_length < SHORTEST) {
		diag_error("the key %s is no good: it takes %d random bytes "
		    "or more in hex or base64 (--psk-new makes one)", path,
		    SHORTEST);
		return false;
	}
	tls_lib.SSL_CTX_set_psk_use_session_callback(context, offer);
	tls_lib.SSL_CTX_set_psk_find_session_callback(context, find);
	return true;
}

int
tls_psk_create(const char *path)
{
	uint8_t random[SHORTEST];
	char text[2 * SHORTEST + 2] = "";
	int i, fd;

	arc4random_buf(random, sizeof(random));
	for (i = 0; i < SHORTEST; i++)
		snprintf(text + 2 * i, 4, "%02x\n", random[i]);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd != -1 && write(fd, text, strlen(text)) != -1 && close(fd) == 0)
		return EXIT_DONE;
	diag_error("cannot make the key %s: %s", path, strerror(errno));
	return EXIT_LOCAL;
}
