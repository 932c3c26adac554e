#ifndef READPASSPHRASE_H
#define READPASSPHRASE_H

#include <stddef.h>

#define RPP_ECHO_OFF	0
#define RPP_REQUIRE_TTY	2

char	*readpassphrase(const char *prompt, char *, size_t, int flags);

#endif
