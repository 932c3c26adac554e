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

const struct address *
result_address(const struct target *target, const struct result *result)
{
	return &target->address[(size_t)(result - target->result) /
	    target->ports];
}

static const struct result *
best_of(const struct target *target, size_t index)
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
	const struct result *result, *best = NULL;
	size_t i;

	for (i = 0; i < target->addresses; i++) {
		result = result_at(target, index, i);
		if (best == NULL || rank[result->state] > rank[best->state])
			best = result;
	}
	return best;
}

struct port
port_at(const struct target *target, size_t index)
{
	const struct result *best = best_of(target, index);

	return (struct port){
		.target = target,
		.index = index,
		.number = target->port[index],
		.best = best,
		.state = best != NULL ? best->state :
		    target->name_error != NULL ? PORT_UNRESOLVED : PORT_UNTRIED,
	};
}

bool
port_next(const struct targets *targets, struct port *port)
{
	const struct target *target = port->target;
	size_t index = port->index + 1;

	if (target == NULL || index == target->ports) {
		target = target == NULL ? targets->item : target + 1;
		index = 0;
	}
	if (target == targets->item + targets->count)
		return false;
	*port = port_at(target, index);
	return true;
}

bool
port_settled(const struct scan_config *config, const struct port *port)
{
	const struct target *target = port->target;
	const struct result *result;
	size_t i;

	for (i = 0; i < target->addresses; i++) {
		result = result_at(target, port->index, i);
		if (result->state == PORT_OPEN && !config->each_address)
			return true;
		if (result->state <= PORT_DOUBT || result->busy)
			return false;
	}
	return port->state != PORT_UNTRIED;
}

/* --closed: any TCP port that is not open; a UDP port must refuse. */
bool
port_good(const struct scan_config *config, const struct port *port)
{
	bool datagrams = transport_can(&config->endpoint,
	    TRANSPORT_MESSAGES);

	if (config->closed)
		return datagrams ? port->state == PORT_CLOSED :
		    port->state > PORT_OPEN;
	if (port->state == PORT_SILENT && datagrams)
		return config->assume_open;
	return port->state == PORT_OPEN && port->best->code == EXIT_DONE;
}

static void
count(const struct scan_config *config, struct results_sum *sum)
{
	struct port port = { .target = NULL };

	*sum = (struct results_sum){ .code = EXIT_DONE };
	while (port_next(config->targets, &port)) {
		sum->count[port.state]++;
		sum->good += port_good(config, &port);
		if (port.target->name_code > sum->name_code)
			sum->name_code = port.target->name_code;
		if (port.best != NULL && port.best->code > sum->code)
			sum->code = port.best->code;
	}
}

int
results_sum(const struct scan_config *config, struct results_sum *sum)
{
	const size_t *of = sum->count;

	count(config, sum);
	if (sum->code == EXIT_IDENTITY && !config->closed)
		return sum->code;
	if (sum->good >= (config->all ? config->targets->ports : 1))
		return EXIT_DONE;
	if (config->closed)
		return EXIT_NETWORK;
	if (of[PORT_UNRESOLVED] > 0)
		return sum->name_code;
	if (sum->code != EXIT_DONE)
		return sum->code;
	return of[PORT_SILENT] + of[PORT_FILTERED] + of[PORT_DOUBT] +
	    of[PORT_UNTRIED] > 0 ? EXIT_TIME : EXIT_NETWORK;
}
