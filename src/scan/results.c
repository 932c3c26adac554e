#include <stdlib.h>

#include "base/diag.h"
#include "net/transport.h"
#include "scan/results.h"
#include "scan/scan.h"

struct result *
result_at(const struct target *target, size_t port, size_t address)
{
	return &target->result[address * target->ports + port];
}

bool
results_open(struct target *target)
{
	target->result = calloc(target->addresses * target->ports,
	    sizeof(*target->result));
	return target->result != NULL;
}

void
result_clear(struct result *result)
{
	free(result->heard);
	free(result->facts);
	*result = (struct result){ .busy = false };
}

void
results_close(struct target *target)
{
	size_t i;

	for (i = 0; target->result != NULL &&
	    i < target->addresses * target->ports; i++)
		result_clear(&target->result[i]);
	free(target->result);
	free(target->address);
}

size_t
result_best(const struct target *target, size_t port)
{
	static const int rank[PORT_STATES] = {
		[PORT_OPEN] = 7,
		[PORT_WRONG] = 6,
		[PORT_CLOSING] = 5,
		[PORT_UNTRIED] = 4,
		[PORT_DOUBT] = 3,
		[PORT_SILENT] = 2,
		[PORT_FILTERED] = 2,
		[PORT_UNREACHABLE] = 1,
	};
	size_t i, best = 0;

	for (i = 1; i < target->addresses; i++)
		if (rank[result_at(target, port, i)->state] >
		    rank[result_at(target, port, best)->state])
			best = i;
	return best;
}

enum port_state
result_state(const struct target *target, size_t port)
{
	if (target->addresses == 0)
		return target->name_error != NULL ? PORT_UNRESOLVED :
		    PORT_UNTRIED;
	return result_at(target, port, result_best(target, port))->state;
}

bool
result_settled(const struct scan_config *config, const struct target *target,
    size_t port)
{
	const struct result *result;
	size_t i;

	for (i = 0; i < target->addresses; i++) {
		result = result_at(target, port, i);
		if (result->state == PORT_OPEN && !config->each_address)
			return true;
		if (result->state <= PORT_DOUBT || result->busy)
			return false;
	}
	return target->addresses > 0 || target->name_error != NULL;
}

/* What is not open is free; of UDP only what refuses is. */
bool
result_good(const struct scan_config *config, const struct target *target,
    size_t port)
{
	enum port_state state = result_state(target, port);
	bool datagrams = transport_can(&config->endpoint,
	    TRANSPORT_MESSAGES);

	if (config->closed)
		return datagrams ? state == PORT_CLOSED : state > PORT_OPEN;
	if (state == PORT_SILENT && datagrams)
		return config->assume_open;
	return state == PORT_OPEN && result_at(target, port,
	    result_best(target, port))->code == EXIT_DONE;
}

void
results_count(const struct scan_config *config, struct results_sum *sum)
{
	const struct targets *targets = config->targets;
	const struct target *target;
	size_t i, port, address;

	*sum = (struct results_sum){ .code = EXIT_DONE };
	for (i = 0; i < targets->count; i++) {
		target = &targets->item[i];
		for (port = 0; port < target->ports; port++) {
			sum->count[result_state(target, port)]++;
			sum->good += result_good(config, target, port);
			if (target->name_code > sum->name_code)
				sum->name_code = target->name_code;
			if (target->addresses == 0)
				continue;
			address = result_best(target, port);
			if (result_at(target, port, address)->code > sum->code)
				sum->code = result_at(target, port,
				    address)->code;
		}
	}
}

int
results_code(const struct scan_config *config, const struct results_sum *sum)
{
	const size_t *count = sum->count;

	if (sum->code == EXIT_IDENTITY && !config->closed)
		return sum->code;
	if (sum->good >= (config->all ? config->targets->ports : 1))
		return EXIT_DONE;
	if (config->closed)
		return EXIT_NETWORK;
	if (count[PORT_UNRESOLVED] > 0)
		return sum->name_code;
	if (sum->code != EXIT_DONE)
		return sum->code;
	return count[PORT_SILENT] + count[PORT_FILTERED] + count[PORT_DOUBT] +
	    count[PORT_UNTRIED] > 0 ? EXIT_TIME : EXIT_NETWORK;
}
