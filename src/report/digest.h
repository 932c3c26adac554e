#ifndef DIGEST_H
#define DIGEST_H

#include <pthread.h>

#include "relay/tap.h"

#define DIGEST_LARGEST	64		/* bytes: EVP_MAX_MD_SIZE */
#define DIGEST_TEXT	(2 * DIGEST_LARGEST + 1)

/*
 * The hash of what passes. It is computed by a thread that reads a pipe, so
 * that bytes move on while it works, by splice(2) when they otherwise would;
 * of one among many peers, which would be many threads, as the bytes are seen.
 * The hash is OpenSSL's, loaded when it is first needed.
 */
struct digest {
	struct tap tap;		/* first, so that the tap is the digest */
	const char *expected;	/* hexadecimal, or NULL */
	pthread_t thread;
	int	 out;		/* the pipe's other end; -1: no thread */
	uint8_t	*piece;		/* the thread's */
	void	*context;
	bool	 failed;	/* the thread's, as is size, until it ends */
	uint64_t size;		/* bytes hashed */
	char	 text[DIGEST_TEXT];	/* hexadecimal, once it has ended */
};

/*
 * Finds the hash of that name; expected, unless NULL, must look like one.
 * Returns false with the reason printed. To be called first.
 */
bool	digest_load(const char *name, const char *expected);

/*
 * Hashes the first size bytes of a descriptor: its SHA-256 goes into text.
 * Digests of that direction, if one was loaded, go on from there. Returns
 * false when the bytes could not be read, or nothing could be loaded.
 */
bool	digest_prefix(int fd, int64_t size, bool received,
	    char text[DIGEST_TEXT]);

struct digest_config {
	bool	 received;	/* what digest_prefix began is that direction's */
	bool	 shared;	/* one among many: no thread */
	const char *expected;	/* or NULL */
	struct stream *blame;	/* when the end is not as expected */
};

/*
 * Begins one, which breaks the flow when its end is not as expected. Returns
 * false with the reason printed.
 */
bool	digest_begin(struct digest *, const struct digest_config *);

/* Ends it: all has passed. May be called again. */
void	digest_end(struct digest *);

#endif
