#ifndef TELL_H
#define TELL_H

#include <stddef.h>
#include <stdint.h>

struct ledger;

/*
 * How a scan's findings are said: as lines on stderr (-v), where neighbours of
 * which the same is to be said become one, banners on stdout, or as JSON on
 * stdout, an object for each (the manual's -z and --json).
 */

/* One entry of the ledger. */
void	tell(struct ledger *, size_t port, size_t address);

/* After the last one: what is still being gathered, and the sums. */
void	tell_end(struct ledger *, int64_t took_us);

#endif
