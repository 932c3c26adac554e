#ifndef NAMED_H
#define NAMED_H

#include <stdbool.h>

/*
 * Files by their names in the places of stdin and stdout. What is written is
 * called PATH.part until it is known to be complete.
 */

/*
 * To be called before there is a peer: opens the file, or finds out whether
 * the .part can be. Return false with the reason printed.
 */
bool	named_input(const char *path);
bool	named_output(const char *path);

/*
 * The peer is there: the .part begins, with owner and rights of the file that
 * it will replace. True also when there is none.
 */
bool	named_begin(void);

/*
 * All is written: syncs it and gives it its name. Returns 0, also when there
 * is nothing to do, or errno.
 */
int	named_complete(void);

/* Whether there is an output that was not completed; the reason is printed. */
bool	named_is_left(void);

#endif
