#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan/probe.h"

#define LARGEST	65507	/* what UDP over IPv4 can carry */
#define RADIUS_STATUS \
	"\x0c\1\0\x26nc-lite status 1\x50\x12" \
	"\x11\xc4\xe7\x37\x88\x70\x6d\xb3\xa0\x89\x30\x54\xbb\x2c\x78\xd8"

/* Requests for public information that change nothing. */
#define SAY(text)	text, sizeof(text) - 1
static const struct {
	uint16_t port;
	const char *data;
	size_t	 size;
	size_t	 padded;	/* with zeros, to this */
} table[] = {
	/* DNS, RFC 1035: the name servers of the root, not recursively */
	{ 53, SAY("nc\0\0\0\1\0\0\0\0\0\0\0\0\2\0\1"), 0 },
	/* rpcbind, RFC 1833 over RFC 5531: the call that does nothing */
	{ 111, SAY("nc-l\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2"), 40 },
	/* NTP, RFC 5905: a client's packet, version 4 */
	{ 123, SAY("\x23"), 48 },
	/* NetBIOS, RFC 1002: node status of "*" */
	{ 137, SAY("nc\0\0\0\1\0\0\0\0\0\0 CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "\0\0\x21\0\1"), 0 },
	/* SNMP, RFC 3414 section 4: engine discovery, needs no community */
	{ 161, SAY("\x30\x3e\2\1\3\x30\x11\2\4nc-l\2\3\0\xff\xe3\4\1\4\2\1\3"
	    "\4\x10\x30\x0e\4\0\2\1\0\2\1\0\4\0\4\0\4\0"
	    "\x30\x14\4\0\4\0\xa0\x0e\2\4nc-l\2\1\0\2\1\0\x30\0"), 0 },
	/* QUIC, RFC 9000 section 6: a version nobody has */
	{ 443, SAY("\xc0\x1a\x1a\x1a\x1a\x08nc-lite1\x08nc-lite2"), 1200 },
	/* OpenVPN's protocol: hard reset of a client, version 2 */
	{ 1194, SAY("\x38nc-lite1\0\0\0\0\0"), 0 },
	/* RADIUS, RFC 5997: status, signed with the usual "testing123" */
	{ 1812, SAY(RADIUS_STATUS), 0 },
	{ 1813, SAY(RADIUS_STATUS), 0 },
	/* SSDP, UPnP Device Architecture 1.3.2 */
	{ 1900, SAY("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n"
	    "MAN: \"ssdp:discover\"\r\nMX: 1\r\nST: ssdp:all\r\n\r\n"), 0 },
	/* STUN, RFC 8489: binding */
	{ 3478, SAY("\0\1\0\0\x21\x12\xa4\x42nc-lite stun"), 0 },
	/* SIP, RFC 3261: options, to be answered where it came from */
	{ 5060, SAY("OPTIONS sip:nc@localhost SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP localhost;branch=z9hG4bKnc;rport\r\n"
	    "Max-Forwards: 0\r\nFrom: <sip:nc@localhost>;tag=nc\r\n"
	    "To: <sip:nc@localhost>\r\nCall-ID: nc\r\nCSeq: 1 OPTIONS\r\n"
	    "Content-Length: 0\r\n\r\n"), 0 },
	/* mDNS, RFC 6762 section 5.5 and RFC 6763 section 9 */
	{ 5353, SAY("\0\0\0\0\0\1\0\0\0\0\0\0\x09_services\7_dns-sd\4_udp"
	    "\5local\0\0\x0c\x80\1"), 0 },
	/* CoAP, RFC 7252 section 4.3: ping */
	{ 5683, SAY("\x40\0nc"), 0 },
	/* memcached's protocol.txt: version, in a frame of one datagram */
	{ 11211, SAY("\0\1\0\0\0\1\0\0version\r\n"), 0 },
};

struct probe
probe_for(uint16_t port)
{
	static uint8_t data[1200];
	struct probe probe = { .data = data, .size = 0 };
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].port != port)
			continue;
		memset(data, 0, sizeof(data));
		memcpy(data, table[i].data, table[i].size);
		probe.size = table[i].padded > table[i].size ?
		    table[i].padded : table[i].size;
	}
	return probe;
}

const char *
probe_parse(const char *hex, struct probe *probe)
{
	uint8_t *data = malloc(strlen(hex) / 2 + 1);
	unsigned octet;

	probe->data = data;
	if (data == NULL)
		return "no memory";
	for (probe->size = 0; *hex != '\0';) {
		if (*hex == ' ' || *hex == ':') {
			hex++;
			continue;
		}
		if (!isxdigit((unsigned char)hex[0]) ||
		    !isxdigit((unsigned char)hex[1]))
			return "use pairs of hexadecimal digits like 0a1b";
		sscanf(hex, "%2x", &octet);
		data[probe->size++] = (uint8_t)octet;
		hex += 2;
	}
	return probe->size > LARGEST ? "too large for a datagram" : NULL;
}

const char *
probe_read(const char *path, struct probe *probe)
{
	FILE *file = fopen(path, "re");
	uint8_t *data = malloc(LARGEST + 1);
	bool failed;

	probe->data = data;
	if (file == NULL || data == NULL)
		return strerror(errno);
	probe->size = fread(data, 1, LARGEST + 1, file);
	failed = ferror(file) != 0;
	fclose(file);
	if (failed)
		return "cannot be read";
	return probe->size > LARGEST ? "too large for a datagram" : NULL;
}
