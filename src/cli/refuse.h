#ifndef REFUSE_H
#define REFUSE_H

/* Bad input: one line that names the culprit and the remedy, and exit 2. */
_Noreturn void	refuse(const char *format, ...)
	    __attribute__((format(printf, 1, 2)));

/*
 * An option the table does not have: letter is 0 for a long one. A letter that
 * means different things to different netcats gets the names of what is meant.
 */
_Noreturn void	refuse_unknown(int letter, const char *argument);

#endif
