#ifndef CONFINE_H
#define CONFINE_H

struct options;

/*
 * Gives up what this run will not need (sys/sandbox.h): after all that is
 * opened once is open, and before the first byte of a stranger. What is opened
 * later is named here.
 */
void	confine(const struct options *);

#endif
