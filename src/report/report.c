#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "report/report.h"
#include "report/summary.h"

/* Opened once, for all peers. */
static struct log output = { .file = { .wfd = -1 } };
static struct log hex_dump = { .file = { .wfd = -1 } };

bool
report_prepare(const struct report_config *config)
{
	if (config->output != NULL &&
	    !log_open(&output, config->output, config->append))
		return false;
	if (config->hex_dump != NULL &&
	    !log_open(&hex_dump, config->hex_dump, config->append))
		return false;
	return config->digest == NULL ||
	    digest_load(config->digest, config->expected);
}

/* Bytes that were sent and received before (--offset, --resume). */
static int64_t before[2];

bool
report_prefix(int fd, int64_t size, bool received, char *text)
{
	before[received] = size;
	return digest_prefix(fd, size, received, text);
}

static void
end_digests(struct report *report)
{
	digest_end(&report->digest[0]);
	digest_end(&report->digest[1]);
}

static bool
begin_digests(struct report *report, struct stream *peer)
{
	struct digest_config config = { .shared = report->config->many,
	    .blame = peer };

	report->digest = calloc(2, sizeof(*report->digest));
	if (report->digest == NULL) {
		diag_error("no memory for digests");
		return false;
	}
	report->watch.sent[0] = &report->digest[0].tap;
	report->watch.received[0] = &report->digest[1].tap;
	if (digest_begin(&report->digest[0], &config)) {
		config.received = true;
		config.expected = report->config->expected;
		if (digest_begin(&report->digest[1], &config))
			return true;
	}
	end_digests(report);
	return false;
}

static void
report_tick(void *context, const struct outcome *count, bool asked)
{
	struct report *report = context;

	if (!report->config->many && (asked || report->config->progress))
		progress_draw(&report->progress, count, false);
}

bool
report_begin(struct report *report, const struct report_config *config,
    const struct stream *local, struct stream *peer)
{
	*report = (struct report){
		.config = config,
		.input = config->in != NULL ? local->input : NULL,
		.output = config->out != NULL ? local->output : NULL,
		.since_us = clock_now_us(),
		.watch = { .tick = report_tick, .context = report,
		    .every_us = CLOCK_UNSET },
	};
	progress_begin(&report->progress, config->size, local,
	    !config->progress);
	report->progress.sent_before = before[0];
	report->progress.received_before = before[1];
	if (config->progress && !config->many)
		report->watch.every_us = PROGRESS_EVERY(&report->progress);
	log_begin(&output);
	log_begin(&hex_dump);
	log_part_begin(&report->part, &output);
	if (config->output != NULL)
		report->watch.received[1] = config->many ? &report->part.tap :
		    &output.tap;
	if (config->hex_dump != NULL) {
		hexdump_begin(&report->sent_dump, &hex_dump, '>');
		hexdump_begin(&report->received_dump, &hex_dump, '<');
		report->watch.sent[2] = &report->sent_dump.tap;
		report->watch.received[2] = &report->received_dump.tap;
	}
	return config->digest == NULL || begin_digests(report, peer);
}

/* As sha256sum(1) does it; two of them must have names. */
static void
print_digest(const char *hash, const char *file, const char *word)
{
	const char *who = diag_whom();

	if (file != NULL || who == NULL)
		diag_line(0, "%s  %s", hash, file != NULL ? file : word);
	else
		diag_line(0, "%s  %s %s %s", hash, word,
		    word[0] == 's' ? "to" : "from", who);
}

static void
print_digests(const struct report *report, const struct outcome *count)
{
	const struct digest *digest = report->digest;
	bool got = count->received > 0 ||
	    (count->sent == 0 && report->output != NULL);
	bool both = count->sent > 0 && got, named = both || diag_whom() != NULL;

	if (both || !got)
		print_digest(digest[0].text, report->input,
		    named ? "sent" : "-");
	if (got)
		print_digest(digest[1].text, report->output,
		    named ? "received" : "-");
}

void
report_end(struct report *report, const struct outcome *count, int code)
{
	log_part_end(&report->part);
	if (report->config->progress && !report->config->many && code >= 0)
		progress_draw(&report->progress, count, true);
	if (report->digest != NULL) {
		end_digests(report);
		if (code == EXIT_DONE)
			print_digests(report, count);
		free(report->digest);
	}
	if (code >= 0)
		summary_print(count, report->since_us, code, report->config->json);
}
