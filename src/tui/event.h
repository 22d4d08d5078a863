/* What comes from the terminal: keys, pasted text, mouse, a new size, the end. Knows no ncurses. */
#ifndef TUI_EVENT_H
#define TUI_EVENT_H

#include <stddef.h>
#include <stdint.h>

enum tui_event_kind {
	TUI_EVENT_KEY,
	TUI_EVENT_PASTE,   /* text: lines with \n between, not clean */
	TUI_EVENT_MOUSE,   /* button, row, column */
	TUI_EVENT_RESIZE,  /* the screen has been measured again: draw all */
	TUI_EVENT_SUSPEND, /* asked for from outside: tui_screen_stop() */
	TUI_EVENT_END,     /* the terminal is gone or a signal asks the program to end */
};

enum tui_key {
	TUI_KEY_CHAR, /* c; with TUI_CTRL a small letter or one of @[\]^_ */
	TUI_KEY_ENTER,
	TUI_KEY_TAB, /* with TUI_SHIFT: back */
	TUI_KEY_ESCAPE,
	TUI_KEY_BACKSPACE,
	TUI_KEY_DELETE,
	TUI_KEY_INSERT,
	TUI_KEY_UP,
	TUI_KEY_DOWN,
	TUI_KEY_LEFT,
	TUI_KEY_RIGHT,
	TUI_KEY_HOME,
	TUI_KEY_END,
	TUI_KEY_PAGE_UP,
	TUI_KEY_PAGE_DOWN,
	TUI_KEY_F, /* c: 1 to 12 */
	TUI_KEY_UNKNOWN,
};

enum tui_modifiers { TUI_SHIFT = 1, TUI_ALT = 2, TUI_CTRL = 4 };

enum tui_button {
	TUI_BUTTON_LEFT, /* pressed */
	TUI_BUTTON_MIDDLE,
	TUI_BUTTON_RIGHT,
	TUI_WHEEL_UP,
	TUI_WHEEL_DOWN,
};

struct tui_event {
	enum tui_event_kind kind;
	enum tui_key key;
	uint32_t c;         /* code point */
	unsigned modifiers; /* of tui_modifiers; Shift only with keys that are no characters */
	enum tui_button button;
	int row, column;
	int signal;       /* with END: which one, 0: the terminal is gone */
	const char *text; /* borrowed until the next event is read */
	size_t len;
};

#endif
