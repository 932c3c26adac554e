#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/library.h"
#include "report/digest.h"
#include "report/log.h"

#define PIPE_SIZE	(1 << 20)	/* fewer wake-ups than half of it */

/* OpenSSL's, as its manual declares them; the types are opaque there, too. */
static struct lib {
	const void *(*EVP_get_digestbyname)(const char *);
	void	*(*EVP_MD_CTX_new)(void);
	void	 (*EVP_MD_CTX_free)(void *);
	int	 (*EVP_DigestInit_ex)(void *, const void *, void *);
	int	 (*EVP_DigestUpdate)(void *, const void *, size_t);
	int	 (*EVP_DigestFinal_ex)(void *, unsigned char *, unsigned *);
} lib;

static const struct library_function function[] = {
	{ "EVP_get_digestbyname", offsetof(struct lib, EVP_get_digestbyname) },
	{ "EVP_MD_CTX_new", offsetof(struct lib, EVP_MD_CTX_new) },
	{ "EVP_MD_CTX_free", offsetof(struct lib, EVP_MD_CTX_free) },
	{ "EVP_DigestInit_ex", offsetof(struct lib, EVP_DigestInit_ex) },
	{ "EVP_DigestUpdate", offsetof(struct lib, EVP_DigestUpdate) },
	{ "EVP_DigestFinal_ex", offsetof(struct lib, EVP_DigestFinal_ex) },
};

static const void *kind;	/* of hash */

LIBRARY_NOTE(note, "[{\"soname\":[\"" LIBRARY_SONAME("libcrypto") "\"],"
    "\"feature\":\"digest\",\"description\":\"Hashes (--digest)\","
    "\"priority\":\"recommended\"}]");

bool
digest_load(const char *name, const char *expected)
{
	struct digest empty = { .out = -1 };
	size_t length;

	if (!library_open(LIBRARY_SONAME("libcrypto"), "a digest", function,
	    sizeof(function) / sizeof(function[0]), &lib))
		return false;
	kind = lib.EVP_get_digestbyname(name);
	empty.context = lib.EVP_MD_CTX_new();
	if (kind == NULL || empty.context == NULL ||
	    lib.EVP_DigestInit_ex(empty.context, kind, NULL) != 1) {
		diag_error("unknown digest '%s': use sha256, blake2b512 or "
		    "what else 'openssl list -digest-commands' names", name);
		lib.EVP_MD_CTX_free(empty.context);
		return false;
	}
	digest_end(&empty);
	length = strlen(empty.text);
	if (expected == NULL || (strlen(expected) == length &&
	    strspn(expected, "0123456789abcdefABCDEF") == length))
		return true;
	diag_error("expected digest '%s' is no %s: use %zu hexadecimal digits",
	    expected, name, length);
	return false;
}

/* Closes its end, so that nobody waits for one who cannot read any more. */
static void *
work(void *argument)
{
	struct digest *digest = argument;
	ssize_t size;

	while ((size = read(digest->out, digest->piece,
	    sizeof(digest->piece))) > 0 || (size == -1 && errno == EINTR))
		if (size > 0)
			lib.EVP_DigestUpdate(digest->context, digest->piece,
			    (size_t)size);
	close(digest->out);
	return NULL;
}

static bool
digest_look(struct tap *tap, const uint8_t *data, size_t size)
{
	return log_write(tap->blame, tap->pipe, data, size);
}

static bool
is_as_expected(struct tap *tap)
{
	struct digest *digest = (struct digest *)tap;

	digest_end(digest);
	if (strcasecmp(digest->text, digest->expected) == 0)
		return true;
	snprintf(tap->blame->error, sizeof(tap->blame->error),
	    "the digest is %.64s%s", digest->text,
	    digest->text[64] != '\0' ? "..." : "");
	return false;
}

/* Signals are for the thread that waits in poll(2). */
static int
start(struct digest *digest)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	error = pthread_create(&digest->thread, NULL, work, digest);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error;
}

bool
digest_begin(struct digest *digest, const char *expected, struct stream *blame)
{
	int ends[2] = { -1, -1 }, error;

	digest->tap = (struct tap){
		.look = digest_look,
		.blame = blame,
		.end = expected != NULL ? is_as_expected : NULL,
	};
	digest->expected = expected;
	digest->text[0] = '\0';
	digest->context = lib.EVP_MD_CTX_new();
	error = digest->context == NULL || lib.EVP_DigestInit_ex(
	    digest->context, kind, NULL) != 1 ? ENOMEM : 0;
	if (error == 0 && pipe2(ends, O_CLOEXEC) == -1)
		error = errno;
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE);
	digest->out = ends[0];
	digest->tap.pipe = ends[1];
	if (error == 0)
		error = start(digest);
	if (error != 0)
		diag_error("cannot begin a digest: %s", strerror(error));
	return error == 0;
}

void
digest_end(struct digest *digest)
{
	unsigned char hash[DIGEST_LARGEST];
	unsigned i, size = 0;

	if (digest->context == NULL)
		return;
	if (digest->out != -1) {
		close(digest->tap.pipe);
		pthread_join(digest->thread, NULL);
	}
	lib.EVP_DigestFinal_ex(digest->context, hash, &size);
	lib.EVP_MD_CTX_free(digest->context);
	digest->context = NULL;
	for (i = 0; i < size; i++)
		snprintf(&digest->text[2 * i], 3, "%02x", hash[i]);
}
