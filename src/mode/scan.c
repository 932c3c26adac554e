#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/loop.h"
#include "base/signals.h"
#include "cli/options.h"
#include "mode/confine.h"
#include "mode/mode.h"
#include "mode/session.h"
#include "scan/scan.h"

/* execvp(3); returns the exit code if that fails, as a shell has it. */
static int
exec(char *const command[])
{
	signals_defaults();
	execvp(command[0], command);
	diag_error("cannot run '%s': %s", command[0], strerror(errno));
	return errno == ENOENT ? 127 : 126;
}

static enum io
pass(const void *way, const struct address_query *target,
    struct stream *stream, size_t *hop, void **memory)
{
	const struct options *options = way;

	return proxy_pass(options->hop, options->hops, target, stream, hop,
	    memory);
}

static int
run(const struct scan_config *config, int64_t deadline_us)
{
	struct loop loop;
	struct scan scan;
	int code = scan_begin(&scan, config, deadline_us);

	if (code != EXIT_DONE)
		return code;
	loop_open(&loop);
	while (!scan_step(&scan, &loop)) {
		loop_begin(&loop);
		scan_watch(&scan, &loop);
		loop_run_once(&loop);
	}
	loop_close(&loop);
	return scan_end(&scan);
}

int
mode_scan(const struct options *options)
{
	struct rlimit limit;
	bool limited = getrlimit(RLIMIT_NOFILE, &limit) == 0;
	struct scan_config config = options->scan;
	int code = session_prepare(options);

	if (options->tls.on) {
		config.tls = session_tls();
		config.host_tls = options->tls.name == options->endpoint.host ?
		    &options->tls : NULL;
	}
	if (options->hops > 0) {
		config.pass = pass;
		config.way = options;
		config.proxy = options->hop[0].endpoint;
	}
	if (code == EXIT_DONE) {
		confine(options);
		code = run(&config, options->deadline_us);
	}
	/* The scan has raised it, but the command is to have the old one. */
	if (limited)
		setrlimit(RLIMIT_NOFILE, &limit);
	if (code == EXIT_DONE && options->command != NULL)
		return exec(options->command);
	return code;
}
