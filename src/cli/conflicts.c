#include <stdio.h>
#include <string.h>

#include "cli/steps.h"

/* Cuts a rule at its colon; returns the reason behind that, or "". */
static const char *
cut_reason(char *rule)
{
	char *why = strchr(rule, ':');

	if (why == NULL)
		return "";
	*why = '\0';
	return why + 2;
}

/* "!A,B: why": not one of these. */
static void
check_excluded(int key, char *names, const char *why)
{
	char one[OPTIONS_KEY], other[OPTIONS_KEY];
	const char *name;
	int found;

	while ((name = strsep(&names, ",")) != NULL)
		if (options_given(found = options_find(name)))
			refuse("cannot use %s and %s%s%s",
			    options_key(key, one), options_key(found, other),
			    why[0] != '\0' ? ": " : " together", why);
}

/* "A|B: why": at least one of these. */
static void
check_needed(int key, char *names, const char *why)
{
	char one[OPTIONS_KEY], first[OPTIONS_KEY], second[OPTIONS_KEY] = "";
	char *another = strchr(names, '|');

	if (another != NULL)
		*another++ = '\0';
	if (options_given(options_find(names)) || (another != NULL &&
	    options_given(options_find(another))))
		return;
	if (another != NULL)
		options_key(options_find(another), second);
	refuse("must use %s%s%s with %s%s%s",
	    options_key(options_find(names), first),
	    another != NULL ? " or " : "", second, options_key(key, one),
	    why[0] != '\0' ? ": " : "", why);
}

/* Checks an option's rules (options_rules) of one of the two kinds. */
static void
check(int key, bool excluded)
{
	const char *rules = options_rules(key), *why;
	char text[512], *rest = text, *rule;

	snprintf(text, sizeof(text), "%s", rules != NULL ? rules : "");
	while ((rule = strsep(&rest, ";")) != NULL && rule[0] != '\0') {
		rule += strspn(rule, " ");
		why = cut_reason(rule);
		if (rule[0] == '!' && excluded)
			check_excluded(key, rule + 1, why);
		else if (rule[0] != '!' && !excluded)
			check_needed(key, rule, why);
	}
}

void
conflicts_check(void)
{
	size_t i;
	int key, pass;

	/* Conflicts first: they say more than that an option is missing. */
	for (pass = 0; pass < 2; pass++)
		for (i = 0; (key = options_at(i)) != 0; i++)
			if (options_given(key))
				check(key, pass == 0);
}
