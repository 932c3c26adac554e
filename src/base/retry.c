#include <stddef.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/retry.h"

#define SHORTEST	(CLOCK_SECOND / 20)	/* the first pause */
#define LAST	(CLOCK_SECOND / 20)	/* kept for the last try, at most */

void
retry_begin(struct retry *retry, int64_t duration_us, int64_t deadline_us)
{
	int64_t share_us, until_us = duration_us <= 0 ? CLOCK_NEVER :
	    clock_deadline(duration_us);

	*retry = (struct retry){
		.until_us = deadline_us,
		.deadline_us = clock_earlier(until_us, deadline_us),
		.pause_us = SHORTEST,
		.last = duration_us < 0,
	};
	if (retry->last || retry->deadline_us == CLOCK_NEVER)
		return;
	/* Keep time for a last try, which then can say why it failed. */
	share_us = (retry->deadline_us - clock_now_us()) / 4;
	retry->until_us = retry->deadline_us -
	    (share_us > LAST ? LAST : share_us);
}

bool
retry_pause(struct retry *retry, int code, const char *host, const char *port)
{
	if (retry->last || (code != EXIT_NETWORK && code != EXIT_TIME &&
	    code != EXIT_NAME))
		return false;
	if (retry->pause_us == SHORTEST)
		diag_say(1, "waiting for %s%s%s", host, port != NULL ?
		    " port " : "", port != NULL ? port : "");
	retry->next_us = clock_earlier(clock_deadline(retry->pause_us),
	    retry->until_us);
	return true;
}

void
retry_resume(struct retry *retry)
{
	retry->last = clock_passed(retry->until_us);
	if (retry->last)
		retry->until_us = retry->deadline_us;
	retry->pause_us *= 2;
	if (retry->pause_us > CLOCK_SECOND)
		retry->pause_us = CLOCK_SECOND;
}
