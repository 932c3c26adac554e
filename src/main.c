#include "base/diag.h"
#include "base/signals.h"
#include "cli/options.h"
#include "mode/mode.h"
#include "relay/pool.h"
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
	int code;

	stdio_begin();
	diag_begin(argc > 0 ? argv[0] : "nc-lite");
	signals_begin();
	options_parse(argc, argv, &options);
	code = run[options.mode](&options);
	pool_close();
	diag_exit(code);
}
