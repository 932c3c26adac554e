#ifndef CHECK_FORWARD_H
#define CHECK_FORWARD_H

struct relay;

/*
 * check_end between a peer and a target: FIN is passed on in both directions as
 * it comes; when one end breaks, both do.
 */
int	check_forward(struct relay *);

#endif
