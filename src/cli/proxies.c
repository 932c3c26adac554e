#include <arpa/inet.h>
#include <ctype.h>
#include <readpassphrase.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/diag.h"
#include "cli/options.h"
#include "cli/steps.h"

/* The words of -X and of URLs, with those of other netcats and of curl. */
static const struct { const char *word; enum proxy_kind kind; } kinds[] = {
	{ "4", PROXY_SOCKS4 }, { "socks4", PROXY_SOCKS4 },
	{ "4a", PROXY_SOCKS4A }, { "socks4a", PROXY_SOCKS4A },
	{ "5", PROXY_SOCKS5 }, { "socks5", PROXY_SOCKS5 },
	{ "socks5h", PROXY_SOCKS5 },
	{ "connect", PROXY_CONNECT }, { "http", PROXY_CONNECT },
	{ "https", PROXY_HTTPS },
};

static enum proxy_kind
parse_kind(const char *word, size_t length)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strncasecmp(kinds[i].word, word, length) == 0 &&
		    kinds[i].word[length] == '\0')
			return kinds[i].kind;
	refuse("'%.*s' is not a kind of proxy: use 4, 4A, 5, connect or https",
	    (int)(length < 40 ? length : 40), word);
}

/* The list has a word for each proxy, or its last one is for all. */
static const char *
word_for(const struct options *options, const struct options_list *list,
    size_t which)
{
	return list->count == 0 ? NULL : list->word[list->count ==
	    options->given.proxies.count ? which : list->count - 1];
}

static uint16_t
parse_port(const char *text, enum proxy_kind kind)
{
	int port = kind == PROXY_HTTPS ? 443 : kind == PROXY_CONNECT ? 3128 :
	    1080;

	if (text != NULL)
		port = ports_parse_one(text, "tcp", 1);
	if (port == -1)
		refuse("invalid port '%.40s' of a proxy: use 1 to 65535 or a "
		    "service name", text);
	return (uint16_t)port;
}

/* HOST, HOST:PORT or [ADDRESS]:PORT; text is cut up. */
static void
parse_address(char *text, enum proxy_kind kind, struct address_query *proxy)
{
	char *end = text + strcspn(text, "]"), *port = strchr(text, ':');
	size_t length;

	if (text[0] == '[' && *end == ']') {
		*end++ = '\0';
		text++;
		port = *end == ':' ? end : NULL;
		if (*end != '\0' && port == NULL)
			refuse("proxy '[%.40s]%.40s': use [ADDRESS]:PORT",
			    text, end);
	} else if (port != NULL && strchr(port + 1, ':') != NULL)
		port = NULL;		/* an IPv6 address */
	if (port != NULL)
		*port++ = '\0';
	length = strlen(text);
	if (strchr(text, ':') != NULL && strspn(text,
	    "0123456789abcdefABCDEF:.") != strcspn(text, "%"))
		refuse("proxy '%.40s' is not an address: use HOST:PORT or "
		    "[ADDRESS]:PORT", text);
	if (length == 0 || length > ADDRESS_NAME)
		refuse("proxy '%.40s' is not a host name (%zu characters, 1 to "
		    "%d allowed)", text, length, ADDRESS_NAME);
	proxy->host = text;
	proxy->port = parse_port(port, kind);
}

/* Percent-encoding (RFC 3986, 2.1), in place. */
static void
decode_percent(char *text)
{
	char *to = text;
	unsigned octet;

	for (; *text != '\0'; to++)
		if (text[0] == '%' && isxdigit((uint8_t)text[1]) &&
		    isxdigit((uint8_t)text[2]) && sscanf(text + 1, "%2x",
		    &octet) == 1 && octet != 0) {
			*to = (char)octet;
			text += 3;
		} else
			*to = *text++;
	*to = '\0';
}

/* KIND://[USER@]HOST[:PORT]: sets kind and user; returns the rest. */
static char *
parse_url(char *text, struct proxy_config *proxy)
{
	char *colon = strstr(text, "://"), *at;

	if (colon == NULL)
		return text;
	proxy->kind = parse_kind(text, (size_t)(colon - text));
	text = colon + 3;
	text[strcspn(text, "/")] = '\0';
	at = strrchr(text, '@');
	if (at == NULL)
		return text;
	*at = '\0';
	if (strchr(text, ':') != NULL)
		refuse("a password of a proxy in the command line can be read "
		    "by everybody: set NC_PROXY_PASSWORD");
	decode_percent(text);
	proxy->user = text;
	return at + 1;
}

/* Never from an argument, which could be read in ps(1). */
void
proxies_password(struct proxy_config *proxy, const char *host)
{
	static char *known;
	char *typed = malloc(PROXY_WORD + 2), prompt[600];
	const char *variable = getenv("NC_PROXY_PASSWORD");

	/* Commands that we run must not inherit it. */
	if (variable != NULL) {
		known = strdup(variable);
		unsetenv("NC_PROXY_PASSWORD");
	}
	proxy->password = known;
	if (known == NULL && typed != NULL) {
		snprintf(prompt, sizeof(prompt), "Password of %s at %s%s: ",
		    proxy->user, host != NULL ? "proxy " : "this proxy",
		    host != NULL ? host : "");
		proxy->password = readpassphrase(prompt, typed,
		    PROXY_WORD + 2, RPP_ECHO_OFF | RPP_REQUIRE_TTY);
	}
	if (proxy->password != typed)
		free(typed);
	if (proxy->password == NULL)
		refuse("no proxy password: set NC_PROXY_PASSWORD (only a "
		    "terminal is asked)");
	if (strlen(proxy->password) > PROXY_WORD)
		refuse("the proxy password is too long (%d bytes "
		    "at most)", PROXY_WORD);
}

static void
check_user(struct proxy_config *proxy, const char *host)
{
	size_t length = strlen(proxy->user);

	if (length == 0 || length > PROXY_WORD)
		refuse("the proxy user has %zu bytes: 1 to %d allowed",
		    length, PROXY_WORD);
	if (proxy->kind >= PROXY_CONNECT && strchr(proxy->user, ':') != NULL)
		refuse("the proxy user '%.40s' has a colon, which HTTP "
		    "does not allow (RFC 7617)", proxy->user);
	if (proxy->kind >= PROXY_SOCKS5)
		proxies_password(proxy, host);
}

/* Whether the proxy's protocol can carry the name of what is behind it. */
static void
check_target(const struct options *options, enum proxy_kind kind,
    const char *host)
{
	struct in6_addr address;
	bool is_ipv4 = inet_pton(AF_INET, host, &address) == 1;
	bool is_ipv6 = inet_pton(AF_INET6, host, &address) == 1;
	const char *at;

	/* A line break would add a line to the request of HTTP. */
	for (at = host; *at != '\0'; at++)
		if ((uint8_t)*at <= ' ' || *at == 0x7f)
			refuse("host '%.40s' is not a host name", host);
	if (kind <= PROXY_SOCKS4A && is_ipv6)
		refuse("SOCKS 4 carries IPv4 only: use -X 5 for %s", host);
	if (kind == PROXY_SOCKS4 && !is_ipv4)
		refuse("SOCKS 4 takes addresses only: use -X 4A or 5 for "
		    "'%.40s'", host);
	if (options->endpoint.numeric && !is_ipv4 && !is_ipv6)
		refuse("'%.40s' is not an address (-n: no names are looked up)",
		    host);
}

static void
open_tls(const struct options *options, struct proxy_config *proxy,
    const char *host)
{
	proxy->tls = (struct tls_config){ .on = true, .name = host,
	    .ca = options->tls.ca };
	proxy->context = tls_context_open(&proxy->tls);
	if (proxy->context == NULL)
		diag_exit(EXIT_LOCAL);
}

static void
add_hop(struct options *options, const struct address_query *target, size_t i)
{
	const struct options_list *given = &options->given.proxies;
	const char *kind = word_for(options, &options->given.proxy_kinds, i);
	struct connector_hop *hop = &options->hop[i];
	struct proxy_config *proxy = &options->proxy[i];
	char *text = strdup(given->word[i]);

	if (text == NULL)
		refuse("no memory for a proxy");
	proxy->kind = kind != NULL ? parse_kind(kind, strlen(kind)) :
	    PROXY_SOCKS5;
	proxy->user = word_for(options, &options->given.proxy_users, i);
	/* HTTP: a scan does not connect again after a 407. */
	proxy->at_once = proxy->user != NULL || options->mode == MODE_SCAN;
	text = parse_url(text, proxy);
	hop->endpoint = (struct address_query){ .type = SOCK_STREAM,
	    .family = target->family, .numeric = target->numeric };
	parse_address(text, proxy->kind, &hop->endpoint);
	proxy_hop(hop, proxy);
}

static void
check_count(const struct options_list *list, size_t proxies, const char *what)
{
	if (list->count > 1 && proxies > 1 && list->count != proxies)
		refuse("%zu of %s for %zu proxies: give one for all, or one for"
		    " each", list->count, what, proxies);
}

/* A target of --proxy-server, whose host is NULL here, is checked later. */
static void
check_targets(const struct options *options, const struct address_query *target)
{
	const struct connector_hop *hop = options->hop;
	size_t i, count = options->hops;

	for (i = 0; i < count; i++) {
		if (i + 1 < count || target->host != NULL)
			check_target(options, options->proxy[i].kind,
			    i + 1 < count ? hop[i + 1].endpoint.host :
			    target->host);
		if (options->pass_fd && options->proxy[i].kind == PROXY_HTTPS)
			refuse("cannot use -F with an https proxy: a "
			    "descriptor carries no TLS");
	}
	if (target->family == AF_UNIX)
		refuse("cannot use -x with a path: it is on this host");
	if (target->type != SOCK_DGRAM)
		return;
	if (options->mode == MODE_SCAN || options->pass_fd)
		refuse("cannot use -z or -F with datagrams through a proxy");
	if (count > 1 || options->proxy->kind != PROXY_SOCKS5)
		refuse("datagrams go through one proxy of -X 5 only");
}

void
proxies_parse(struct options *options)
{
	size_t i, count = options->given.proxies.count;
	struct proxy_config *proxy = options->proxy;
	const struct connector_hop *hop = options->hop;
	const struct address_query *target = options->forward.on ?
	    &options->forward.endpoint : &options->endpoint;

	if (count == 0)
		return;
	if (options->mode == MODE_LISTEN && !options->forward.on)
		refuse("cannot use -x and -l together: a proxy is on the way "
		    "to a target (--forward, --proxy-server)");
	check_count(&options->given.proxy_kinds, count, "-X");
	check_count(&options->given.proxy_users, count, "-P");
	for (i = 0; i < count; i++)
		add_hop(options, target, i);
	options->hops = count;
	check_targets(options, target);
	for (i = 0; i < count; i++) {
		if (proxy[i].user != NULL)
			check_user(&proxy[i], hop[i].endpoint.host);
		if (proxy[i].kind == PROXY_HTTPS)
			open_tls(options, &proxy[i], hop[i].endpoint.host);
	}
}
