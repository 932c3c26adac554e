#include <dlfcn.h>
#include <string.h>

#include "base/diag.h"
#include "stream/tls_lib.h"

#define TEXT_OF(number)	#number
#define SONAME_OF(number)	"libssl.so." TEXT_OF(number)
#define SONAME	SONAME_OF(OPENSSL_SHLIB_VERSION)

struct tls_lib tls_lib;

static const struct { const char *name; size_t offset; } function[] = {
#define ROW(name)	{ #name, offsetof(struct tls_lib, name) },
	TLS_LIB_FUNCTIONS(ROW)
};

bool
tls_lib_open(void)
{
	void *at, *library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	size_t i, count = sizeof(function) / sizeof(function[0]);

	if (library == NULL) {
		diag_error("TLS needs OpenSSL's %s, which cannot be loaded: %s",
		    SONAME, dlerror());
		return false;
	}
	/* libssl's own dependency, libcrypto, is searched too. */
	for (i = 0; i < count; i++) {
		at = dlsym(library, function[i].name);
		if (at == NULL) {
			diag_error("%s is too old for TLS: it lacks %s",
			    SONAME, function[i].name);
			return false;
		}
		memcpy((char *)&tls_lib + function[i].offset, &at, sizeof(at));
	}
	return true;
}

const char *
tls_lib_error(void)
{
	const char *text =
	    tls_lib.ERR_reason_error_string(tls_lib.ERR_peek_error());

	tls_lib.ERR_clear_error();
	return text != NULL ? text : "unknown reason";
}
