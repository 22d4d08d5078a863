/* What is typed, pasted and clicked. */
#include "base/clock.h"
#include "base/compiler.h"
#include "base/utf8.h"
#include "tui/screen-parts.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	/* codes of ours, far behind those that ncurses gives to keys of the terminfo entry */
	CODE_PASTE = 2000,
	CODE_PASTED,
	CODE_KEYS,                                /* + 8 * key + modifiers */
	CODE_F = CODE_KEYS + 8 * TUI_KEY_UNKNOWN, /* + number of the key */
	CODE_END = CODE_F + 13,
	PASTE_PAUSE_MS = 1000, /* a paste without an end is over after this */
	ESCAPE = 27,
	DELETE = 127,
};

static const struct {
	char begin, end; /* of the sequence xterm sends: ESC [ begin ; MODIFIERS end */
	enum tui_key key;
	const char *name; /* in terminfo, before the modifiers: kUP5 */
} modified[] = {
    {'1', 'A', TUI_KEY_UP, "kUP"},
    {'1', 'B', TUI_KEY_DOWN, "kDN"},
    {'1', 'C', TUI_KEY_RIGHT, "kRIT"},
    {'1', 'D', TUI_KEY_LEFT, "kLFT"},
    {'1', 'H', TUI_KEY_HOME, "kHOM"},
    {'1', 'F', TUI_KEY_END, "kEND"},
    {'2', '~', TUI_KEY_INSERT, "kIC"},
    {'3', '~', TUI_KEY_DELETE, "kDC"},
    {'5', '~', TUI_KEY_PAGE_UP, "kPRV"},
    {'6', '~', TUI_KEY_PAGE_DOWN, "kNXT"},
};

/* xterm's number for modifiers is one more than their bits, of which these are the first three. */
static int
code_of(enum tui_key key, int number)
{
	unsigned bits = (unsigned)number - 1;
	unsigned modifiers =
	    (bits & 1 ? TUI_SHIFT : 0u) | (bits & 2 ? TUI_ALT : 0u) | (bits & 4 ? TUI_CTRL : 0u);
	return CODE_KEYS + 8 * (int)key + (int)modifiers;
}

/* Unless the terminal's entry means something else by it. */
static void
define(const char *sequence, int code)
{
	if (key_defined(sequence) == 0)
		(void)define_key(sequence, code);
}

/* Many terminals send these whatever their entry says. */
void
screen_define_keys(void)
{
	static const struct {
		const char *sequence;
		enum tui_key key;
	} plain[] = {
	    {"\033[A", TUI_KEY_UP},
	    {"\033OA", TUI_KEY_UP},
	    {"\033[B", TUI_KEY_DOWN},
	    {"\033OB", TUI_KEY_DOWN},
	    {"\033[C", TUI_KEY_RIGHT},
	    {"\033OC", TUI_KEY_RIGHT},
	    {"\033[D", TUI_KEY_LEFT},
	    {"\033OD", TUI_KEY_LEFT},
	    {"\033[H", TUI_KEY_HOME},
	    {"\033OH", TUI_KEY_HOME},
	    {"\033[1~", TUI_KEY_HOME},
	    {"\033[7~", TUI_KEY_HOME},
	    {"\033[F", TUI_KEY_END},
	    {"\033OF", TUI_KEY_END},
	    {"\033[4~", TUI_KEY_END},
	    {"\033[8~", TUI_KEY_END},
	    {"\033[2~", TUI_KEY_INSERT},
	    {"\033[3~", TUI_KEY_DELETE},
	    {"\033[5~", TUI_KEY_PAGE_UP},
	    {"\033[6~", TUI_KEY_PAGE_DOWN},
	};
	char sequence[16];
	(void)define_key("\033[200~", CODE_PASTE);
	(void)define_key("\033[201~", CODE_PASTED);
	(void)define_key("\033[13;2u", code_of(TUI_KEY_ENTER, 2));
	(void)define_key("\033[13;3u", code_of(TUI_KEY_ENTER, 3));
	for (char f = 1; f <= 4; f++) {
		const char numbered[] = {'\033', 'O', (char)('O' + f), '\0'};
		define(numbered, CODE_F + f);
	}
	define("\033[Z", code_of(TUI_KEY_TAB, 2));
	for (size_t i = 0; i < ARRAY_LEN(plain); i++)
		define(plain[i].sequence, code_of(plain[i].key, 1));
	for (size_t i = 0; i < ARRAY_LEN(modified); i++)
		for (int number = 2; number <= 8; number++) {
			(void)snprintf(sequence, sizeof(sequence), "\033[%c;%d%c",
			    modified[i].begin, number, modified[i].end);
			(void)define_key(sequence, code_of(modified[i].key, number));
		}
}

static bool
of_key(struct tui_event *out, enum tui_key key, unsigned modifiers)
{
	out->kind = TUI_EVENT_KEY;
	out->key = key;
	out->modifiers |= modifiers;
	return true;
}

/* ---- characters ---- */

static bool
of_character(struct tui_event *out, uint32_t c)
{
	if (c == '\r')
		return of_key(out, TUI_KEY_ENTER, 0);
	if (c == '\t')
		return of_key(out, TUI_KEY_TAB, 0);
	if (c == DELETE)
		return of_key(out, TUI_KEY_BACKSPACE, 0);
	if (c == ESCAPE)
		return of_key(out, TUI_KEY_ESCAPE, 0);
	out->c = c < ' ' ? c + '@' : c;
	if (c > 0 && c <= 26)
		out->c = c + 'a' - 1;
	return of_key(out, TUI_KEY_CHAR, c < ' ' ? TUI_CTRL : 0u);
}

/* Bytes come one by one, and those of a character not always at once. */
static bool
of_byte(struct tui_screen *s, struct tui_event *out, int byte)
{
	uint32_t c = 0;
	s->bytes[s->byte_count++] = (char)byte;
	size_t n = utf8_decode(s->bytes, s->byte_count, &c);
	bool begins = (unsigned char)s->bytes[0] >= 0xc2 && (unsigned char)s->bytes[0] < 0xf5;
	bool goes_on = s->byte_count == 1 || (byte & 0xc0) == 0x80;
	if (n == 0 && begins && goes_on && s->byte_count < sizeof(s->bytes))
		return false;
	s->byte_count = 0;
	if (n == 0 && !goes_on && byte < 0x80)
		c = (uint32_t)byte; /* what was cut off before it is lost */
	else if (n == 0)
		c = 0xfffd;
	return of_character(out, c);
}

/* ---- named keys ---- */

static bool
of_extended(struct tui_event *out, int code)
{
	const char *name = keyname(code);
	if (name && strcmp(name, "kcbt2") == 0) /* the Linux console has it so */
		return of_key(out, TUI_KEY_TAB, TUI_SHIFT);
	for (size_t i = 0; name && i < ARRAY_LEN(modified); i++) {
		size_t n = strlen(modified[i].name);
		if (strncmp(name, modified[i].name, n) != 0)
			continue;
		const char *rest = name + n;
		int number = *rest == '\0' ? 2 : *rest - '0'; /* kUP itself is with Shift */
		if (number < 2 || number > 8 || (*rest && rest[1]))
			continue;
		int ours = code_of(modified[i].key, number) - CODE_KEYS;
		return of_key(out, (enum tui_key)(ours / 8), (unsigned)ours % 8);
	}
	return of_key(out, TUI_KEY_UNKNOWN, 0);
}

static bool
of_code(struct tui_event *out, int code)
{
	static const struct {
		int code;
		enum tui_key key;
		unsigned modifiers;
	} codes[] = {
	    {KEY_UP, TUI_KEY_UP, 0},
	    {KEY_DOWN, TUI_KEY_DOWN, 0},
	    {KEY_LEFT, TUI_KEY_LEFT, 0},
	    {KEY_RIGHT, TUI_KEY_RIGHT, 0},
	    {KEY_HOME, TUI_KEY_HOME, 0},
	    {KEY_END, TUI_KEY_END, 0},
	    {KEY_PPAGE, TUI_KEY_PAGE_UP, 0},
	    {KEY_NPAGE, TUI_KEY_PAGE_DOWN, 0},
	    {KEY_BACKSPACE, TUI_KEY_BACKSPACE, 0},
	    {KEY_DC, TUI_KEY_DELETE, 0},
	    {KEY_IC, TUI_KEY_INSERT, 0},
	    {KEY_ENTER, TUI_KEY_ENTER, 0},
	    {KEY_BTAB, TUI_KEY_TAB, TUI_SHIFT},
	    {KEY_SR, TUI_KEY_UP, TUI_SHIFT},
	    {KEY_SF, TUI_KEY_DOWN, TUI_SHIFT},
	    {KEY_SLEFT, TUI_KEY_LEFT, TUI_SHIFT},
	    {KEY_SRIGHT, TUI_KEY_RIGHT, TUI_SHIFT},
	    {KEY_SHOME, TUI_KEY_HOME, TUI_SHIFT},
	    {KEY_SEND, TUI_KEY_END, TUI_SHIFT},
	    {KEY_SPREVIOUS, TUI_KEY_PAGE_UP, TUI_SHIFT},
	    {KEY_SNEXT, TUI_KEY_PAGE_DOWN, TUI_SHIFT},
	    {KEY_SDC, TUI_KEY_DELETE, TUI_SHIFT},
	};
	bool numbered = code >= KEY_F(1) && code <= KEY_F(12);
	if (code >= CODE_KEYS && code < CODE_F)
		return of_key(
		    out, (enum tui_key)((code - CODE_KEYS) / 8), (unsigned)(code - CODE_KEYS) % 8);
	if (numbered || (code > CODE_F && code < CODE_END)) {
		out->c = (uint32_t)(code - (numbered ? KEY_F(0) : CODE_F));
		return of_key(out, TUI_KEY_F, 0);
	}
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return of_key(out, codes[i].key, codes[i].modifiers);
	return of_extended(out, code);
}

/* ---- mouse ---- */

void
screen_apply_mouse(const struct tui_screen *s)
{
	/* without it the terminal's own selecting of text works as people know it */
	mouseinterval(0);
	mousemask(s->mouse ? BUTTON1_PRESSED | BUTTON2_PRESSED | BUTTON3_PRESSED | BUTTON4_PRESSED |
				 BUTTON5_PRESSED
			   : 0,
	    NULL);
}

static bool
of_mouse(struct tui_event *out)
{
	static const struct {
		mmask_t state;
		enum tui_button button;
	} buttons[] = {
	    {BUTTON1_PRESSED, TUI_BUTTON_LEFT},
	    {BUTTON2_PRESSED, TUI_BUTTON_MIDDLE},
	    {BUTTON3_PRESSED, TUI_BUTTON_RIGHT},
	    {BUTTON4_PRESSED, TUI_WHEEL_UP},
	    {BUTTON5_PRESSED, TUI_WHEEL_DOWN},
	};
	MEVENT m;
	if (getmouse(&m) != OK)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(buttons); i++) {
		if (!(m.bstate & buttons[i].state))
			continue;
		out->kind = TUI_EVENT_MOUSE;
		out->button = buttons[i].button;
		out->row = m.y;
		out->column = m.x;
		return true;
	}
	return false;
}

/* ---- pasting ---- */

static bool
end_paste(struct tui_screen *s, struct tui_event *out)
{
	s->pasting = false;
	out->kind = TUI_EVENT_PASTE;
	out->text = buf_cstr(&s->paste);
	out->len = s->paste.len;
	return out->len > 0;
}

/* Keys within it are none: only their names are lost, which nobody wants to paste. */
static bool
take_pasted(struct tui_screen *s, struct tui_event *out, int code)
{
	s->pasted_at = clock_now();
	if (code == CODE_PASTED)
		return end_paste(s, out);
	if (code <= 0xff && s->paste.len < TUI_PASTE_MAX)
		buf_char(&s->paste, (char)(code == '\r' ? '\n' : code));
	return false;
}

static void
begin_paste(struct tui_screen *s)
{
	buf_clear(&s->paste);
	s->pasting = true;
	s->pasted_at = clock_now();
}

/* ---- reading ---- */

/* Alt is an Escape before the key. */
static bool
of_escape(struct tui_screen *s, struct tui_event *out)
{
	int code = getch();
	if (code == ERR)
		return of_key(out, TUI_KEY_ESCAPE, 0);
	out->modifiers = TUI_ALT;
	if (code == ESCAPE)
		return of_key(out, TUI_KEY_ESCAPE, 0);
	if (code > 0xff)
		return of_code(out, code);
	while (!of_byte(s, out, code)) {
		code = getch();
		if (code < 0 || code > 0xff) {
			s->byte_count = 0;
			return of_key(out, TUI_KEY_UNKNOWN, 0);
		}
	}
	return true;
}

/* Returns true if it makes an event; some codes make none. */
static bool
of_any(struct tui_screen *s, struct tui_event *out, int code)
{
	if (s->pasting)
		return take_pasted(s, out, code);
	if (code == CODE_PASTE) {
		begin_paste(s);
		return false;
	}
	if (code == CODE_PASTED || code == KEY_RESIZE)
		return false;
	if (code == KEY_MOUSE)
		return of_mouse(out);
	if (code == ESCAPE && s->byte_count == 0)
		return of_escape(s, out);
	if (code <= 0xff)
		return of_byte(s, out, code);
	s->byte_count = 0;
	return of_code(out, code);
}

/* ncurses cannot tell "nothing yet" from "never again". */
static bool
is_gone(void)
{
	struct pollfd fd = {STDIN_FILENO, POLLIN, 0};
	return poll(&fd, 1, 0) > 0;
}

static bool
of_signals(struct tui_screen *s, struct tui_event *out)
{
	screen_take_signals(s);
	if (s->ended) {
		out->kind = TUI_EVENT_END;
		out->signal = s->signal;
		return true;
	}
	if (s->resized) {
		s->resized = false;
		screen_measure_again(s);
		out->kind = TUI_EVENT_RESIZE;
		return true;
	}
	if (s->suspended) {
		s->suspended = false;
		out->kind = TUI_EVENT_SUSPEND;
		return true;
	}
	return false;
}

bool
tui_screen_read(struct tui_screen *s, struct tui_event *out)
{
	*out = (struct tui_event){0};
	if (of_signals(s, out))
		return true;
	if (s->left)
		return false;
	if (s->pasting && clock_now() - s->pasted_at > PASTE_PAUSE_MS && end_paste(s, out))
		return true;
	for (;;) {
		int code = getch();
		if (code == ERR)
			break;
		if (of_any(s, out, code))
			return true;
		*out = (struct tui_event){0};
	}
	if (!is_gone())
		return false;
	/* it may have come between the two; once more shows whether it is the end */
	int code = getch();
	if (code != ERR)
		return of_any(s, out, code);
	s->ended = true;
	out->kind = TUI_EVENT_END;
	return true;
}
