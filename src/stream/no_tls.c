#include "base/diag.h"
#include "stream/tls.h"

/* What stands in the place of tls*.c after `make TLS=no`. */

static int
missing(void)
{
	diag_error("this nc-lite was built without TLS (make TLS=no)");
	return EXIT_LOCAL;
}

int
tls_begin(const struct tls_config *config)
{
	(void)config;
	return missing();
}

const char *
tls_invitation(void)
{
	return NULL;
}

bool
tls_open(struct stream *stream)
{
	(void)stream;
	return false;
}

int
tls_psk_create(const char *path)
{
	(void)path;
	return missing();
}
