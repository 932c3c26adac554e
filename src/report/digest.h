#ifndef DIGEST_H
#define DIGEST_H

#include <pthread.h>

#include "relay/tap.h"

#define DIGEST_LARGEST	64		/* bytes: EVP_MAX_MD_SIZE */
#define DIGEST_TEXT	(2 * DIGEST_LARGEST + 1)

/*
 * The hash of what passes, by OpenSSL, which is loaded when first needed. A
 * thread computes it from a pipe, so that bytes go on by splice(2) meanwhile.
 * With many peers, where that would be many threads, each piece is hashed as it
 * passes.
 */
struct digest {
	struct tap tap;		/* first, so that the tap is the digest */
	const char *expected;	/* hexadecimal, or NULL */
	pthread_t thread;
	int	 out;		/* the pipe's read end; -1: no thread */
	uint8_t	*piece;		/* the thread's buffer */
	void	*context;	/* EVP_MD_CTX; NULL once it has ended */
	bool	 failed;	/* like size the thread's until it is joined */
	uint64_t size;		/* bytes hashed */
	char	 text[DIGEST_TEXT];	/* hexadecimal, once it has ended */
};

/*
 * Selects the hash of that name (EVP_get_digestbyname(3)); expected, unless
 * NULL, must be as many hexadecimal digits. Returns false with the reason
 * printed. To be called first.
 */
bool	digest_load(const char *name, const char *expected);

/*
 * Writes the SHA-256 of the first size bytes of fd into text (DIGEST_TEXT
 * bytes, or NULL). After digest_load, digests of that direction will go on from
 * there. Returns false with the reason printed.
 */
bool	digest_prefix(int fd, int64_t size, bool received, char *text);

struct digest_config {
	bool	 received;	/* the direction, as in digest_prefix */
	bool	 shared;	/* one among many: no thread */
	const char *expected;	/* the hash, or NULL */
	struct stream *blame;	/* its failure, when the hash is another */
};

/*
 * Begins a digest, whose tap breaks the flow if the hash is not the expected
 * one. Returns false with the reason printed.
 */
bool	digest_begin(struct digest *, const struct digest_config *);

/* Joins the thread and sets text, once; more calls do nothing. */
void	digest_end(struct digest *);

#endif
