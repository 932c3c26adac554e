#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/diag.h"
#include "cli/steps.h"

void
refuse(const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	diag_error("%s", text);
	diag_exit(EXIT_LOCAL);
}

static const struct { int letter; const char *why; } ambiguous[] = {
	{ 'e', "is a command for some netcats and a TLS name for others: use "
	    "--exec COMMAND or --sh-exec COMMAND" },
	{ 'o', "is a dump file for some netcats and an OCSP file for others: "
	    "--output FILE or --hex-dump FILE" },
	{ 'g', "is source routing for some netcats; the network drops such "
	    "packets (RFC 7126)" },
	{ 'G', "is source routing for some netcats and a time for others: use "
	    "--connect-timeout TIME" },
	{ 'Z', "is DCCP for some netcats and a certificate file for others; "
	    "neither is supported" },
	{ 'V', "is a routing table for some netcats and the version for "
	    "others: use --version" },
};

void
refuse_unknown(int letter, const char *argument)
{
	size_t i;

	for (i = 0; i < sizeof(ambiguous) / sizeof(ambiguous[0]); i++)
		if (ambiguous[i].letter == letter)
			refuse("option -%c %s", letter, ambiguous[i].why);
	if (letter != 0)
		refuse("invalid option -- '%c'; try --help", letter);
	refuse("unrecognized option '%s'; try --help", argument);
}
