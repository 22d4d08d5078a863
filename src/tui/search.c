/* Finding what was said, with anybody, and going there. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/marking.h"
#include "front/when.h"
#include "front/words.h"
#include "tui/overlay.h"

#include <string.h>

enum { HITS = 200, FOUND = '\2', FOUND_END = '\3' };

void
search_ask(struct ui *ui)
{
	keys_mode(ui, UI_SEARCH, NULL);
	input_set(ui->input, "");
}

static const struct earshot_value *
hit(const struct overlay *o, size_t i)
{
	return earshot_value_at(earshot_value_get(o->data, "messages"), i);
}

/* The words that were found stand between two control characters. */
static void
add_snippet(struct layout_text *out, const char *text)
{
	unsigned style = TUI_PLAIN;
	while (*text) {
		size_t n = strcspn(text, "\2\3");
		struct buf b = BUF_INIT(UI_SENTENCE);
		text_add(&b, TEXT_NAME, text, n);
		layout_text_add(out, style, buf_cstr(&b));
		buf_finish(&b);
		text += n;
		if (*text)
			style = *text++ == FOUND ? TUI_FOUND : TUI_PLAIN;
	}
}

static void
compose(struct overlay *o, size_t i, unsigned columns, struct layout_text *out)
{
	const struct earshot_value *m = hit(o, i);
	struct buf b = BUF_INIT(UI_SENTENCE);
	const char *trust = earshot_value_str(m, "trust");
	const char *snippet = earshot_value_str(m, "snippet");
	(void)columns;
	when_stamp(&b, earshot_value_int(m, "time", 0));
	layout_text_fmt(out, TUI_DIM, "%s ", buf_cstr(&b));
	layout_text_indent(out, 2);
	layout_text_add(out, people_trust_style(trust), marking(trust));
	buf_clear(&b);
	words_display(&b, m);
	bool ours = str_equal(earshot_value_str(m, "direction"), "out");
	if (ours)
		layout_text_fmt(out, TUI_OWN, tr(" You to %s: "), buf_cstr(&b));
	else
		layout_text_fmt(out, TUI_NAME, " %s: ", buf_cstr(&b));
	add_snippet(out, snippet ? snippet : earshot_value_str(m, "text"));
	buf_finish(&b);
}

static void
go(struct overlay *o)
{
	struct ui *ui = o->ui;
	const struct earshot_value *m = hit(o, o->chosen);
	struct front_person *p = m ? front_find(ui->front, earshot_value_str(m, "peer")) : NULL;
	int64_t number = earshot_value_int(m, "number", 0);
	overlay_close(ui);
	if (p)
		talk_seek(ui, p, number);
	else
		ui_notice(ui, TUI_WARN, "%s", tr("The person is not in the list any more."));
}

static bool
on_key(struct overlay *o, const struct tui_event *e)
{
	if (e->key != TUI_KEY_ENTER)
		return false;
	if (o->count > 0)
		go(o);
	return true;
}

static void
finish(struct overlay *o)
{
	earshot_value_free(o->data);
}

static const struct overlay_kind kind = {compose, on_key, finish, true, NULL};

static void
on_found(void *ctx, int err, const struct earshot_value *answer)
{
	struct ui *ui = ctx;
	size_t count = earshot_value_count(earshot_value_get(answer, "messages"));
	struct buf title = BUF_INIT(UI_SENTENCE);
	if (err) {
		ui_error(ui, err, answer);
		return;
	}
	if (count == 0) {
		ui_notice(ui, TUI_WARN, "%s", tr("Nothing was found."));
		return;
	}
	buf_fmt(&title, tr_n("%lu message found", "%lu messages found", (unsigned long)count),
	    (unsigned long)count);
	if (earshot_value_bool(answer, "more", false))
		buf_fmt(&title, "  %s", tr("(there are more)"));
	struct overlay *o = overlay_open(ui, &kind, buf_cstr(&title),
	    tr("Enter goes there   Esc back"), earshot_value_ref(answer));
	if (o)
		overlay_count(o, count);
	buf_finish(&title);
}

void
search_start(struct ui *ui, const char *words)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "words", words);
	earshot_value_set_int(params, "limit", HITS);
	front_call(ui->front, "search", params, on_found, ui);
}
