#ifndef MODE_H
#define MODE_H

struct options;

/*
 * The order of the acts in each mode. All return an exit code, with whatever
 * there is to say already said.
 */
int	mode_client(const struct options *);
int	mode_listen(const struct options *);
int	mode_scan(const struct options *);

#endif
