#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/text.h"
#include "net/ports.h"
#include "scan/output.h"
#include "scan/results.h"
#include "scan/rounds.h"
#include "scan/scan.h"
#include "scan/words.h"

/* The times of one port of one target. */
struct samples {
	uint32_t *us;
	size_t	 count, room;	/* rounds in which it was good */
	size_t	 failed;	/* other rounds */
};

struct rounds {
	int	 done;		/* rounds that are over */
	int64_t	 since_us;	/* when the current one was to begin */
	int	 code;		/* the worst exit code */
	struct samples samples[];
};

bool
rounds_open(struct scan *scan)
{
	scan->rounds = calloc(1, sizeof(*scan->rounds) +
	    scan->config->targets->ports * sizeof(struct samples));
	if (scan->rounds != NULL)
		scan->rounds->since_us = clock_now_us();
	return scan->rounds != NULL;
}

void
rounds_close(struct scan *scan)
{
	size_t i;

	for (i = 0; scan->rounds != NULL && i < scan->config->targets->ports;
	    i++)
		free(scan->rounds->samples[i].us);
	free(scan->rounds);
}

static void
keep(struct samples *samples, uint32_t us)
{
	size_t room = samples->room * 2 + 64;
	uint32_t *more;

	if (samples->count == samples->room) {
		more = reallocarray(samples->us, room, sizeof(*more));
		if (more == NULL)
			return;
		samples->us = more;
		samples->room = room;
	}
	samples->us[samples->count++] = us;
}

/* Prints and keeps a port's result, and resets it. */
static void
end_port(struct scan *scan, const struct port *port, struct samples *samples)
{
	size_t i;

	output_round(scan, port);
	if (!port_good(scan->config, port))
		samples->failed++;
	else if (port->best != NULL)
		keep(samples, port->best->took_us);
	for (i = 0; i < port->target->addresses; i++)
		result_clear(result_at(port->target, port->index, i));
}

int64_t
rounds_end(struct scan *scan, const struct loop *loop)
{
	struct rounds *rounds = scan->rounds;
	struct samples *samples = rounds->samples;
	struct scan_config all = *scan->config;
	struct port port = { .target = NULL };
	struct results_sum sum;
	int code;

	all.all = true;
	code = results_sum(&all, &sum);
	if (code > rounds->code)
		rounds->code = code;
	while (port_next(all.targets, &port))
		end_port(scan, &port, samples++);
	if (++rounds->done == scan->config->count)
		return 0;
	rounds->since_us += scan->config->every_us;
	if (rounds->since_us < loop->now_us)
		rounds->since_us = loop->now_us;
	return rounds->since_us;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The percentile in milliseconds, of sorted samples. */
static double
percentile(const struct samples *samples, size_t percent)
{
	size_t i = samples->count * percent / 100;

	return (double)samples->us[i < samples->count ? i : i - 1] / 1000;
}

static void
tell_port(const struct scan *scan, const struct port *port,
    const struct samples *samples)
{
	char name[WORDS_PORT], times[128] = "", host[2 * WORDS_PORT];
	bool json = scan->config->json;

	if (samples->count > 0) {
		qsort(samples->us, samples->count, sizeof(*samples->us),
		    compare);
		snprintf(times, sizeof(times), json ? ",\"min\":%.3f,"
		    "\"median\":%.3f,\"p99\":%.3f,\"max\":%.3f" :
		    ", min/median/p99/max %.3f/%.3f/%.3f/%.3f ms",
		    percentile(samples, 0), percentile(samples, 50),
		    percentile(samples, 99), percentile(samples, 100));
	}
	if (json)
		printf("{\"host\":%s,\"port\":%u,\"rounds\":%zu,"
		    "\"failed\":%zu%s}\n", text_quote(port->target->host,
		    TEXT_JSON, host, sizeof(host)), port->number,
		    samples->count + samples->failed, samples->failed, times);
	else
		diag_error("%s: %zu rounds, %zu failed%s", words_port(port,
		    name), samples->count + samples->failed,
		    samples->failed, times);
}

int
rounds_tell(const struct scan *scan)
{
	const struct samples *samples = scan->rounds->samples;
	struct port port = { .target = NULL };

	while (port_next(scan->config->targets, &port))
		tell_port(scan, &port, samples++);
	return scan->rounds->done == 0 ? EXIT_TIME : scan->rounds->code;
}
