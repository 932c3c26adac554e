#include <stdio.h>

#include "sys/sandbox.h"

/* For kernels other than Linux. */
void
sandbox_enter(const struct sandbox *sandbox, char *text)
{
	if (text != NULL)
		snprintf(text, SANDBOX_TEXT, "nothing");
}
