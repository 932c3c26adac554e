#ifndef LIBRARY_H
#define LIBRARY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if __has_include(<openssl/opensslconf.h>)
#include <openssl/opensslv.h>
#else
#define OPENSSL_SHLIB_VERSION	3
#endif

/*
 * Libraries that are loaded on first use: linked, they would make every start
 * several times slower. In a static program, which cannot load any,
 * library_static.c replaces library.c.
 */

/* The file that the linker would have recorded: "libssl.so.3". */
#define LIBRARY_TEXT(number)	#number
#define LIBRARY_NUMBER(number)	LIBRARY_TEXT(number)
#define LIBRARY_SONAME(name)	\
	name ".so." LIBRARY_NUMBER(OPENSSL_SHLIB_VERSION)

/* A function, its place in the caller's table, and its address if linked. */
struct library_function {
	const char *name;
	size_t	 offset;
	void	 (*linked)(void);
};
#ifdef LIBRARY_LINKED
#define LIBRARY_ADDRESS(name)	(void (*)(void))name
#else
#define LIBRARY_ADDRESS(name)	NULL
#endif
#define LIBRARY_ROW(table, name) \
	{ #name, offsetof(table, name), LIBRARY_ADDRESS(name) },

/*
 * Loads the library and fills the table. what is the feature that needs it
 * ("TLS"), for messages. Returns false with the reason printed.
 */
bool	library_open(const char *soname, const char *what,
	    const struct library_function *, size_t count, void *table);

/*
 * Tells packaging tools what may be loaded, in an ELF note (UAPI Group, "ELF
 * dlopen() metadata").
 */
#define LIBRARY_NOTE(id, text) \
	static const struct { \
		uint32_t owner_size, size, type; \
		char	 owner[4], json[(sizeof(text) + 3) / 4 * 4]; \
	} id __attribute__((section(".note.dlopen"), used, aligned(4))) = { \
		4, sizeof(text), 0x407c0c0a, "FDO", text \
	}

#endif
