#ifndef CHECK_END_H
#define CHECK_END_H

#include <stdint.h>

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

/* The rest is for check_forward.c and check_time.c alone. */

/* The longest pause between looks at what is not acknowledged. */
#define CHECK_LOOK	50000

/* What -w, -q, --timeout and the like say, in check_time.c. */
int	check_time(struct relay *);

/* The code for a flow that broke, or what check_incomplete gives. */
int	check_broken(struct relay *, const struct flow *);

/* Set the reason (check_late: "WHAT TIME"); return the code, or EXIT_TIME. */
__attribute__((format(printf, 3, 4)))
int	check_incomplete(struct relay *, int code, const char *format, ...);
int	check_late(struct relay *, const char *what, int64_t time_us);

/* Waits for acknowledgements, unless nothing was sent that could be lost. */
int	check_clean(struct relay *);

#endif
