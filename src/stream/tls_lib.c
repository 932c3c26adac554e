#include "base/library.h"
#include "stream/tls_lib.h"

LIBRARY_NOTE(note, "[{\"soname\":[\"" LIBRARY_SONAME("libssl") "\"],"
    "\"feature\":\"tls\",\"description\":\"TLS (-c)\","
    "\"priority\":\"recommended\"}]");

struct tls_lib tls_lib;

bool
tls_lib_open(void)
{
	static const struct library_function function[] = {
#define ROW(name)	LIBRARY_ROW(struct tls_lib, name)
		TLS_LIB_FUNCTIONS(ROW)
	};

	return tls_lib.SSL_new != NULL || library_open(
	    LIBRARY_SONAME("libssl"), "TLS", function,
	    sizeof(function) / sizeof(function[0]), &tls_lib);
}

const char *
tls_lib_error(void)
{
	const char *text =
	    tls_lib.ERR_reason_error_string(tls_lib.ERR_peek_error());

	tls_lib.ERR_clear_error();
	return text != NULL ? text : "unknown reason";
}
