#include <inttypes.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <string.h>

#include "base/diag.h"
#include "stream/tls.h"
#include "stream/tls_context.h"
#include "stream/tls_lib.h"
#include "stream/tls_peer.h"
#include "stream/tls_psk.h"

const char *
tls_invitation(const struct tls_context *context)
{
	return context != NULL && context->invitation[0] != '\0' ?
	    context->invitation : NULL;
}

const char *
tls_authorities(void)
{
	return tls_lib.X509_get_default_cert_dir();
}

/* Prints why a file cannot be used. */
static bool
useless(const char *what, const char *path)
{
	diag_error("cannot use the %s %s: %s", what, path, tls_lib_error());
	return false;
}

/*
 * The faster cipher first: AES where the processor has instructions for it, as
 * OpenSSL tells (OPENSSL_ia32cap(3): bit 57, OPENSSL_armcap: bit 2), else
 * ChaCha20.
 */
static void
set_ciphers(SSL_CTX *context, bool psk)
{
	const char *cpu = tls_lib.OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);
	const char *rest = psk ? "" : ":TLS_AES_256_GCM_SHA384";
	uint64_t bits = 0;
	char list[96];

	if (cpu == NULL)
		cpu = "";
	if ((sscanf(cpu, "OPENSSL_ia32cap=%" SCNx64, &bits) == 1 &&
	    bits >> 57 & 1) || (sscanf(cpu, "OPENSSL_armcap=%" SCNx64,
	    &bits) == 1 && bits >> 2 & 1))
		snprintf(list, sizeof(list), "TLS_AES_128_GCM_SHA256%s:"
		    "TLS_CHACHA20_POLY1305_SHA256", rest);
	else
		snprintf(list, sizeof(list), "TLS_CHACHA20_POLY1305_SHA256:"
		    "TLS_AES_128_GCM_SHA256%s", rest);
	tls_lib.SSL_CTX_set_ciphersuites(context, list);
}

static int
ask_password(char *password, int size, int writing, void *path)
{
	char prompt[300];

	snprintf(prompt, sizeof(prompt), "Password of %.250s: ",
	    (const char *)path);
	if (readpassphrase(prompt, password, (size_t)size,
	    RPP_ECHO_OFF | RPP_REQUIRE_TTY) == NULL)
		return -1;
	return (int)strlen(password);
}

/* The key may be in the certificate's file. */
static bool
load_own_key(SSL_CTX *context, const struct tls_config *config)
{
	const char *key = config->key != NULL ? config->key : config->cert;

	if (tls_lib.SSL_CTX_use_certificate_chain_file(context,
	    config->cert) != 1)
		return useless("certificate", config->cert);
	tls_lib.SSL_CTX_set_default_passwd_cb(context, ask_password);
	tls_lib.SSL_CTX_set_default_passwd_cb_userdata(context, (void *)key);
	if (tls_lib.SSL_CTX_use_PrivateKey_file(context, key,
	    SSL_FILETYPE_PEM) != 1)
		return useless("key", key);
	return true;
}

/* Self-signed; its names mean nothing, since peers verify the key by a pin. */
static X509 *
certificate(EVP_PKEY *key)
{
	X509 *made = tls_lib.X509_new();
	X509_NAME *name;

	if (made == NULL)
		return NULL;
	name = tls_lib.X509_get_subject_name(made);
	if (tls_lib.X509_set_version(made, X509_VERSION_3) &&
	    tls_lib.ASN1_INTEGER_set(tls_lib.X509_get_serialNumber(made), 1) &&
	    tls_lib.X509_gmtime_adj(tls_lib.X509_getm_notBefore(made),
	    -86400) && tls_lib.X509_gmtime_adj(
	    tls_lib.X509_getm_notAfter(made), 3650L * 86400) &&
	    tls_lib.X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
	    (const unsigned char *)"nc-lite", -1, -1, 0) &&
	    tls_lib.X509_set_issuer_name(made, name) &&
	    tls_lib.X509_set_pubkey(made, key) &&
	    tls_lib.X509_sign(made, key, tls_lib.EVP_sha256()))
		return made;
	return NULL;
}

static bool
make_own_key(struct tls_context *context)
{
	EVP_PKEY *key = tls_lib.EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	X509 *made = key != NULL ? certificate(key) : NULL;
	char pin[TLS_PEER_PIN];

	if (made == NULL ||
	    tls_lib.SSL_CTX_use_certificate(context->library, made) != 1 ||
	    tls_lib.SSL_CTX_use_PrivateKey(context->library, key) != 1) {
		diag_error("cannot create a key: %s", tls_lib_error());
		return false;
	}
	snprintf(context->invitation, sizeof(context->invitation),
	    "nc-lite -c --pin %s", tls_peer_pin(made, pin));
	tls_lib.X509_free(made);
	tls_lib.EVP_PKEY_free(key);
	return true;
}

/* "h2,http/1.1" in the format of RFC 7301: each name after its length. */
static unsigned
alpn_parse(const char *text, unsigned char *list)
{
	unsigned at = 0, length;

	for (;; text += length + 1) {
		length = (unsigned)strcspn(text, ",");
		if (length == 0 || at + length + 1 > TLS_ALPN)
			return 0;
		list[at] = (unsigned char)length;
		memcpy(list + at + 1, text, length);
		at += length + 1;
		if (text[length] == '\0')
			return at;
	}
}

static int
choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *length,
    const unsigned char *theirs, unsigned size, void *argument)
{
	const struct tls_context *context = argument;
	unsigned char *chosen;

	if (tls_lib.SSL_select_next_proto(&chosen, length, context->alpn,
	    context->alpn_size, theirs, size) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool
set_alpn(struct tls_context *context, const char *names)
{
	context->alpn_size = alpn_parse(names, context->alpn);
	if (context->alpn_size == 0) {
		diag_error("--alpn: bad value '%.40s': use names like "
		    "h2,http/1.1", names);
		return false;
	}
	tls_lib.SSL_CTX_set_alpn_protos(context->library, context->alpn,
	    context->alpn_size);
	tls_lib.SSL_CTX_set_alpn_select_cb(context->library, choose_alpn,
	    context);
	return true;
}

/* Revocation lists in the file are checked, too. */
static bool
set_trust(SSL_CTX *context, const struct tls_config *config)
{
	X509_STORE *store = tls_lib.SSL_CTX_get_cert_store(context);
	OPENSSL_STACK *all;
	int i;

	if (config->ca == NULL) {
		tls_lib.SSL_CTX_set_default_verify_paths(context);
		return true;
	}
	if (tls_lib.SSL_CTX_load_verify_file(context, config->ca) != 1)
		return useless("authorities", config->ca);
	all = (OPENSSL_STACK *)tls_lib.X509_STORE_get0_objects(store);
	for (i = 0; i < tls_lib.OPENSSL_sk_num(all); i++)
		if (tls_lib.X509_OBJECT_get_type(
		    tls_lib.OPENSSL_sk_value(all, i)) == X509_LU_CRL)
			tls_lib.X509_STORE_set_flags(store,
			    X509_V_FLAG_CRL_CHECK);
	return true;
}

/*
 * No tickets: no connection is resumed, and unread tickets would make close(2)
 * send RST. Groups are left to OpenSSL, whose default improves with it.
 */
static void
set_protocol(SSL_CTX *library, bool psk)
{
	tls_lib.SSL_CTX_set_options(library, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	tls_lib.SSL_CTX_set_num_tickets(library, 0);
	tls_lib.SSL_CTX_ctrl(library, SSL_CTRL_SET_SESS_CACHE_MODE,
	    SSL_SESS_CACHE_OFF, NULL);
	tls_lib.SSL_CTX_ctrl(library, SSL_CTRL_SET_MIN_PROTO_VERSION,
	    psk ? TLS1_3_VERSION : TLS1_2_VERSION, NULL);
	tls_lib.SSL_CTX_set_security_level(library, 2);
	set_ciphers(library, psk);
}

bool
tls_context_fill(struct tls_context *context)
{
	const struct tls_config *config = context->config;
	SSL_CTX *library = tls_lib.SSL_CTX_new(tls_lib.TLS_method());
	bool psk = config->psk != NULL, fine = true;

	context->library = library;
	if (library == NULL) {
		diag_error("cannot start TLS: %s", tls_lib_error());
		return false;
	}
	set_protocol(library, psk);
	tls_peer_begin(library, config);
	if (config->alpn != NULL)
		fine = set_alpn(context, config->alpn);
	if (fine && psk)
		fine = tls_psk_begin(&context->psk, library, config->psk);
	else if (fine && config->cert != NULL)
		fine = load_own_key(library, config);
	else if (fine && config->listening)
		fine = make_own_key(context);
	if (fine && !psk && (config->pins == 0 ? config->client_auth ||
	    !config->listening : config->ca != NULL))
		fine = set_trust(library, config);
	return fine;
}
