/* What is known of the terminal that TERM names. Apart from screen.c because <term.h> takes all
 * names of capabilities for itself. Of the terminal that is set up, but for tui_possible(). */
#ifndef TUI_TERMINFO_H
#define TUI_TERMINFO_H

#include <stdbool.h>

bool terminfo_has(const char *name);  /* a string */
bool terminfo_flag(const char *name); /* a boolean */
/* What a string sends, byte by byte; nothing if the terminal has it not. */
void terminfo_put(const char *name, int (*put)(int c));

#endif
