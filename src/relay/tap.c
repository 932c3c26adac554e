#include <errno.h>

#include "relay/pool.h"
#include "relay/tap.h"
#include "stream/stream.h"

bool
taps_add(struct taps *taps, struct tap *tap)
{
	size_t i = 0;

	while (i < TAPS_MOST && taps->at[i] != NULL)
		i++;
	if (i == TAPS_MOST)
		return false;
	taps->at[i] = tap;
	return true;
}

size_t
taps_growth(const struct taps *taps)
{
	size_t i, growth = 1;

	for (i = 0; taps->at[i] != NULL; i++)
		if (taps->at[i]->apply != NULL)
			growth *= taps->at[i]->growth;
	return growth;
}

/* Returns false when there is no memory. */
static bool
change(struct tap *tap, uint8_t **data, size_t *size)
{
	uint8_t *changed = pool_take_buffer();

	if (changed == NULL) {
		stream_fail(tap->blame, ENOMEM);
		return false;
	}
	*size = tap->apply(tap, *data, *size, changed);
	pool_give_buffer(*data);
	*data = changed;
	return true;
}

size_t
taps_apply(const struct taps *taps, uint8_t **data, size_t size,
    const struct tap **objects)
{
	struct tap *tap;
	size_t i;
	bool good;

	*objects = NULL;
	for (i = 0; size > 0 && (tap = taps->at[i]) != NULL; i++) {
		good = tap->apply != NULL ? change(tap, data, &size) :
		    tap->look(tap, *data, size);
		if (!good && *objects == NULL)
			*objects = tap;
	}
	return size;
}

int
taps_flush(const struct taps *taps, const struct tap **objects)
{
	struct tap *tap;
	int fd = -1, waits = -1;
	size_t i;

	*objects = NULL;
	for (i = 0; (tap = taps->at[i]) != NULL; i++) {
		if (tap->flush == NULL)
			continue;
		if (!tap->flush(tap, &fd))
			*objects = tap;
		else if (fd != -1)
			waits = fd;
	}
	return waits;
}

const struct tap *
taps_end(const struct taps *taps)
{
	size_t i;

	for (i = 0; taps->at[i] != NULL; i++)
		if (taps->at[i]->end != NULL && !taps->at[i]->end(taps->at[i]))
			return taps->at[i];
	return NULL;
}
