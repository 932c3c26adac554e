#ifndef SERVICE_CLASS_H
#define SERVICE_CLASS_H

/*
 * Parses a type of service octet (RFC 2474): a name ("lowdelay", "af11", "cs0",
 * "ef", ...) or a number, in hexadecimal after 0x. Returns NULL; or what to use
 * instead, with *octet undefined.
 */
const char *service_class_parse(const char *text, int *octet);

#endif
