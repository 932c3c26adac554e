#ifndef SERVER_H
#define SERVER_H

struct listener;
struct options;

/*
 * Serves all peers at once; without -k one sender of datagrams. Returns an exit
 * code, with the reason printed.
 */
int	server_run(const struct options *, const struct listener *);

#endif
