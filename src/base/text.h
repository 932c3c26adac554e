#ifndef TEXT_H
#define TEXT_H

#include <stddef.h>

/*
 * Bytes of a peer's, or of a file's name, on their way to a terminal or into
 * JSON. All of them come through here.
 */

/*
 * How many bytes the character at the begin of text has: 0 when it is the
 * text's end, no UTF-8 (RFC 3629), or one that could move a cursor or turn the
 * order of the others: the controls C0 and C1, DEL, line and bidi controls.
 */
size_t	text_printable(const char *text);

/* Replaces each byte that is not printable. */
void	text_clean(char *text, char other);

enum text_form {
	TEXT_ESCAPED,		/* such a byte is \x9b, a backslash \x5c */
	TEXT_JSON		/* a string with its quotes; such a byte \u009b */
};

/* text in that form, cut to size, which is 8 at least. Returns to. */
const char *text_quote(const char *text, enum text_form, char *to,
	    size_t size);

#endif
