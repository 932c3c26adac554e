#include <inttypes.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "cli/options.h"
#include "mode/resume.h"

#define ALGORITHM	"sha256:"

static char arguments[sizeof(" --in FILE --offset  --prefix " ALGORITHM) + 24 +
    DIGEST_TEXT];

const char *
resume_arguments(void)
{
	return arguments;
}

/* A receiver: what we have of the file. */
static int
find_received(const struct options *options)
{
	const struct outfile_config *out = &options->local.out;
	char hash[DIGEST_TEXT], total[48] = "";
	off_t there;
	int fd = stdio_received(&there);

	if (!out->resume || there == 0)
		return EXIT_DONE;
	if (out->size > 0 && there > out->size) {
		diag_error("'%s.part' has %jd bytes already, more than --size",
		    out->path, (intmax_t)there);
		return EXIT_LOCAL;
	}
	if (!report_prefix(fd, there, true, hash))
		return EXIT_LOCAL;
	if (out->size > 0)
		snprintf(total, sizeof(total), " of %" PRId64, out->size);
	snprintf(arguments, sizeof(arguments), " --in FILE --offset %jd "
	    "--prefix " ALGORITHM "%s", (intmax_t)there, hash);
	diag_say(0, "%jd%s bytes of '%s' are already here; the sender needs%s",
	    (intmax_t)there, total, out->path,
	    options->mode == MODE_LISTEN ? ":" : arguments);
	return EXIT_DONE;
}

/* A sender: whether the receiver has the beginning of our file. */
static int
check_sent(const struct options *options)
{
	const struct stdio_config *local = &options->local;
	char hash[DIGEST_TEXT];
	struct stat file;
	int fd = stdio_named_input();

	if (local->offset == 0)
		return EXIT_DONE;
	if (fstat(fd, &file) == -1 ||
	    !(S_ISREG(file.st_mode) || S_ISBLK(file.st_mode))) {
		diag_error("'%s' is neither a file nor a disk (--offset)",
		    local->in);
		return EXIT_LOCAL;
	}
	if (pread(fd, hash, 1, local->offset - 1) == 0) {
		diag_error("'%s' has no %jd bytes (--offset)", local->in,
		    (intmax_t)local->offset);
		return EXIT_LOCAL;
	}
	if (!report_prefix(fd, local->offset, false,
	    local->prefix != NULL ? hash : NULL))
		return EXIT_LOCAL;
	if (local->prefix == NULL ||
	    strcasecmp(local->prefix + sizeof(ALGORITHM) - 1, hash) == 0)
		return EXIT_DONE;
	diag_error("the first %jd bytes of '%s' differ from the receiver's "
	    "(--prefix): nothing was sent", (intmax_t)local->offset, local->in);
	return EXIT_LOCAL;
}

int
resume_prepare(const struct options *options)
{
	int code = find_received(options);

	return code == EXIT_DONE ? check_sent(options) : code;
}
