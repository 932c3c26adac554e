#ifndef RESUME_H
#define RESUME_H

struct options;

/*
 * A transfer that goes on where an earlier one broke. Who receives hashes what
 * is there (--resume) and says what the sender is to be given; who sends
 * checks that its file begins with that (--offset, --prefix). There is nothing
 * about it in the bytes. Returns an exit code, with the reason printed unless
 * it is EXIT_DONE. To be called once, when files and digests are prepared.
 */
int	resume_prepare(const struct options *);

/* For the command that a listener prints: "" or " --in FILE --offset ...". */
const char *resume_arguments(void);

#endif
