#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "report/report.h"
#include "report/summary.h"

/* Shared by all sessions. */
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

/* Bytes sent [0] and received [1] by an earlier run (--offset, --resume). */
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
	free(report->digest);
	return false;
}

static void
report_tick(void *context, const struct outcome *count, bool asked)
{
	struct report *report = context;

	if (!report->config->many && (asked || report->config->progress))
		progress_draw(&report->progress, count, false);
}

static bool
begin_logs(struct report *report)
{
	struct report_logs *logs = calloc(1, sizeof(*logs));
	struct relay_watch *watch = &report->watch;

	if (logs == NULL) {
		diag_error("no memory for a log");
		return false;
	}
	report->logs = logs;
	log_begin(&output);
	log_begin(&hex_dump);
	log_part_begin(&logs->part, &output);
	if (report->config->output != NULL)
		watch->received[1] = report->config->many ? &logs->part.tap :
		    &output.tap;
	if (report->config->hex_dump != NULL) {
		hexdump_begin(&logs->sent, &hex_dump, '>');
		hexdump_begin(&logs->received, &hex_dump, '<');
		watch->sent[2] = &logs->sent.tap;
		watch->received[2] = &logs->received.tap;
	}
	return true;
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
	if ((config->output != NULL || config->hex_dump != NULL) &&
	    !begin_logs(report))
		return false;
	if (config->digest == NULL || begin_digests(report, peer))
		return true;
	free(report->logs);
	return false;
}

/* In sha256sum(1)'s format; without a file, word says which digest it is. */
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
	if (report->logs != NULL)
		log_part_end(&report->logs->part);
	free(report->logs);
	if (report->config->progress && !report->config->many && code >= 0)
		progress_draw(&report->progress, count, true);
	if (report->digest != NULL) {
		end_digests(report);
		if (code == EXIT_DONE)
			print_digests(report, count);
		free(report->digest);
	}
	if (code >= 0)
		summary_print(count, report->since_us, code,
		    report->config->json);
}
