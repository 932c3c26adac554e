#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "relay/outcome.h"
#include "report/summary.h"

/* A JSON string, or null for none. */
static const char *
quoted(const char *text, char *to, size_t size)
{
	return text == NULL || text[0] == '\0' ? "null" :
	    text_quote(text, TEXT_JSON, to, size);
}

static void
print_json(const struct outcome *count, double seconds, double rate,
    int code)
{
	const char *who = diag_whom();
	char first[512], error[512], peer[512] = "", text[256];

	if (who != NULL)
		snprintf(peer, sizeof(peer), "\"peer\":%s,",
		    quoted(who, text, sizeof(text)));
	diag_line(0, "{%s\"bytes_sent\":%" PRIu64 ",\"bytes_received\":%" PRIu64
	    ",\"seconds\":%.6f,\"bytes_per_second\":%.0f,\"ended_first\":%s,"
	    "\"error\":%s,\"exit_status\":%d}", peer, count->sent,
	    count->received, seconds, rate,
	    quoted(count->first, first, sizeof(first)),
	    quoted(count->reason, error, sizeof(error)), code);
}

void
summary_print(const struct outcome *count, int64_t since_us, int code,
    bool json)
{
	const char *how = count->reason[0] != '\0' ? count->reason :
	    count->first;
	double seconds, rate;

	if (!json && !diag_wants(1))
		return;
	seconds = (double)(clock_now_us() - since_us) / CLOCK_SECOND;
	rate = seconds > 0 ?
	    (double)(count->sent + count->received) / seconds : 0;
	if (json)
		print_json(count, seconds, rate, code);
	diag_say(1, "%" PRIu64 " bytes sent, %" PRIu64 " bytes received in "
	    "%.3f s (%.1f MiB/s); %s%s", count->sent, count->received, seconds,
	    rate / (1 << 20), how != NULL ? how : "timed out",
	    how == count->first && how != NULL ? " ended first" : "");
}
