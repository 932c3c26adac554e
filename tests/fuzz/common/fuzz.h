#ifndef FUZZ_H
#define FUZZ_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the fuzzers share. Each is one file, which libFuzzer calls with bytes;
 * base/diag.c is replaced by one that formats every message and prints none.
 */

int	LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* Aborts, which libFuzzer reports with the input, unless this holds. */
#define must(condition)	((condition) ? (void)0 : \
	fuzz_failed(__FILE__, __LINE__, #condition))
_Noreturn void fuzz_failed(const char *file, int line, const char *condition);

/*
 * Text of exactly this size, so that the sanitizer sees a step beyond its end;
 * a 0 within it is its end. To be freed.
 */
char	*fuzz_text(const uint8_t *, size_t);

/* Where diag_exit leads to; without it, it aborts. The code is in fuzz_code. */
extern jmp_buf *fuzz_exit;
extern int fuzz_code;

/* Whether every byte is what a terminal may get. */
bool	fuzz_is_printable(const char *);

/* A file in memory with these bytes, and its path. */
int	fuzz_file(const void *, size_t);
const char *fuzz_path(int fd);

#endif
