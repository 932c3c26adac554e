#include <stddef.h>

#include "cli/refuse.h"
#include "cli/steps.h"

#define WHO	"each says how to verify the peer"
#define ENDLESS	"datagrams have no end"
#define TLS	"it is a TLS option"
#define LOOKS_UP	"the proxy looks up the name"

/* "cannot use ONE and OTHER together", or the reason in place of the last. */
static const struct { int one, other; const char *why; } pairs[] = {
	{ '4', '6', NULL },
	{ '4', 'U', NULL },
	{ '6', 'U', NULL },
	{ 'p', 'U', "a path has no port" },
	{ 'b', 'U', NULL },
	{ 'S', 'U', NULL },
	{ 'T', 'U', NULL },
	{ 'M', 'U', NULL },
	{ 'm', 'U', NULL },
	{ 'z', 'U', "-z tests ports" },
	{ 'z', 'l', NULL },
	{ 'c', BANNER, NULL },
	{ 'c', 'u', "TLS needs a stream" },
	{ INSECURE, 'l', "clients are only verified by --client-auth or -H" },
	{ TLS_NAME, 'l', NULL },
	{ 'S', 'u', "it signs TCP" },
	{ 't', 'u', "telnet is TCP" },
	{ BANNER, 'u', NULL },
	{ WAIT, 'l', NULL },
	{ ALL, ANY, NULL },
	{ ALL, CLOSED, "--closed requires all closed" },
	{ BANNER, EXPECT, NULL },
	{ BANNER, HTTP, NULL },
	{ EVERY, WAIT, NULL },
	{ EXPECT, HTTP, NULL },
	{ SEND, HTTP, NULL },
	{ SEND, PROBE, NULL },
	{ SEND, PROBE_HEX, NULL },
	{ HTTP, 'u', NULL },
	{ SETTLE, 'u', "datagrams have no connection" },
	{ 'x', 'S', NULL },
	{ 'x', BANNER, NULL },
	{ 'x', EACH_ADDRESS, LOOKS_UP },
	{ 'x', ALLOW_TO, LOOKS_UP },
	{ 'x', DENY_TO, LOOKS_UP },
	{ 'x', PROBE, NULL },
	{ 'x', PROBE_HEX, NULL },
	{ 'F', 'l', NULL },
	{ 'F', 'z', NULL },
	{ 'F', 'c', "a descriptor carries no TLS" },
	{ 'F', EXEC, NULL },
	{ 'F', SH_EXEC, NULL },
	{ 'F', IN, NULL },
	{ 'F', OUT, NULL },
	{ PROBE, PROBE_HEX, NULL },
	{ EXEC, 'u', NULL },
	{ EXEC, 'z', NULL },
	{ EXEC, 'd', NULL },
	{ EXEC, IN, NULL },
	{ EXEC, OUT, NULL },
	{ EXEC, RECV_ONLY, NULL },
	{ EXEC, SEND_ONLY, NULL },
	{ EXEC, SH_EXEC, NULL },
	{ SH_EXEC, 'u', NULL },
	{ SH_EXEC, 'z', NULL },
	{ SH_EXEC, 'd', NULL },
	{ SH_EXEC, IN, NULL },
	{ SH_EXEC, OUT, NULL },
	{ SH_EXEC, RECV_ONLY, NULL },
	{ SH_EXEC, SEND_ONLY, NULL },
	{ 'N', NO_SHUTDOWN, NULL },
	{ 'd', SEND_ONLY, "nothing is left to do" },
	{ RECV_ONLY, SEND_ONLY, NULL },
	{ OUT, 'u', ENDLESS },
	{ RESUME, 'k', "each peer of -k has a new file" },
	{ OUT, SEND_ONLY, NULL },
	{ IN, 'd', NULL },
	{ IN, RECV_ONLY, NULL },
	{ IN, EXPECT_DIGEST, "it only receives" },
	{ EXPECT_DIGEST, 'u', ENDLESS },
	{ EXEC, EXPECT_DIGEST, NULL },
	{ SH_EXEC, EXPECT_DIGEST, NULL },
	{ EXPECT_DIGEST, 'N', "its FIN would come before the check" },
	{ EXPECT_DIGEST, SEND_ONLY, NULL },
	{ BROKER, 'u', ENDLESS },
	{ CHAT, 'u', ENDLESS },
	{ BROKER, IN, NULL },
	{ BROKER, OUT, NULL },
	{ CHAT, IN, NULL },
	{ CHAT, OUT, NULL },
	{ BROKER, EXEC, NULL },
	{ BROKER, SH_EXEC, NULL },
	{ CHAT, EXEC, NULL },
	{ CHAT, SH_EXEC, NULL },
	{ ALLOW, 'U', "a path has permissions" },
	{ DENY, 'U', "a path has permissions" },
	{ FORWARD, PROXY_SERVER, NULL },
	{ PROXY_SERVER, 'u', NULL },
	{ PROXY_SERVER, 'U', NULL },
	{ ACCEPT_PROXY, 'u', NULL },
	{ SEND_PROXY, 'u', NULL },
	{ SEND_PROXY, 'x', NULL },
	{ FORWARD, 'u', "it forwards streams" },
	{ FORWARD, EXEC, NULL },
	{ FORWARD, SH_EXEC, NULL },
	{ FORWARD, IN, NULL },
	{ FORWARD, OUT, NULL },
	{ FORWARD, BROKER, NULL },
	{ FORWARD, CHAT, NULL },
	{ FORWARD, 'd', NULL },
	{ FORWARD, RECV_ONLY, NULL },
	{ FORWARD, SEND_ONLY, NULL },
	{ FORWARD, 'N', NULL },
	{ FORWARD, NO_SHUTDOWN, NULL },
	{ FORWARD, 'q', NULL },
	{ FORWARD, 'C', NULL },
	{ FORWARD, 't', NULL },
	{ FORWARD, 'W', NULL },
	{ FORWARD, 'i', NULL },
	{ FORWARD, EXPECT_DIGEST, NULL },
	{ PSK, TLS_NAME, WHO },
	{ PSK, CERT, WHO },
	{ PSK, 'K', WHO },
	{ PSK, CLIENT_AUTH, WHO },
	{ PSK, 'R', WHO },
	{ PSK, INSECURE, WHO },
	{ PSK, 'H', WHO },
	{ 'H', 'R', WHO },
	{ 'H', INSECURE, WHO },
};

/* "must use NEEDED with KEY", where another would do too, if it is not 0. */
static const struct { int key, needed, another; const char *why; } needs[] = {
	{ 'k', 'l', 0, NULL },
	{ CLIENT_AUTH, 'l', 0, NULL },
	{ ALL, 'z', 0, NULL },
	{ ANY, 'z', 0, NULL },
	{ ASSUME_OPEN, 'u', 0, "only datagrams can be silent" },
	{ ASSUME_OPEN, 'z', 0, NULL },
	{ BANNER, 'z', 0, NULL },
	{ CLOSED, 'z', 0, NULL },
	{ COUNT_ROUNDS, EVERY, 0, NULL },
	{ EVERY, 'z', 0, NULL },
	{ EXPECT, 'z', 0, NULL },
	{ HTTP, 'z', 0, NULL },
	{ SEND, 'z', 0, NULL },
	{ SETTLE, 'z', 0, NULL },
	{ TARGETS, 'z', 0, NULL },
	{ EACH_ADDRESS, 'z', 0, NULL },
	{ JSON, 'z', 0, NULL },
	{ PARALLEL, 'z', 0, NULL },
	{ PROBE, 'z', 0, NULL },
	{ PROBE, 'u', 0, NULL },
	{ PROBE_HEX, 'z', 0, NULL },
	{ PROBE_HEX, 'u', 0, NULL },
	{ 'r', 'z', 0, NULL },
	{ MAX_CONNS, 'k', 0, NULL },
	{ ALLOW, 'l', 0, NULL },
	{ DENY, 'l', 0, NULL },
	{ FORWARD, 'l', 0, NULL },
	{ PROXY_SERVER, 'l', 0, NULL },
	{ PROXY_AUTH, PROXY_SERVER, 0, NULL },
	{ ALLOW_TO, PROXY_SERVER, 0, NULL },
	{ DENY_TO, PROXY_SERVER, 0, NULL },
	{ SEND_PROXY, FORWARD, 0, NULL },
	{ ACCEPT_PROXY, 'l', 0, NULL },
	{ FORWARD_CA, FORWARD, 0, NULL },
	{ FORWARD_PIN, FORWARD, 0, NULL },
	{ BROKER, 'k', 0, NULL },
	{ CHAT, 'k', 0, NULL },
	{ ALLOW_EMPTY, OUT, 0, NULL },
	{ RESUME, OUT, 0, NULL },
	{ SPARSE, OUT, 0, NULL },
	{ OFFSET, IN, 0, NULL },
	{ PREFIX, OFFSET, 0, NULL },
	{ APPEND, OUTPUT, HEX_DUMP, NULL },
	{ 'K', CERT, 0, NULL },
	{ 'X', 'x', 0, NULL },
	{ 'P', 'x', 0, NULL },
	{ PSK, 'c', 0, TLS },
	{ ALPN, 'c', 0, TLS },
	{ TLS_NAME, 'c', 0, TLS },
	{ CERT, 'c', 0, TLS },
	{ 'K', 'c', 0, TLS },
	{ CLIENT_AUTH, 'c', 0, TLS },
	{ 'R', 'c', 'x', TLS },
	{ INSECURE, 'c', 0, TLS },
	{ 'H', 'c', 0, TLS },
};

static void
refuse_pair(int one, int other, const char *why)
{
	char a[OPTIONS_KEY], b[OPTIONS_KEY];

	refuse("cannot use %s and %s%s%s", options_key(one, a),
	    options_key(other, b), why != NULL ? ": " : " together",
	    why != NULL ? why : "");
}

/* What --forward excludes --proxy-server does, too. */
static void
check_pair(int one, int other, const char *why)
{
	if (one == FORWARD && options_given(PROXY_SERVER) &&
	    other != PROXY_SERVER)
		one = PROXY_SERVER;
	if (options_given(one) && options_given(other))
		refuse_pair(one, other, why);
}

static void
refuse_alone(int key, int needed, int another, const char *why)
{
	char a[OPTIONS_KEY], b[OPTIONS_KEY] = "", c[OPTIONS_KEY];

	if (another != 0)
		options_key(another, b);
	refuse("must use %s%s%s with %s%s%s", options_key(needed, a),
	    another != 0 ? " or " : "", b, options_key(key, c),
	    why != NULL ? ": " : "", why != NULL ? why : "");
}

void
conflicts_check(void)
{
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		check_pair(pairs[i].one, pairs[i].other, pairs[i].why);
	for (i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (options_given(needs[i].key) &&
		    !options_given(needs[i].needed) &&
		    (needs[i].another == 0 || !options_given(needs[i].another)))
			refuse_alone(needs[i].key, needs[i].needed,
			    needs[i].another, needs[i].why);
}
