#ifndef MODE_H
#define MODE_H

struct options;

/* Each runs its mode to the end; returns an exit code, the reason printed. */
int	mode_client(const struct options *);
int	mode_listen(const struct options *);
int	mode_scan(const struct options *);

#endif
