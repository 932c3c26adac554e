#include <string.h>

#include "base/diag.h"
#include "base/library.h"

bool
library_open(const char *soname, const char *what,
    const struct library_function *function, size_t count, void *table)
{
	size_t i;

	(void)soname;
	for (i = 0; i < count; i++) {
		if (function[i].linked == NULL) {
			diag_error("%s needs OpenSSL: this static nc-lite was "
			    "linked without it", what);
			return false;
		}
		memcpy((char *)table + function[i].offset, &function[i].linked,
		    sizeof(function[i].linked));
	}
	return true;
}
