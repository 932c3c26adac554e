#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "net/socket.h"
#include "scan/scan.h"
#include "scan/talk.h"
#include "net/transport.h"
#include "stream/plain.h"
#include "stream/tls.h"

#define LIMIT		(30 * CLOCK_SECOND)	/* at most, also without -w */
#define NO_REFERENCES	"no back-references (POSIX extended has none)"

static regex_t expected;
static bool expects;
static char *words;	/* --send, its escapes understood */
static size_t words_size;

/* The octet that at most so many digits mean; returns how many there are. */
static size_t
number(const char *text, int base, size_t most, char *octet)
{
	char digits[4] = "";
	size_t count = strspn(text, base == 8 ? "01234567" :
	    "0123456789abcdefABCDEF");

	count = count < most ? count : most;
	memcpy(digits, text, count);
	*octet = (char)strtoul(digits, NULL, base);
	return count;
}

/*
 * Decodes C's escape sequences in place; of a regular expression only those
 * that regcomp(3) gives no meaning of its own. Returns the length.
 */
static size_t
unescape(char *text, bool regex)
{
	static const char name[] = "abefnrtv", value[] = "\a\b\033\f\n\r\t\v";
	char *from = text, *to = text;
	const char *at;
	char octet;
	size_t taken;

	while (*from != '\0') {
		if (from[0] != '\\' || from[1] == '\0') {
			*to++ = *from++;
			continue;
		}
		at = strchr(name, *++from);
		if (at != NULL && (!regex || strchr("enrt", *at) != NULL)) {
			*to++ = value[at - name];
			from++;
		} else if (*from == 'x' &&
		    (taken = number(from + 1, 16, 2, &octet)) > 0) {
			*to++ = octet;
			from += 1 + taken;
		} else if (!regex &&
		    (taken = number(from, 8, 3, &octet)) > 0) {
			*to++ = octet;
			from += taken;
		} else {
			if (regex)
				*to++ = '\\';
			*to++ = *from++;
		}
	}
	*to = '\0';
	return (size_t)(to - text);
}

/* Back-references take exponential time on input chosen for that. */
static bool
has_reference(const char *regex)
{
	const char *at;

	for (at = strchr(regex, '\\'); at != NULL && at[1] != '\0';
	    at = strchr(at + 2, '\\'))
		if (isdigit((unsigned char)at[1]))
			return true;
	return false;
}

const char *
talk_prepare(const struct scan_config *config)
{
	static char why[128];
	char *regex;
	int error;

	if (config->send != NULL) {
		words = strdup(config->send);
		words_size = words == NULL ? 0 : unescape(words, false);
	}
	expects = config->http != NULL;
	if (config->expect == NULL)
		return NULL;
	regex = strdup(config->expect);
	if (regex == NULL)
		return "no memory";
	unescape(regex, true);
	if (has_reference(regex)) {
		free(regex);
		return NO_REFERENCES;
	}
	error = regcomp(&expected, regex, REG_EXTENDED | REG_NOSUB |
	    REG_NEWLINE);
	free(regex);
	expects = error == 0;
	if (error == 0)
		return NULL;
	regerror(error, &expected, why, sizeof(why));
	return why;
}

const char *
talk_words(size_t *size)
{
	*size = words_size;
	return words;
}

/* NUL, which ends a string for regexec(3), is replaced by a blank. */
bool
talk_is_expected(char *buffer, size_t size)
{
	char *end = buffer + size, *nul;

	if (!expects)
		return true;
	*end = '\0';
	while ((nul = memchr(buffer, '\0', (size_t)(end - buffer))) != NULL)
		*nul = ' ';
	return regexec(&expected, buffer, 0, NULL, 0) == 0;
}

bool
talk_is_wanted(const struct scan_config *config)
{
	return config->tls != NULL || config->pass != NULL || expects ||
	    words != NULL || config->banner_us != CLOCK_UNSET ||
	    config->settle_us > 0;
}

static bool
make_words(const struct scan_config *config, struct talk *talk,
    const char *host, uint16_t port)
{
	bool six = strchr(host, ':') != NULL;
	int length;

	if (config->http == NULL) {
		talk->words = words;
		talk->size = words_size;
		return true;
	}
	length = asprintf(&talk->words, "GET %s%s HTTP/1.1\r\n"
	    "Host: %s%s%s:%u\r\nUser-Agent: nc-lite\r\nAccept: */*\r\n"
	    "Connection: close\r\n\r\n", config->http[0] == '/' ? "" : "/",
	    config->http, six ? "[" : "", host, six ? "]" : "", port);
	talk->size = length < 0 ? 0 : (size_t)length;
	return length >= 0;
}

/* Each host must prove its own name, by a context of its own. */
static struct tls_context *
context_of(const struct scan_config *config, struct target *target)
{
	if (config->host_tls == NULL || strcmp(target->host,
	    config->host_tls->name) == 0)
		return config->tls;
	if (target->tls == NULL) {
		target->tls_config = malloc(sizeof(*target->tls_config));
		if (target->tls_config == NULL)
			return NULL;
		*target->tls_config = *config->host_tls;
		target->tls_config->name = target->host;
		target->tls = tls_context_open(target->tls_config);
	}
	return target->tls;
}

struct talk *
talk_begin(const struct scan_config *config, struct target *target,
    uint16_t port, int fd, int64_t until_us)
{
	struct talk *talk = calloc(1, sizeof(*talk));
	bool tls = config->tls != NULL;
	struct tls_context *context = tls ? context_of(config, target) : NULL;

	if (talk == NULL) {
		close(fd);
		return NULL;
	}
	socket_urgent_inline(fd);
	plain_open(&talk->stream, fd, transport_of_socket(fd));
	talk->facts = tls ? calloc(1, sizeof(*talk->facts)) : NULL;
	if (!make_words(config, talk, target->is_path ? "localhost" :
	    target->host, port) || (tls && (talk->facts == NULL ||
	    context == NULL || (config->pass == NULL &&
	    !tls_open(&talk->stream, context))))) {
		free(talk->facts);
		free(talk);
		close(fd);
		return NULL;
	}
	talk->stream.facts = talk->facts;
	talk->tls = context;
	talk->query = config->endpoint;
	talk->query.host = target->host;
	talk->query.port = port;
	talk->state = config->pass != NULL ? TALK_PROXY : tls ?
	    TALK_HANDSHAKE : TALK_SAY;
	talk->wants = IO_WANT_WRITE;
	talk->until_us = tls || expects ?
	    clock_earlier(until_us, clock_deadline(LIMIT)) :
	    config->banner_us == CLOCK_UNSET ? until_us :
	    clock_deadline(config->banner_us);
	talk->stay_us = config->settle_us > 0 ?
	    clock_deadline(config->settle_us) : 0;
	return talk;
}

void
talk_watch(struct talk *talk, struct loop *loop)
{
	talk->place = talk->wants == IO_WANT_WRITE ?
	    loop_watch(loop, talk->stream.wfd, POLLOUT) :
	    loop_watch(loop, talk->stream.rfd, POLLIN);
	loop_until(loop, talk->until_us);
	if (talk->stay_us != 0)
		loop_until(loop, talk->stay_us);
}

/* The port is open all the same; the exit code tells the failure. */
static enum port_state
fail_tls(struct talk *talk, enum io answer)
{
	bool late = answer != IO_FAIL;

	talk->code = talk->stream.refused ? EXIT_IDENTITY : late ? EXIT_TIME :
	    EXIT_NETWORK;
	strlcpy(talk->facts->failure, late ?
	    "handshake timed out (does the peer speak TLS?)" :
	    talk->stream.error, sizeof(talk->facts->failure));
	return PORT_OPEN;
}

/* Sends all before anything is read. */
static enum io
say(struct talk *talk)
{
	enum io answer = IO_OK;
	size_t done;

	while (talk->said < talk->size && answer == IO_OK) {
		answer = talk->stream.ops->write(&talk->stream, talk->words +
		    talk->said, talk->size - talk->said, &done);
		talk->said += answer == IO_OK ? done : 0;
	}
	return answer;
}

/* A 1xx status is followed by the final one (RFC 9110, section 15.2). */
static bool
is_interim(const char *line)
{
	return strncmp(line, "HTTP/1.1 1", 10) == 0;
}

static char *
status_line(char *text)
{
	char *end;

	while (is_interim(text) && (end = strstr(text, "\r\n\r\n")) != NULL)
		text = end + 4;
	return text;
}

static bool
is_decided(char *text)
{
	const char *line = status_line(text);

	return !is_interim(line) && strchr(line, '\n') != NULL;
}

static bool
is_good_status(const char *line)
{
	unsigned code;

	return sscanf(line, "HTTP/1.%*1u %3u", &code) == 1 &&
	    (code / 100 == 2 || code / 100 == 3);
}

/* Whether what was received is what is wanted. */
static bool
is_heard(const struct scan_config *config, struct talk *talk)
{
	char *text = talk->buffer;

	text[talk->heard] = '\0';
	if (config->http != NULL)
		return is_good_status(status_line(text));
	if (expects)
		return talk->heard > 0 && talk_is_expected(text, talk->heard);
	return config->banner_us == CLOCK_UNSET ||
	    strpbrk(text, "\r\n") != NULL;
}

/* What does not fit into the buffer is dropped without being examined. */
static enum io
hear(const struct scan_config *config, struct talk *talk)
{
	enum io answer = IO_OK;
	char away[TALK_HEARD];
	size_t done, room;

	while (answer == IO_OK && !is_heard(config, talk)) {
		room = TALK_HEARD - talk->heard;
		answer = talk->stream.ops->read(&talk->stream, room > 0 ?
		    talk->buffer + talk->heard : away, room > 0 ? room :
		    sizeof(away), &done);
		if (answer == IO_OK && room == 0)
			return IO_OK;
		talk->heard += answer == IO_OK ? done : 0;
	}
	if (answer == IO_OK && talk->stay_us != 0)
		answer = talk->stream.ops->read(&talk->stream, away,
		    sizeof(away), &done);
	return answer;
}

static enum port_state
check_end(const struct scan_config *config, struct talk *talk, enum io answer,
    const struct loop *loop)
{
	bool heard = is_heard(config, talk), ended = answer == IO_EOF ||
	    answer == IO_FAIL;
	bool late = loop_passed(loop, talk->until_us);
	bool full = talk->heard == TALK_HEARD || (config->http != NULL &&
	    is_decided(talk->buffer));

	if (talk->state == TALK_SAY && !ended && !late)
		return PORT_UNTRIED;
	if (expects && !heard)
		return ended || late || full ? PORT_WRONG : PORT_UNTRIED;
	if (talk->stay_us != 0 && !expects) {
		if (ended)
			return PORT_CLOSING;
		if (!loop_passed(loop, talk->stay_us))
			return PORT_UNTRIED;
	}
	return heard || ended || late || full ? PORT_OPEN : PORT_UNTRIED;
}

/* The port's state by the proxy's answer, which is an errno. */
static enum port_state
fail_proxy(struct talk *talk, const struct scan_config *config)
{
	const struct stream *stream = &talk->stream;

	diag_say(stream->refused ? 0 : stream->why == 0 ? 1 : 2,
	    "proxy %s port %u: %s", config->proxy.host, config->proxy.port,
	    stream->error);
	talk->error = stream->why != 0 ? stream->why : EPROTO;
	talk->code = stream->refused ? EXIT_IDENTITY : EXIT_DONE;
	return stream->why == ECONNREFUSED ? PORT_CLOSED :
	    stream->why == ETIMEDOUT ? PORT_SILENT :
	    stream->why == EPERM ? PORT_FILTERED : PORT_UNREACHABLE;
}

/* PORT_UNTRIED unless the proxy failed; then the stream is the target's. */
static enum port_state
pass_proxy(const struct scan_config *config, struct talk *talk,
    const struct loop *loop)
{
	talk->wants = config->pass(config->way, &talk->query, &talk->stream,
	    &talk->hop, &talk->memory);
	if (talk->wants == IO_FAIL)
		return fail_proxy(talk, config);
	if (talk->wants != IO_OK)
		return loop_passed(loop, talk->until_us) ? PORT_SILENT :
		    PORT_UNTRIED;
	talk->stay_us = config->settle_us > 0 ?
	    clock_deadline(config->settle_us) : 0;
	talk->stream.facts = talk->facts;
	talk->state = talk->tls != NULL ? TALK_HANDSHAKE : TALK_SAY;
	if (talk->tls == NULL || tls_open(&talk->stream, talk->tls))
		return PORT_UNTRIED;
	talk->code = EXIT_LOCAL;
	return PORT_OPEN;
}

enum port_state
talk_step(const struct scan_config *config, struct talk *talk,
    const struct loop *loop)
{
	enum io answer = IO_OK;
	enum port_state state;

	if (talk->state == TALK_PROXY) {
		state = pass_proxy(config, talk, loop);
		if (state != PORT_UNTRIED || talk->state == TALK_PROXY)
			return state;
	}
	if (talk->state == TALK_HANDSHAKE) {
		answer = talk->stream.ops->handshake(&talk->stream);
		if (answer == IO_FAIL || (answer != IO_OK &&
		    loop_passed(loop, talk->until_us)))
			return fail_tls(talk, answer);
		if (answer == IO_OK)
			talk->state = TALK_SAY;
	}
	if (talk->state == TALK_SAY) {
		answer = say(talk);
		if (answer == IO_OK)
			talk->state = TALK_HEAR;
	}
	if (talk->state == TALK_HEAR)
		answer = hear(config, talk);
	talk->wants = answer == IO_OK ? IO_WANT_READ : answer;
	if (talk->state == TALK_HANDSHAKE)
		return PORT_UNTRIED;
	return check_end(config, talk, answer, loop);
}

enum port_state
talk_give_up(struct talk *talk)
{
	if (talk->state == TALK_PROXY)
		return PORT_SILENT;
	if (talk->state == TALK_HANDSHAKE)
		return fail_tls(talk, talk->wants);
	return expects ? PORT_WRONG : PORT_OPEN;
}

void
talk_close_plain(int fd)
{
	char away[4096];
	int rounds = 64;	/* there may be no end */

	while (rounds-- > 0 && read(fd, away, sizeof(away)) > 0)
		;
	close(fd);
}

void
talk_end(const struct scan_config *config, struct talk *talk,
    struct result *result)
{
	bool shaken = talk->code == EXIT_DONE && talk->state > TALK_HANDSHAKE;
	char *text = talk->buffer;

	free(result->heard);
	free(result->facts);
	result->heard = NULL;
	if (talk->heard > 0 && (expects || config->banner_us != CLOCK_UNSET)) {
		text[talk->heard] = '\0';
		text = config->http != NULL ? status_line(text) : text;
		text[strcspn(text, "\r\n")] = '\0';
		result->heard = strndup(text, 256);
	}
	result->facts = talk->state > TALK_PROXY ? talk->facts : NULL;
	result->code = (uint8_t)talk->code;
	if (talk->facts != NULL && shaken)
		talk->stream.ops->shutdown(&talk->stream);
	if (talk->stream.ops->handshake != NULL)
		talk->stream.ops->close(&talk->stream);
	else
		talk_close_plain(talk->stream.rfd);
	if (config->http != NULL)
		free(talk->words);
	free(talk->memory);
	free(talk);
}
