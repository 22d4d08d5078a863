#include "tui/terminfo.h"

#include "tui/tui.h"

#include <ncurses.h>
#include <stdio.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 16 };

/* NULL if the terminal has it not. ncurses wants names that it may write to. */
static const char *
find(const char *name)
{
	char copy[NAME_MAX_BYTES];
	(void)snprintf(copy, sizeof(copy), "%s", name);
	const char *value = tigetstr(copy);
	return value == (const char *)-1 ? NULL : value; // NOLINT(performance-no-int-to-ptr)
}

bool
terminfo_has(const char *name)
{
	return find(name) != NULL;
}

bool
terminfo_flag(const char *name)
{
	char copy[NAME_MAX_BYTES];
	(void)snprintf(copy, sizeof(copy), "%s", name);
	return tigetflag(copy) > 0;
}

void
terminfo_put(const char *name, int (*put)(int c))
{
	const char *value = find(name);
	if (value)
		(void)tputs(value, 1, put);
}

bool
tui_possible(void)
{
	int err = 0;
	const char *term = getenv("TERM"); // NOLINT(concurrency-mt-unsafe): never set after start
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || !term || !*term)
		return false;
	if (setupterm(NULL, STDOUT_FILENO, &err) != OK)
		return false;
	/* without these nothing can be drawn where it belongs */
	bool can = terminfo_has("cup") && terminfo_has("clear") && !terminfo_flag("hc");
	(void)del_curterm(cur_term);
	return can;
}
