#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/digest.h"
#include "report/hexdump.h"
#include "relay/relay.h"
#include "report/progress.h"

/* What the user wants to see of the bytes that pass. */
struct report_config {
	bool	 progress;
	bool	 json;			/* the summary, too, as an object */
	bool	 append;		/* the files keep what they have */
	bool	 many;			/* peers at once; progress is the caller's */
	int64_t	 size;			/* bytes expected; 0: unknown */
	const char *digest;		/* a hash's name, or NULL */
	const char *expected;		/* of what is received, or NULL */
	const char *output, *hex_dump;	/* files, or NULL */
	const char *in, *out;		/* files that are sent, and received */
};

struct report_logs {
	struct hexdump sent, received;
	struct log_part part;		/* of --output, if there are many */
};

/* The report on one peer, and the watch that relay_run needs for it. */
struct report {
	const struct report_config *config;
	struct relay_watch watch;
	const char *input, *output;	/* files' names, or NULL */
	int64_t	 since_us;
	struct progress progress;
	struct report_logs *logs;	/* what few ask for; or NULL */
	struct digest *digest;		/* of what is sent, and received */
};

/*
 * Opens what must be there before the first peer is. Returns false with the
 * reason printed.
 */
bool	report_prepare(const struct report_config *);

/*
 * The first size bytes of the file were moved by an earlier run: progress and
 * digests go on from there. text gets their SHA-256, of DIGEST_TEXT bytes.
 * Returns false when that could not be had. After report_prepare.
 */
bool	report_prefix(int fd, int64_t size, bool received, char *text);

/*
 * Begins the report on a peer; false, with the reason printed, when that
 * cannot be: report_end must not be called then.
 */
bool	report_begin(struct report *, const struct report_config *,
	    const struct stream *local, struct stream *peer);

/*
 * Says all there is to say at the end, which has this exit code; a negative one
 * is not worth a word.
 */
void	report_end(struct report *, const struct outcome *, int code);

#endif
