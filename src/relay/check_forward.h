#ifndef CHECK_FORWARD_H
#define CHECK_FORWARD_H

struct relay;

/*
 * The rules of the end between a peer and a dialled target, as check_end: ends
 * are passed on as they come, both ways; what breaks breaks all.
 */
int	check_forward(struct relay *);

#endif
