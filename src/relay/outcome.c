#include <inttypes.h>

#include "base/diag.h"
#include "relay/outcome.h"

void
outcome_say(const struct outcome *outcome)
{
	if (outcome->unwanted)
		diag_error("%s", outcome->reason);
	else if (outcome->code != EXIT_DONE && outcome->code < EXIT_SIGNAL)
		diag_error("%s; incomplete: %" PRIu64 " bytes sent, %" PRIu64
		    " bytes received", outcome->reason, outcome->sent,
		    outcome->received);
}
