#include <dlfcn.h>
#include <string.h>

#include "base/diag.h"
#include "base/library.h"

bool
library_open(const char *soname, const char *what,
    const struct library_function *function, size_t count, void *table)
{
	void *at, *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
	size_t i;

	if (library == NULL) {
		diag_error("%s needs OpenSSL: cannot load %s: %s",
		    what, soname, dlerror());
		return false;
	}
	/* dlsym(3) searches the library's own dependencies, too (libcrypto). */
	for (i = 0; i < count; i++) {
		at = dlsym(library, function[i].name);
		if (at == NULL) {
			diag_error("%s is too old for %s: it lacks %s", soname,
			    what, function[i].name);
			return false;
		}
		memcpy((char *)table + function[i].offset, &at, sizeof(at));
	}
	return true;
}
