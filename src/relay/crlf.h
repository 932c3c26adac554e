#ifndef CRLF_H
#define CRLF_H

#include <stdbool.h>

#include "relay/tap.h"

/* LF becomes CR LF; a CR LF that is there already stays as it is (-C). */
struct crlf {
	struct tap tap;		/* first, so that the tap is the crlf */
	bool	 after_cr;	/* the last byte of the last piece was CR */
};

void	crlf_begin(struct crlf *);

#endif
