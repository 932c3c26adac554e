/*
 * A certificate on its way to a terminal: whatever stands in it, what is said
 * about it is printable. Input: which error, then the certificate in DER.
 */
#include <dlfcn.h>
#include <stdlib.h>

#include "base/library.h"
#include "fuzz.h"

#include "stream/tls_peer.c"

static X509 *(*parse)(X509 **, const unsigned char **, long);

static void
load(void)
{
	void *library = dlopen(LIBRARY_SONAME("libcrypto"), RTLD_NOW);
	void *at = library != NULL ? dlsym(library, "d2i_X509") : NULL;

	if (at == NULL || !tls_lib_open())
		abort();
	memcpy(&parse, &at, sizeof(at));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int error[] = { X509_V_ERR_CERT_HAS_EXPIRED,
	    X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_HOSTNAME_MISMATCH,
	    X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
	    X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY };
	const struct tls_config config = { .name = "host.example" };
	const unsigned char *at = data + 1;
	struct tls_facts facts = { .days = -1 };
	char why[STREAM_ERROR - 40];
	X509 *certificate;

	if (size < 2)
		return 0;
	if (parse == NULL)
		load();
	certificate = parse(NULL, &at, (long)size - 1);
	tls_lib.ERR_clear_error();
	if (certificate == NULL)
		return 0;
	explain(error[data[0] % 5], certificate, &config, why, sizeof(why));
	must(fuzz_is_printable(why));
	describe_certificate(certificate, &facts);
	must(fuzz_is_printable(facts.subject));
	must(fuzz_is_printable(facts.issuer));
	must(fuzz_is_printable(facts.pin) && fuzz_is_printable(facts.valid));
	tls_lib.X509_free(certificate);
	return 0;
}
