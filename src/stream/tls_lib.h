#ifndef TLS_LIB_H
#define TLS_LIB_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

/*
 * OpenSSL, loaded on first use (base/library.h): the functions we call, with
 * the types of its headers. Macros of theirs that call functions cannot be
 * used.
 */
#define TLS_LIB_FUNCTIONS(X) \
	X(ASN1_INTEGER_set) X(ASN1_TIME_diff) X(BIO_clear_flags) X(BIO_free) \
	X(BIO_get_data) X(BIO_read) X(BIO_s_mem) X(X509V3_EXT_print) \
	X(X509_get_ext) X(X509_get_ext_by_NID) \
	X(BIO_meth_free) X(BIO_meth_new) X(BIO_meth_set_ctrl) \
	X(BIO_meth_set_read) \
	X(BIO_meth_set_write) X(BIO_new) X(BIO_set_data) X(BIO_set_flags) \
	X(BIO_set_init) X(CRYPTO_free) X(ERR_clear_error) X(ERR_peek_error) \
	X(ERR_reason_error_string) \
	X(EVP_DecodeBlock) X(EVP_PKEY_Q_keygen) X(EVP_PKEY_free) \
	X(EVP_sha256) X(HMAC) \
	X(OPENSSL_info) X(OPENSSL_sk_num) \
	X(OPENSSL_sk_value) X(SHA256) X(SSL_CIPHER_find) \
	X(SSL_CIPHER_get_name) X(SSL_CTX_ctrl) X(SSL_CTX_free) \
	X(SSL_CTX_get_cert_store) X(SSL_CTX_load_verify_file) X(SSL_CTX_new) \
	X(SSL_CTX_set_alpn_protos) X(SSL_CTX_set_alpn_select_cb) \
	X(SSL_CTX_set_cert_verify_callback) X(SSL_CTX_set_ciphersuites) \
	X(SSL_CTX_set_default_passwd_cb) \
	X(SSL_CTX_set_default_passwd_cb_userdata) \
	X(SSL_CTX_set_default_read_buffer_len) \
	X(SSL_CTX_set_default_verify_paths) X(SSL_CTX_set_num_tickets) \
	X(SSL_CTX_add_custom_ext) X(SSL_CTX_set_ex_data) \
	X(SSL_CTX_get_ex_data) \
	X(SSL_get_SSL_CTX) X(SSL_SESSION_dup) X(SSL_SESSION_free) \
	X(X509_free) X(SSL_CTX_set_options) \
	X(SSL_CTX_set_psk_find_session_callback) \
	X(SSL_CTX_set_psk_use_session_callback) \
	X(SSL_CTX_set_security_level) X(SSL_CTX_set_verify) \
	X(SSL_CTX_use_PrivateKey) X(SSL_CTX_use_PrivateKey_file) \
	X(SSL_CTX_use_certificate) X(SSL_CTX_use_certificate_chain_file) \
	X(SSL_SESSION_new) X(SSL_SESSION_set1_master_key) \
	X(SSL_SESSION_set_cipher) X(SSL_SESSION_set_protocol_version) \
	X(SSL_ctrl) X(SSL_do_handshake) \
	X(SSL_free) X(SSL_get0_alpn_selected) X(SSL_get0_param) \
	X(SSL_get0_peer_certificate) X(SSL_get_current_cipher) \
	X(SSL_get_error) X(SSL_get_ex_data) \
	X(SSL_get_ex_data_X509_STORE_CTX_idx) X(SSL_get_shutdown) \
	X(SSL_get_version) X(SSL_group_to_name) X(SSL_has_pending) \
	X(SSL_new) X(SSL_read) X(SSL_select_next_proto) \
	X(SSL_session_reused) X(SSL_set_accept_state) X(SSL_set_bio) \
	X(SSL_set_connect_state) X(SSL_set_ex_data) X(SSL_shutdown) \
	X(SSL_alert_desc_string_long) \
	X(SSL_write) X(TLS_method) X(X509_NAME_add_entry_by_txt) \
	X(X509_OBJECT_get_type) \
	X(X509_NAME_oneline) \
	X(X509_STORE_CTX_get0_cert) X(X509_STORE_CTX_get_current_cert) \
	X(X509_STORE_CTX_get_error) X(X509_STORE_CTX_get_error_depth) \
	X(X509_STORE_CTX_get_ex_data) X(X509_STORE_CTX_set_error) \
	X(X509_STORE_get0_objects) X(X509_STORE_set_flags) \
	X(X509_VERIFY_PARAM_set1_host) X(X509_VERIFY_PARAM_set1_ip_asc) \
	X(X509_VERIFY_PARAM_set_hostflags) X(X509_get0_notAfter) \
	X(X509_get0_notBefore) X(X509_get_X509_PUBKEY) \
	X(X509_get_default_cert_dir) \
	X(X509_get_issuer_name) X(X509_get_serialNumber) \
	X(X509_get_subject_name) X(X509_getm_notAfter) \
	X(X509_getm_notBefore) X(X509_gmtime_adj) X(X509_new) \
	X(X509_set_issuer_name) X(X509_set_pubkey) X(X509_set_version) \
	X(X509_sign) X(X509_verify_cert) X(X509_verify_cert_error_string) \
	X(i2d_X509_PUBKEY)

#define TLS_LIB_MEMBER(name)	__typeof__(name) *name;
extern struct tls_lib {
	TLS_LIB_FUNCTIONS(TLS_LIB_MEMBER)
} tls_lib;

/* Loads it, once. Returns false with the reason printed. */
bool	tls_lib_open(void);

/* The last failure in words; clears the error queue. */
const char *tls_lib_error(void);

#endif
