#include <stdio.h>

#include "sys/sandbox.h"

/* For kernels whose ways are not known here. */
void
sandbox_enter(const struct sandbox *sandbox, char *text)
{
	(void)sandbox;
	if (text != NULL)
		snprintf(text, SANDBOX_TEXT, "nothing");
}
