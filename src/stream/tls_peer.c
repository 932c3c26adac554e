#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"
#include "stream/stream.h"
#include "stream/tls.h"
#include "stream/tls_lib.h"
#include "stream/tls_peer.h"

#define NAME	160	/* bytes for a subject or issuer, which is truncated */
#define DIGEST	32

const char *
tls_peer_pin(const X509 *certificate, char *text)
{
	unsigned char *octets = NULL, digest[DIGEST];
	int i, length = tls_lib.i2d_X509_PUBKEY(
	    tls_lib.X509_get_X509_PUBKEY(certificate), &octets);

	strcpy(text, "sha256:");
	if (length <= 0)
		return text;
	tls_lib.SHA256(octets, (size_t)length, digest);
	tls_lib.CRYPTO_free(octets, __FILE__, __LINE__);
	for (i = 0; i < DIGEST; i++)
		snprintf(text + 7 + 2 * i, 3, "%02x", digest[i]);
	return text;
}

static bool
is_pinned(const X509 *certificate, const struct tls_config *config)
{
	char pin[TLS_PEER_PIN];
	size_t i;

	tls_peer_pin(certificate, pin);
	for (i = 0; i < config->pins; i++)
		if (strcasecmp(config->pin[i], pin) == 0)
			return true;
	return false;
}

/* The time between two moments: "3 days", "1 hour"; NULL is now. */
static const char *
span(const ASN1_TIME *from, const ASN1_TIME *to, char *text, size_t size)
{
	int days = 0, seconds = 0, count;

	tls_lib.ASN1_TIME_diff(&days, &seconds, from, to);
	count = days > 0 ? days : seconds > 3600 ? seconds / 3600 :
	    seconds / 60;
	snprintf(text, size, "%d %s%s", count, days > 0 ? "day" :
	    seconds > 3600 ? "hour" : "minute", count == 1 ? "" : "s");
	return text;
}

/*
 * The certificate's hosts, as many as fit, with "?" for what is not printable;
 * its subject if it has none.
 */
static const char *
hosts(const X509 *certificate, char *text, int size)
{
	char *from, *to;
	int length = 0, at = tls_lib.X509_get_ext_by_NID(certificate,
	    NID_subject_alt_name, -1);
	BIO *bio = tls_lib.BIO_new(tls_lib.BIO_s_mem());

	if (bio != NULL && at != -1 && tls_lib.X509V3_EXT_print(bio,
	    tls_lib.X509_get_ext(certificate, at), 0, 0) == 1)
		length = tls_lib.BIO_read(bio, text, size - 1);
	tls_lib.BIO_free(bio);
	if (length <= 0)
		return tls_lib.X509_NAME_oneline(
		    tls_lib.X509_get_subject_name(certificate), text, size);
	text[length] = '\0';
	for (from = to = text; *from != '\0'; from++) {
		from += strncmp(from, "DNS:", 4) == 0 ? 4 :
		    strncmp(from, "IP Address:", 11) == 0 ? 11 : 0;
		if (*from == '\0')
			break;
		*to++ = *from < ' ' || *from > '~' ? '?' : *from;
	}
	*to = '\0';
	return text;
}

static bool
has_names(const X509 *certificate)
{
	return tls_lib.X509_get_ext_by_NID(certificate, NID_subject_alt_name,
	    -1) != -1;
}

/* Why verification failed, as it follows "certificate ". */
static void
explain(int error, const X509 *certificate, const struct tls_config *config,
    char *text, size_t size)
{
	char detail[NAME];

	switch (error) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		snprintf(text, size, "expired %s ago", span(
		    tls_lib.X509_get0_notAfter(certificate), NULL, detail,
		    sizeof(detail)));
		break;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		snprintf(text, size, "is not valid until %s from now",
		    span(NULL, tls_lib.X509_get0_notBefore(certificate),
		    detail, sizeof(detail)));
		break;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		snprintf(text, size, "is for %s%s, not %s",
		    has_names(certificate) ? "" : "no host, only for ",
		    hosts(certificate, detail, NAME), config->name);
		break;
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		snprintf(text, size, "is self-signed and not trusted");
		break;
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
		tls_lib.X509_NAME_oneline(
		    tls_lib.X509_get_issuer_name(certificate), detail, NAME);
		snprintf(text, size, "was issued by %s, which is not trusted",
		    detail);
		break;
	default:
		snprintf(text, size, "is not accepted: %s",
		    tls_lib.X509_verify_cert_error_string(error));
	}
}

static void
describe_certificate(const X509 *certificate, struct tls_facts *facts)
{
	const ASN1_TIME *end = tls_lib.X509_get0_notAfter(certificate);
	int seconds;

	tls_lib.X509_NAME_oneline(tls_lib.X509_get_subject_name(certificate),
	    facts->subject, sizeof(facts->subject));
	tls_lib.X509_NAME_oneline(tls_lib.X509_get_issuer_name(certificate),
	    facts->issuer, sizeof(facts->issuer));
	tls_lib.ASN1_TIME_diff(&facts->days, &seconds, NULL, end);
	span(NULL, end, facts->valid, sizeof(facts->valid));
	tls_peer_pin(certificate, facts->pin);
}

/*
 * Prints a rejected certificate. Its pin may be an attacker's, so it is not
 * offered for use with --pin, only for comparison.
 */
static void
tell_refused(const X509 *certificate, struct tls_facts *wanted)
{
	struct tls_facts facts = { .days = -1 };

	describe_certificate(certificate, &facts);
	diag_line(1, "Certificate of %s, issued by %s: rejected",
	    facts.subject, facts.issuer);
	diag_line(2, "Its key is %s: compare it with what the peer's "
	    "owner tells you over another channel", facts.pin);
	if (wanted != NULL)
		*wanted = facts;
}

/* Sets the error of the stream to which the verification belongs. */
static void
complain(X509_STORE_CTX *store, const struct tls_config *config, bool trusted)
{
	SSL *ssl = tls_lib.X509_STORE_CTX_get_ex_data(store,
	    tls_lib.SSL_get_ex_data_X509_STORE_CTX_idx());
	struct stream *stream = tls_lib.SSL_get_ex_data(ssl, 0);
	int error = tls_lib.X509_STORE_CTX_get_error(store);
	int depth = tls_lib.X509_STORE_CTX_get_error_depth(store);
	const X509 *bad = tls_lib.X509_STORE_CTX_get_current_cert(store);
	char why[STREAM_ERROR - 40];

	if (bad == NULL)
		bad = tls_lib.X509_STORE_CTX_get0_cert(store);
	if (config->psk != NULL)
		snprintf(why, sizeof(why), "was rejected: the peer does not "
		    "know the key (--psk)");
	else if (trusted)
		snprintf(why, sizeof(why), "does not match the pinned "
		    "one (--pin)");
	else
		explain(error, bad, config, why, sizeof(why));
	snprintf(stream->error, sizeof(stream->error), "%scertificate %s",
	    depth > 0 ? "the authority's " : "", why);
	tell_refused(tls_lib.X509_STORE_CTX_get0_cert(store), stream->facts);
}

/* With both, a pin and authorities must each be content. */
static int
verify(X509_STORE_CTX *store, void *argument)
{
	const struct tls_config *config = argument;
	bool trusted = true;

	if (config->insecure)
		return 1;
	if (config->psk == NULL && (config->pins == 0 || config->ca != NULL))
		trusted = tls_lib.X509_verify_cert(store) == 1;
	if (trusted && config->psk == NULL && (config->pins == 0 ||
	    is_pinned(tls_lib.X509_STORE_CTX_get0_cert(store), config)))
		return 1;
	complain(store, config, trusted);
	if (trusted)
		tls_lib.X509_STORE_CTX_set_error(store,
		    X509_V_ERR_CERT_UNTRUSTED);
	return 0;
}

void
tls_peer_begin(SSL_CTX *context, const struct tls_config *config)
{
	int mode = SSL_VERIFY_PEER;

	if (config->listening && (config->client_auth || config->pins > 0))
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	else if (config->listening)
		mode = SSL_VERIFY_NONE;
	tls_lib.SSL_CTX_set_verify(context, mode, NULL);
	tls_lib.SSL_CTX_set_cert_verify_callback(context, verify,
	    (void *)config);
}

/*
 * Only subjectAltName counts (RFC 9525). There is no SNI for addresses (RFC
 * 6066, section 3). An empty name would disable the check.
 */
bool
tls_peer_expect(SSL *ssl, const struct tls_config *config)
{
	X509_VERIFY_PARAM *param = tls_lib.SSL_get0_param(ssl);
	char name[256];
	size_t length;

	if (config->listening || config->name == NULL)
		return true;
	snprintf(name, sizeof(name), "%s", config->name);
	name[strcspn(name, "%")] = '\0';
	length = strlen(name);
	if (length > 0 && name[length - 1] == '.')
		name[--length] = '\0';
	if (length == 0)
		return false;
	if (tls_lib.X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1)
		return true;
	tls_lib.ERR_clear_error();
	tls_lib.X509_VERIFY_PARAM_set_hostflags(param,
	    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS |
	    X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	return tls_lib.X509_VERIFY_PARAM_set1_host(param, name, 0) == 1 &&
	    tls_lib.SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME,
	    TLSEXT_NAMETYPE_host_name, name) == 1;
}

static void
describe(const SSL *ssl, const struct tls_config *config,
    struct tls_facts *facts)
{
	const X509 *certificate = tls_lib.SSL_get0_peer_certificate(ssl);
	const unsigned char *protocol;
	const char *group;
	unsigned length;

	*facts = (struct tls_facts){ .days = -1,
	    .insecure = config->insecure, .proof = config->insecure ?
	    "nobody (--insecure)" : config->psk != NULL ? config->psk :
	    config->pins == 0 ? config->ca != NULL ? config->ca :
	    "the system's authorities" : config->ca != NULL ?
	    "its pin and authorities" : "its pin" };
	/* These do not change it, but lack a const. */
	group = tls_lib.SSL_group_to_name((SSL *)ssl, (int)tls_lib.SSL_ctrl(
	    (SSL *)ssl, SSL_CTRL_GET_NEGOTIATED_GROUP, 0, NULL));
	strlcpy(facts->version, tls_lib.SSL_get_version(ssl),
	    sizeof(facts->version));
	strlcpy(facts->cipher, tls_lib.SSL_CIPHER_get_name(
	    tls_lib.SSL_get_current_cipher(ssl)), sizeof(facts->cipher));
	strlcpy(facts->group, group != NULL ? group : "no group",
	    sizeof(facts->group));
	tls_lib.SSL_get0_alpn_selected(ssl, &protocol, &length);
	snprintf(facts->alpn, sizeof(facts->alpn), "%.*s", (int)length,
	    (const char *)protocol);
	if (certificate != NULL)
		describe_certificate(certificate, facts);
}

static void
say(const struct tls_facts *facts)
{
	diag_line(1, "%s, %s, %s%s%s", facts->version, facts->cipher,
	    facts->group, facts->alpn[0] != '\0' ? ", ALPN " : "",
	    facts->alpn);
	if (facts->subject[0] != '\0')
		diag_line(1, "Certificate of %s, issued by %s, valid for %s, "
		    "verified by %s, key %s", facts->subject, facts->issuer,
		    facts->valid, facts->proof, facts->pin);
}

bool
tls_peer_proved(SSL *ssl, const struct tls_config *config,
    struct stream *stream)
{
	struct tls_facts facts;

	if (config->psk != NULL && !tls_lib.SSL_session_reused(ssl)) {
		snprintf(stream->error, sizeof(stream->error),
		    "the peer does not know the key (--psk)");
		stream->refused = true;
		return false;
	}
	if (config->insecure)
		diag_error("the peer is not verified (--insecure)");
	if (!diag_wants(1) && stream->facts == NULL)
		return true;
	describe(ssl, config, &facts);
	say(&facts);
	if (stream->facts != NULL)
		*stream->facts = facts;
	if (config->psk != NULL)
		diag_line(1, "Both ends know the key %s", config->psk);
	return true;
}
