#ifndef CHECK_END_H
#define CHECK_END_H

struct flow;
struct loop;
struct relay;

/*
 * The rules of the end (nc-lite(7), DATA TRANSFER). The functions return an
 * exit code, with the reason in the outcome, or one of these.
 */
#define CHECK_GO_ON	(-1)
#define CHECK_CONFIRM	(-2)	/* over but for acknowledgements */

/* Whether the relay is over; to be called after its flows were stepped. */
int	check_end(struct relay *, const struct loop *);

/* After CHECK_CONFIRM: whether all is acknowledged; sets look_us if not. */
int	check_confirmed(struct relay *);

/* For check_forward.c: why the flow broke. */
int	check_broken(struct relay *, const struct flow *);

#endif
