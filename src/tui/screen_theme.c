/* How styles look. */
#include "base/compiler.h"
#include "tui/screen-parts.h"

#include <errno.h>
#include <string.h>

const char *const tui_themes[] = {"default", "mono", "contrast", NULL};

/* Colours by number: of eight, and of 256. The latter can be read on white and on black. */
struct look {
	attr_t attributes;
	short of_8, of_256;
};

enum { OWN_COLOUR = -1 }; /* the terminal's */

static const struct look coloured[TUI_STYLES] = {
    [TUI_PLAIN] = {0, OWN_COLOUR, OWN_COLOUR},
    [TUI_NAME] = {A_BOLD, COLOR_CYAN, 32},
    [TUI_OWN] = {A_BOLD, COLOR_MAGENTA, 133},
    [TUI_DIM] = {A_DIM, OWN_COLOUR, OWN_COLOUR},
    [TUI_GOOD] = {0, COLOR_GREEN, 28},
    [TUI_WARN] = {0, COLOR_YELLOW, 130},
    [TUI_BAD] = {A_BOLD, COLOR_RED, 160},
    [TUI_UNREAD] = {A_BOLD, COLOR_YELLOW, 130},
    [TUI_DAY] = {A_DIM, OWN_COLOUR, OWN_COLOUR},
    [TUI_TITLE] = {A_REVERSE, OWN_COLOUR, OWN_COLOUR},
    [TUI_KEY] = {A_BOLD, OWN_COLOUR, OWN_COLOUR},
    [TUI_FOUND] = {A_BOLD | A_UNDERLINE, COLOR_YELLOW, 130},
    [TUI_TRUST_PLAIN] = {0, COLOR_YELLOW, 130},
    [TUI_TRUST_NEW] = {0, COLOR_YELLOW, 130},
    [TUI_TRUST_KNOWN] = {A_DIM, OWN_COLOUR, OWN_COLOUR},
    [TUI_TRUST_INTRODUCED] = {A_DIM, OWN_COLOUR, OWN_COLOUR},
    [TUI_TRUST_VERIFIED] = {0, COLOR_GREEN, 28},
    [TUI_TRUST_CHANGED] = {A_BOLD | A_REVERSE, COLOR_RED, 160},
};

static const struct look mono[TUI_STYLES] = {
    [TUI_NAME] = {.attributes = A_BOLD},
    [TUI_OWN] = {.attributes = A_BOLD},
    [TUI_DIM] = {.attributes = A_DIM},
    [TUI_WARN] = {.attributes = A_BOLD},
    [TUI_BAD] = {.attributes = A_BOLD},
    [TUI_UNREAD] = {.attributes = A_BOLD},
    [TUI_DAY] = {.attributes = A_DIM},
    [TUI_TITLE] = {.attributes = A_REVERSE},
    [TUI_KEY] = {.attributes = A_BOLD},
    [TUI_FOUND] = {.attributes = A_BOLD | A_UNDERLINE},
    [TUI_TRUST_CHANGED] = {.attributes = A_BOLD | A_REVERSE},
};

/* On black; nothing is dim. */
static const struct look contrast[TUI_STYLES] = {
    [TUI_PLAIN] = {A_BOLD, COLOR_WHITE, 15},
    [TUI_NAME] = {A_BOLD, COLOR_CYAN, 14},
    [TUI_OWN] = {A_BOLD, COLOR_GREEN, 10},
    [TUI_DIM] = {0, COLOR_WHITE, 15},
    [TUI_GOOD] = {A_BOLD, COLOR_GREEN, 10},
    [TUI_WARN] = {A_BOLD, COLOR_YELLOW, 11},
    [TUI_BAD] = {A_BOLD | A_REVERSE, COLOR_WHITE, 15},
    [TUI_UNREAD] = {A_BOLD | A_UNDERLINE, COLOR_YELLOW, 11},
    [TUI_DAY] = {0, COLOR_WHITE, 15},
    [TUI_TITLE] = {A_BOLD | A_REVERSE, COLOR_WHITE, 15},
    [TUI_KEY] = {A_BOLD, COLOR_YELLOW, 11},
    [TUI_FOUND] = {A_BOLD | A_REVERSE, COLOR_YELLOW, 11},
    [TUI_TRUST_PLAIN] = {A_BOLD, COLOR_YELLOW, 11},
    [TUI_TRUST_NEW] = {A_BOLD, COLOR_YELLOW, 11},
    [TUI_TRUST_KNOWN] = {A_BOLD, COLOR_WHITE, 15},
    [TUI_TRUST_INTRODUCED] = {A_BOLD, COLOR_WHITE, 15},
    [TUI_TRUST_VERIFIED] = {A_BOLD, COLOR_GREEN, 10},
    [TUI_TRUST_CHANGED] = {A_BOLD | A_REVERSE, COLOR_YELLOW, 11},
};

/* One pair for each style: there are fewer of them than any terminal with colours has pairs. */
static attr_t
attributes(const struct look *look, size_t style, short ground)
{
	short pair = (short)(style + 1);
	short colour = look->of_8;
	if (COLORS >= 256)
		colour = look->of_256;
	if (init_pair(pair, colour, ground) == ERR)
		return look->attributes;
	return look->attributes | (attr_t)COLOR_PAIR(pair);
}

int
screen_apply_theme(struct tui_screen *s, const char *theme)
{
	static const struct look *const looks[] = {coloured, mono, contrast};
	size_t which = 0;
	while (tui_themes[which] && strcmp(tui_themes[which], theme) != 0)
		which++;
	if (!tui_themes[which])
		return -EINVAL;
	const struct look *look = s->colour ? looks[which] : mono;
	short ground = OWN_COLOUR;
	if (look == contrast)
		ground = COLOR_BLACK;
	for (size_t i = 0; i < TUI_STYLES; i++)
		s->styles[i] = look == mono ? look[i].attributes : attributes(&look[i], i, ground);
	s->theme = tui_themes[which];
	bkgdset(' ' | (chtype)(look == contrast ? s->styles[TUI_PLAIN] : A_NORMAL));
	return 0;
}
