#ifndef CHECK_END_H
#define CHECK_END_H

struct flow;
struct relay;

/*
 * The rules of the end (the manual's DATA TRANSFER): whether a relay that has
 * been stepped is over. Both return an exit code (base/diag.h), with the reason
 * in the outcome, or one of these.
 */
#define CHECK_GO_ON	(-1)
#define CHECK_CONFIRM	(-2)	/* over but for the peer's acknowledgement */

int	check_end(struct relay *);

/*
 * No event tells of an acknowledgement: this looks, and says in look_us when
 * to look again.
 */
int	check_confirmed(struct relay *);

/* What check_forward.h needs: why a flow broke, and whether time is up. */
int	check_broken(struct relay *, const struct flow *);
int	check_time(struct relay *);

#endif
