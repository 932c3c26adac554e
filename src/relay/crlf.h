#ifndef CRLF_H
#define CRLF_H

#include <stdbool.h>

#include "relay/tap.h"

/* -C: LF becomes CR LF, but CR LF stays as it is. */
struct crlf {
	struct tap tap;		/* first, so that the tap is the crlf */
	bool	 after_cr;	/* the last byte of the last piece was CR */
};

void	crlf_begin(struct crlf *);

#endif
