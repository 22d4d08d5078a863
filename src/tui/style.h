/* How a text looks, by what it means. What a style tells is never told by it alone: words or marks
 * say it too. */
#ifndef TUI_STYLE_H
#define TUI_STYLE_H

enum tui_style {
	TUI_PLAIN,
	TUI_NAME, /* somebody else's */
	TUI_OWN,  /* ours */
	TUI_DIM,
	TUI_GOOD,
	TUI_WARN,
	TUI_BAD,
	TUI_UNREAD,
	TUI_DAY,   /* line with the day */
	TUI_TITLE, /* bar of a pane */
	TUI_KEY,   /* a key that can be pressed, in a hint */
	TUI_FOUND, /* what was searched for */
	TUI_TRUST_PLAIN,
	TUI_TRUST_NEW,
	TUI_TRUST_KNOWN,
	TUI_TRUST_INTRODUCED,
	TUI_TRUST_VERIFIED,
	TUI_TRUST_CHANGED,
	TUI_STYLES,
	TUI_SELECTED = 64, /* added to any of them: this is what keys act upon */
};

#endif
