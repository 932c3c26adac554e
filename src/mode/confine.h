#ifndef CONFINE_H
#define CONFINE_H

struct options;

/*
 * Enters the sandbox (sys/sandbox.h): to be called when everything that is
 * opened once is open, before the first byte of a peer is read. Whatever is
 * opened, bound or connected to later must be allowed in confine.c.
 */
void	confine(const struct options *);

#endif
