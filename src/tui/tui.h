/* The terminal UI: people, conversations and files on one screen (ncursesw). It works through
 * front/front.h; what can be typed after a slash are the commands of the command line. */
#ifndef TUI_TUI_H
#define TUI_TUI_H

#include "base/compiler.h"

#include <stdbool.h>

/* A command that can be typed as /NAME ARGS, or /PARENT NAME ARGS. */
struct tui_command {
	const char *parent; /* "files" for "files limit"; NULL: none */
	const char *name;
	const char *args;
	const char *help;
	bool asks; /* it asks questions, or stays until it is ended: it needs a terminal */
};

struct tui_options {
	const char *socket_path; /* borrowed; NULL: where the daemon listens */
	const char *peer;        /* borrowed; whom to talk with first, as typed; NULL: nobody */
	const char *program;     /* borrowed; what runs commands that are not the UI's own */
	const struct tui_command *commands; /* borrowed; ends with a NULL name */
	const char *theme;                  /* borrowed; NULL: what the terminal can */
	bool no_colour;
};

/* Can this terminal show it? False: lines have to do. */
bool tui_possible(void);
/* Runs until the user leaves; returns an exit code of the command line. */
int tui_run(const struct tui_options *o) MUST_USE;

#endif
