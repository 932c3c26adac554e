#include "base/diag.h"
#include "base/signals.h"
#include "cli/options.h"
#include "mode/mode.h"
#include "stream/stdio.h"

int
main(int argc, char *argv[])
{
	static int (*const run[])(const struct options *) = {
		[MODE_CLIENT] = mode_client,
		[MODE_LISTEN] = mode_listen,
		[MODE_SCAN] = mode_scan,
	};
	static struct options options;

	stdio_begin();
	diag_begin(argc > 0 ? argv[0] : "nc-lite");
	signals_begin();
	options_parse(argc, argv, &options);
	diag_exit(run[options.mode](&options));
}
