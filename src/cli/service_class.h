#ifndef SERVICE_CLASS_H
#define SERVICE_CLASS_H

/*
 * The type of service octet (RFC 2474) by name ("lowdelay", "af11", "cs0",
 * "ef", ...) or as a number, 0x for hexadecimal. Returns NULL, or what is
 * wrong with the text; *octet is then of no use.
 */
const char *service_class_parse(const char *text, int *octet);

#endif
