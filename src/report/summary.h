#ifndef SUMMARY_H
#define SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

struct outcome;

/*
 * The line at the end: what was moved, how fast, who ended it and why. With
 * -v for people; as a JSON object on a line of its own whenever asked for.
 */
void	summary_print(const struct outcome *, int64_t since_us, int code,
	    bool json);

#endif
