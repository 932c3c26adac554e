#ifndef RESUME_H
#define RESUME_H

struct options;

/*
 * Continues an interrupted transfer. A receiver (--resume) hashes what it has
 * and prints the sender's options; a sender (--offset, --prefix) checks that
 * its file begins with the same bytes. Nothing of this is sent. To be called
 * once, after files and digests are prepared. Returns EXIT_DONE, or another
 * exit code with the reason printed.
 */
int	resume_prepare(const struct options *);

/* The sender's options, for the command that a listener prints; or "". */
const char *resume_arguments(void);

#endif
