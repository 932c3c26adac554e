#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/library.h"
#include "base/signals.h"
#include "report/digest.h"
#include "stream/stream.h"
#include "sys/sys.h"

#define PIECE		(256 << 10)	/* read at once from a file */
#define PIPED		(192 << 10)	/* read at once from the pipe */
#define PIPE_SIZE	(1 << 20)	/* half of it means more wake-ups */

/* OpenSSL's, as its manual declares them; the types are opaque there, too. */
#define LIB_FUNCTIONS(X) \
	X(const void *, EVP_get_digestbyname, (const char *)) \
	X(void *, EVP_MD_CTX_new, (void)) \
	X(void, EVP_MD_CTX_free, (void *)) \
	X(int, EVP_MD_CTX_copy_ex, (void *, const void *)) \
	X(int, EVP_DigestInit_ex, (void *, const void *, void *)) \
	X(int, EVP_DigestUpdate, (void *, const void *, size_t)) \
	X(int, EVP_DigestFinal_ex, (void *, unsigned char *, unsigned *))

#define DECLARATION(type, name, arguments)	extern type name arguments;
LIB_FUNCTIONS(DECLARATION)

#define MEMBER(type, name, arguments)	type (*name)arguments;
static struct lib {
	LIB_FUNCTIONS(MEMBER)
} lib;

static const struct library_function function[] = {
#define ROW(type, name, arguments)	LIBRARY_ROW(struct lib, name)
	LIB_FUNCTIONS(ROW)
};

static const void *kind;	/* of hash */

/*
 * Of what an earlier run has sent [0] and received [1] (--offset, --resume):
 * digests begin as copies of these.
 */
static struct {
	void	*context;	/* or NULL */
	uint64_t size;
} earlier[2];

LIBRARY_NOTE(note, "[{\"soname\":[\"" LIBRARY_SONAME("libcrypto") "\"],"
    "\"feature\":\"digest\",\"description\":\"Hashes (--digest)\","
    "\"priority\":\"recommended\"}]");

static bool
lib_open(void)
{
	return library_open(LIBRARY_SONAME("libcrypto"), "a digest", function,
	    sizeof(function) / sizeof(function[0]), &lib);
}

bool
digest_load(const char *name, const char *expected)
{
	struct digest empty = { .out = -1 };
	size_t length;

	if (!lib_open())
		return false;
	kind = lib.EVP_get_digestbyname(name);
	empty.context = lib.EVP_MD_CTX_new();
	if (kind == NULL || empty.context == NULL ||
	    lib.EVP_DigestInit_ex(empty.context, kind, NULL) != 1) {
		diag_error("unknown digest '%s': use sha256, blake2b512 or "
		    "another name of 'openssl list -digest-commands'", name);
		lib.EVP_MD_CTX_free(empty.context);
		return false;
	}
	digest_end(&empty);
	length = strlen(empty.text);
	if (expected == NULL || (strlen(expected) == length &&
	    strspn(expected, "0123456789abcdefABCDEF") == length))
		return true;
	diag_error("expected digest '%s' is not %s: use %zu hexadecimal digits",
	    expected, name, length);
	return false;
}

/*
 * On failure the thread closes the read end, so that the flow, which writes to
 * the pipe, fails with EPIPE instead of going on without a hash.
 */
static void *
work(void *argument)
{
	struct digest *digest = argument;
	ssize_t size;

	do {
		size = read(digest->out, digest->piece, PIPED);
		if (size > 0 && lib.EVP_DigestUpdate(digest->context,
		    digest->piece, (size_t)size) != 1)
			break;
		digest->size += size > 0 ? (uint64_t)size : 0;
	} while (size > 0 || (size == -1 && errno == EINTR));
	digest->failed = size != 0;
	close(digest->out);
	return NULL;
}

static bool
broke(struct tap *tap)
{
	snprintf(tap->blame->error, sizeof(tap->blame->error),
	    "no digest could be computed");
	return false;
}

static bool
digest_update(struct tap *tap, const uint8_t *data, size_t size)
{
	struct digest *digest = (struct digest *)tap;

	digest->size += size;
	return lib.EVP_DigestUpdate(digest->context, data, size) == 1 ||
	    broke(tap);
}

/* Blocks for the pipe's reader, which does nothing but compute. */
static bool
digest_look(struct tap *tap, const uint8_t *data, size_t size)
{
	ssize_t done;

	while (size > 0) {
		done = write(tap->pipe, data, size);
		if (done == -1 && errno != EINTR)
			return broke(tap);
		if (done > 0) {
			data += done;
			size -= (size_t)done;
		}
	}
	return true;
}

static bool
is_good(struct tap *tap)
{
	struct digest *digest = (struct digest *)tap;
	const char *more;

	digest_end(digest);
	if (digest->failed)
		return broke(tap);
	if (digest->expected == NULL ||
	    strcasecmp(digest->text, digest->expected) == 0)
		return true;
	more = digest->text[64] != '\0' ? "..." : "";
	tap->blame->unwanted = true;
	snprintf(tap->blame->error, sizeof(tap->blame->error),
	    "wrong digest: expected %.64s%s, got %.64s%s (%" PRIu64
	    " bytes received)", digest->expected, more, digest->text, more,
	    digest->size);
	return false;
}

/* Starts the thread, and makes the pipe to it. Returns 0 or an errno. */
static int
set_apart(struct digest *digest)
{
	int ends[2], error;

	digest->piece = malloc(PIPED);
	if (digest->piece == NULL || sys_pipe(ends, false) == -1)
		return errno;
	sys_pipe_size(ends[1], PIPE_SIZE);
	digest->out = ends[0];
	digest->tap.pipe = ends[1];
	digest->tap.look = digest_look;
	error = signals_thread(&digest->thread, work, digest);
	if (error != 0) {
		close(ends[0]);
		close(ends[1]);
		digest->out = -1;
	}
	return error;
}

bool
digest_begin(struct digest *digest, const struct digest_config *config)
{
	void *before = earlier[config->received].context;
	int error;

	digest->tap = (struct tap){
		.look = digest_update,
		.blame = config->blame,
		.end = is_good,
	};
	digest->out = -1;
	digest->expected = config->expected;
	digest->text[0] = '\0';
	digest->context = lib.EVP_MD_CTX_new();
	digest->size = earlier[config->received].size;
	error = digest->context == NULL || (before != NULL ?
	    lib.EVP_MD_CTX_copy_ex(digest->context, before) :
	    lib.EVP_DigestInit_ex(digest->context, kind, NULL)) != 1 ?
	    ENOMEM : 0;
	if (error == 0 && !config->shared)
		error = set_apart(digest);
	if (error != 0)
		diag_error("cannot start the digest: %s", strerror(error));
	return error == 0;
}

static void
finish(void *context, char *text)
{
	unsigned char hash[DIGEST_LARGEST];
	unsigned i, size = 0;

	lib.EVP_DigestFinal_ex(context, hash, &size);
	lib.EVP_MD_CTX_free(context);
	for (i = 0; i < size; i++)
		snprintf(&text[2 * i], 3, "%02x", hash[i]);
}

void
digest_end(struct digest *digest)
{
	if (digest->context == NULL)
		return;
	if (digest->out != -1) {
		close(digest->tap.pipe);
		pthread_join(digest->thread, NULL);
	}
	free(digest->piece);
	finish(digest->context, digest->text);
	digest->context = NULL;
}

/* Adds the first size bytes to one context and, unless NULL, to the other. */
static bool
hash_file(int fd, int64_t size, void *one, void *other)
{
	uint8_t *piece = malloc(PIECE);
	ssize_t got = -1;
	int64_t at;

	for (at = 0; piece != NULL && at < size; at += got) {
		got = pread(fd, piece, size - at < PIECE ?
		    (size_t)(size - at) : PIECE, at);
		if (got <= 0)
			break;
		lib.EVP_DigestUpdate(one, piece, (size_t)got);
		if (other != NULL)
			lib.EVP_DigestUpdate(other, piece, (size_t)got);
	}
	free(piece);
	return got > 0;
}

bool
digest_prefix(int fd, int64_t size, bool received, char *text)
{
	char unused[DIGEST_TEXT];
	void *sha256, *whole = NULL;
	bool good;

	if (text == NULL && kind == NULL)
		return true;
	if (!lib_open())
		return false;
	errno = 0;
	sha256 = lib.EVP_MD_CTX_new();
	if (kind != NULL)
		whole = lib.EVP_MD_CTX_new();
	good = sha256 != NULL && (kind == NULL || whole != NULL) &&
	    lib.EVP_DigestInit_ex(sha256, lib.EVP_get_digestbyname("sha256"),
	    NULL) == 1 && (kind == NULL ||
	    lib.EVP_DigestInit_ex(whole, kind, NULL) == 1) &&
	    hash_file(fd, size, sha256, whole);
	if (!good) {
		diag_error("cannot read the first %" PRId64 " bytes: %s", size,
		    errno != 0 ? strerror(errno) : "there are fewer");
		lib.EVP_MD_CTX_free(sha256);
		lib.EVP_MD_CTX_free(whole);
		return false;
	}
	earlier[received].context = whole;
	earlier[received].size = (uint64_t)size;
	finish(sha256, text != NULL ? text : unused);
	return true;
}
