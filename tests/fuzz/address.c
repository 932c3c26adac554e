/*
 * Addresses: what is understood and said is understood as the same again.
 * Input: 'u' and a path, or a host of digits.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fuzz.h"
#include "net/address.h"
#include "net/endpoint.h"
#include "net/resolve.h"

static void
host(const char *text)
{
	struct address_query query = {
		.host = text,
		.family = AF_UNSPEC,
		.type = SOCK_STREAM,
		.port = 443,
		.numeric = true,
	};
	struct address_list list, again;
	char said[ADDRESS_TEXT], whole[ENDPOINT_TEXT];

	if (resolve_run(&query, clock_deadline(CLOCK_SECOND), &list) != 0)
		return;
	must(list.count > 0 && list.count <= ADDRESS_LIST);
	must(address_port(&list.item[0]) == 443);
	must(fuzz_is_printable(address_text(&list.item[0], said)));
	endpoint_text("name", &list.item[0], whole);
	query.host = said;
	must(resolve_run(&query, clock_deadline(CLOCK_SECOND), &again) == 0);
	must(again.count > 0);
	/* ::ffff:10.0.0.1 is said as 10.0.0.1. */
	must(address_equal(&again.item[0], &list.item[0]) ||
	    list.item[0].sa.any.sa_family == AF_INET6);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text, said[ADDRESS_TEXT];
	struct address address;

	if (size < 1)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	if (data[0] != 'u')
		host(text);
	else if (address_parse_unix(text, &address)) {
		must(address.length <= sizeof(address.sa));
		must(strlen(address_text(&address, said)) < sizeof(said));
		must(strlen(address_port_text(&address, said)) < sizeof(said));
		must(address_port(&address) == 0);
		must(address_equal(&address, &address));
	}
	free(text);
	return 0;
}
