#ifndef STEPS_H
#define STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct options;
struct proxy_config;

/*
 * The steps of options_parse, one per file, and what they ask of each other.
 * Not for use outside cli/. Functions that find a mistake do not return.
 */

/* Prints a line, which names the mistake and the remedy; EXIT_LOCAL. */
_Noreturn void	refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * Refuses an option that the table does not have; letter is 0 for a long one.
 * For a letter that differs among netcats it names our option for each meaning.
 */
_Noreturn void	refuse_unknown(int letter, const char *argument);

/* Keys of options without a letter; the key of any other is its letter. */
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

/* "-w" or "--timeout" for messages, in text, of OPTIONS_KEY bytes. */
#define OPTIONS_KEY	32
const char *options_key(int key, char *text);

/* The key of the option with that long name or letter, which must exist. */
int	options_find(const char *name);

/*
 * What an option needs and excludes, or NULL: rules separated by "; ". "z"
 * needs -z, "c|x" one of the two, "!u,http" excludes both; ": reason" may
 * follow.
 */
const char *options_rules(int key);

/* The option's line of --help, on stdout. */
void	options_print(int key);

/* For a walk through all options: the key of the index-th; 0: there is none. */
int	options_at(size_t index);

/*
 * -T: a type of service octet (RFC 2474): a name ("lowdelay", "af11", "cs0",
 * "ef", ...) or a number, in hexadecimal after 0x. Returns NULL; or what to use
 * instead, with *octet undefined.
 */
const char *service_class_parse(const char *text, int *octet);

/* Prints --help: one topic, "all", or (also for NULL) the everyday options. */
void	help_print(const char *topic);

/* Applies the rules of all options that were given. */
void	conflicts_check(void);

/* The operands: host and port, address and port, targets of -z, or a path. */
void	operands_parse(struct options *, char *operand[], int count);

/* -x, -X and -P: the chain of proxies to the target. */
void	proxies_parse(struct options *);

/* A port of at least lowest, by number or name, in host byte order. */
uint16_t operands_port(const struct options *, const char *text, int lowest);

/* Refuse what can be no host name, or no UNIX socket's path. */
void	operands_check_host(const char *);
void	operands_check_path(const char *);

/* --forward, --proxy-server and the options that belong to them. */
void	forward_parse(struct options *);

/*
 * Sets the password for the proxy's user: NC_PROXY_PASSWORD, which is then no
 * longer in the environment, or what the terminal is asked for. host NULL: the
 * proxy is we ourselves.
 */
void	proxies_password(struct proxy_config *, const char *host);

/* Translates the options given into the structs of the modules they are for. */
void	pour(struct options *);

#endif
