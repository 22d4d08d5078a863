#include "cli/transfer_bar.h"

#include "base/text.h"
#include "front/transfer_words.h"
#include "front/words.h"

#include <string.h>

enum { BAR_FROM = 12, BAR_MAX = 40, NUMBERS_WIDTH = 34, NAME_MIN = 6, GAPS = 4 };

static void
add_blocks(const struct screen *s, struct buf *out, size_t width, double part)
{
	struct buf rest = BUF_INIT(WORDS_MAX);
	size_t full = (size_t)(part * (double)width + 0.5);
	struct buf done = BUF_INIT(WORDS_MAX);
	for (size_t i = 0; i < width; i++)
		buf_str(i < full ? &done : &rest, i < full ? "\xe2\x94\x81" : "\xe2\x94\x80");
	screen_style(s, out, STYLE_GOOD, buf_cstr(&done));
	screen_style(s, out, STYLE_DIM, buf_cstr(&rest));
	buf_finish(&done);
	buf_finish(&rest);
}

static void
add_numbers(struct buf *out, const struct transfer_progress *p)
{
	if (p->total > 0)
		buf_fmt(out, "%3d %%", (int)((double)p->done * 100 / (double)p->total));
	else
		transfer_size(out, p->done);
	if (p->rate >= 0) {
		buf_str(out, "  ");
		transfer_size(out, p->rate);
		buf_str(out, "/s");
	}
	if (p->left >= 0) {
		buf_str(out, "  ");
		transfer_left(out, p->left);
	}
}

/* The name gives way first, then the bar: the numbers stay. */
void
transfer_bar(const struct screen *s, struct buf *out, const struct transfer_progress *p)
{
	struct buf numbers = BUF_INIT(WORDS_MAX);
	add_numbers(&numbers, p);
	size_t room =
	    s->columns > 1 ? s->columns - 1 : 1; /* a full row would leave the cursor in doubt */
	size_t width = text_width(buf_cstr(&numbers), numbers.len);
	size_t rest =
	    room > NUMBERS_WIDTH ? room - (width > NUMBERS_WIDTH ? width : NUMBERS_WIDTH) : 0;
	size_t bar = p->total > 0 && rest > BAR_FROM ? rest / 2 : 0;
	if (bar > BAR_MAX)
		bar = BAR_MAX;
	size_t name = rest > bar + GAPS + NAME_MIN ? rest - bar - GAPS : 0;
	size_t fits = text_fit(p->what, strlen(p->what), name);
	buf_add(out, p->what, fits);
	if (fits > 0)
		buf_str(out, "  ");
	if (bar > 0) {
		double part = (double)p->done / (double)p->total;
		add_blocks(s, out, bar, part > 1 ? 1 : part);
		buf_str(out, "  ");
	}
	buf_add(out, buf_cstr(&numbers), text_fit(buf_cstr(&numbers), numbers.len, room));
	buf_finish(&numbers);
}
