/* Typing into an input, for its tests. */
#ifndef TEST_TYPING_H
#define TEST_TYPING_H

#include "base/utf8.h"
#include "tui/input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* Each of these is one character to a person. */
#define FAMILY  "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define FLAG    "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define E_ACUTE "e\xcc\x81"

static inline struct input *
make(input_complete_fn *complete)
{
	struct input *in;
	assert_int_equal(input_create(complete, NULL, &in), 0);
	return in;
}

static inline enum input_result
press(struct input *in, enum tui_key key, unsigned modifiers)
{
	struct tui_event e = {.kind = TUI_EVENT_KEY, .key = key, .modifiers = modifiers};
	return input_event(in, &e);
}

static inline enum input_result
chord(struct input *in, char c, unsigned modifiers)
{
	struct tui_event e = {.kind = TUI_EVENT_KEY, .c = (uint32_t)c, .modifiers = modifiers};
	return input_event(in, &e);
}

static inline enum input_result
paste(struct input *in, const char *text, size_t len)
{
	struct tui_event e = {.kind = TUI_EVENT_PASTE, .text = text, .len = len};
	return input_event(in, &e);
}

/* As from a keyboard: character by character. */
static inline void
type(struct input *in, const char *text)
{
	size_t len = strlen(text);
	while (len > 0) {
		struct tui_event e = {.kind = TUI_EVENT_KEY};
		size_t n = utf8_decode(text, len, &e.c);
		if (*text == '\n')
			assert_int_equal(press(in, TUI_KEY_ENTER, TUI_ALT), INPUT_CHANGED);
		else
			assert_int_equal(input_event(in, &e), INPUT_CHANGED);
		text += n;
		len -= n;
	}
}

#endif
