#ifndef REPORT_H
#define REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "report/digest.h"
#include "report/hexdump.h"
#include "relay/relay.h"
#include "report/progress.h"

/* What the user wants to see of the transfer. */
struct report_config {
	bool	 progress;
	bool	 json;			/* a summary in JSON */
	bool	 append;		/* do not truncate the files */
	bool	 many;	/* peers: the caller draws the progress */
	int64_t	 size;			/* bytes expected; 0: unknown */
	const char *digest;		/* name of a hash, or NULL */
	const char *expected;		/* hash of what is received, or NULL */
	const char *output, *hex_dump;	/* files, or NULL */
	const char *in, *out;		/* --in and --out, or NULL */
};

struct report_logs {
	struct hexdump sent, received;
	struct log_part part;		/* of --output, with many peers */
};

/* The report on one peer, and the watch for its relay. */
struct report {
	const struct report_config *config;
	struct relay_watch watch;
	const char *input, *output;	/* files' names, or NULL */
	int64_t	 since_us;
	struct progress progress;
	struct report_logs *logs;	/* allocated if needed, or NULL */
	struct digest *digest;	/* of what is sent [0] and received [1] */
};

/* Opens files and OpenSSL, once. Returns false with the reason printed. */
bool	report_prepare(const struct report_config *);

/*
 * Tells that an earlier run moved the first size bytes of the file: progress
 * and digests go on from there. Their SHA-256 is written into text, unless
 * that is NULL. Returns false with the reason printed. After report_prepare.
 */
bool	report_prefix(int fd, int64_t size, bool received, char *text);

/*
 * Begins the report on a peer. Returns false with the reason printed;
 * report_end must not be called then.
 */
bool	report_begin(struct report *, const struct report_config *,
	    const struct stream *local, struct stream *peer);

/* Prints digests and summary for this exit code; nothing if it is negative. */
void	report_end(struct report *, const struct outcome *, int code);

#endif
