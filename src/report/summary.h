#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

struct outcome;

/*
 * Prints the summary: bytes, time, rate, what ended first or why it failed. As
 * a line with -v, and as a JSON object on a line if json.
 */
void	summary_print(const struct outcome *, int64_t since_us, int code,
	    bool json);

#endif
