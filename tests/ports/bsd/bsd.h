#ifndef BSD_H
#define BSD_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*
 * What nc-lite uses of libbsd, for machines whose libbsd is not here: included
 * before all else by tests/ports/run.
 */

size_t	 bsd_strlcpy(char *, const char *, size_t);
#define strlcpy	bsd_strlcpy
long long strtonum(const char *, long long, long long, const char **);
void	 arc4random_buf(void *, size_t);
uint32_t arc4random(void);
uint32_t arc4random_uniform(uint32_t);

#endif
