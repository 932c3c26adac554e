#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stdint.h>

struct options;
struct proxy_config;

/*
 * The steps of options_parse, one per file, and what they ask of each other.
 * Not for use outside cli/.
 */

/* Long options without a letter; the key of any other is its letter. */
enum {
	ALL = 256, ACCEPT_PROXY, ALLOW, ALLOW_EMPTY, ALLOW_TO, ALPN, ANY,
	APPEND, ASSUME_OPEN, BANNER, BROKER, CERT, CHAT, CLIENT_AUTH, CLOSED,
	CONNECT_TIMEOUT, COUNT_ROUNDS, DENY, DENY_TO, DIGEST, EACH_ADDRESS,
	EVERY, EXEC, EXPECT, EXPECT_DIGEST, FORWARD, FORWARD_CA, FORWARD_PIN,
	HEX_DUMP, HTTP, IDLE_TIMEOUT, IN, INSECURE, JSON, LIMIT_RATE,
	LIMIT_RATE_IN, MAX_CONNS, NO_SANDBOX, NO_SHUTDOWN, OFFSET, OUT, OUTPUT,
	PARALLEL, PREFIX, PRINT_VERSION, PROBE, PROBE_HEX, PROGRESS, PROXY_AUTH,
	PROXY_SERVER, PSK, PSK_NEW, RECV_ONLY, RESUME, SEND, SEND_ONLY,
	SEND_PROXY, SETTLE, SH_EXEC, SIZE_GIVEN, SPARSE, SUMMARY_JSON,
	TARGETS, TIMEOUT, TLS_NAME, WAIT, KEYS
};

/* Whether the option was on the command line. */
bool	options_given(int key);

/* "-w" or "--timeout", for messages; text has OPTIONS_KEY bytes. */
#define OPTIONS_KEY	32
const char *options_key(int key, char *text);

/* The key of the option of that name or letter, which must be there. */
int	options_find(const char *name);

/*
 * What an option needs and excludes, or NULL, in rules parted by "; ": "z"
 * needs -z, "c|x" one of the two, "!u,http" goes with neither; a reason may
 * follow a colon.
 */
const char *options_rules(int key);

/* The option's line of --help, on stdout. */
void	options_print(int key);

/* The key of the option after that of key, or of the first; 0: no more. */
int	options_after(int key);

/* What --help prints: the part of that topic, every option of "all", or those
 * of every day. topic may be NULL. */
void	help_print(const char *topic);

/* Each of these refuses (refuse.h) what it finds wrong. */

/* What cannot go together, and what needs another option. */
void	conflicts_check(void);

/* The count operands: host and port, address and port, or a path. */
void	operands_parse(struct options *, char *operand[], int count);

/* The proxies on the way to what the operands name. */
void	proxies_parse(struct options *);

/* These refuse what is no port (of at least lowest), host or path. */
uint16_t operands_port(const struct options *, const char *text, int lowest);
void	operands_check_host(const char *);
void	operands_check_path(const char *);

/* --forward or --proxy-server, and what belongs to them. */
void	forward_parse(struct options *);

/* Asks for it, if NC_PROXY_PASSWORD does not have it. */
void	proxies_password(struct proxy_config *, const char *host);

/* Translates the options given into the structs of the modules they are for. */
void	pour(struct options *);

#endif
