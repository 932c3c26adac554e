#ifndef REFUSE_H
#define REFUSE_H

/* Prints a line, which names the mistake and the remedy; EXIT_LOCAL. */
_Noreturn void	refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * Refuses an option that the table does not have; letter is 0 for a long one.
 * For a letter that differs among netcats it names our option for each meaning.
 */
_Noreturn void	refuse_unknown(int letter, const char *argument);

#endif
