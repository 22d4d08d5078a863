/* Two people make sure that nobody stands between them: both see the same words. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/words.h"
#include "tui/overlay.h"

#include <stdlib.h>
#include <string.h>

static bool
is_stage(const struct earshot_value *v, const char *stage)
{
	return str_equal(earshot_value_str(v, "stage"), stage);
}

static bool
is_over(const struct earshot_value *v)
{
	return is_stage(v, "verified") || is_stage(v, "ended");
}

/* ---- the overlay: data is the comparison ---- */

static void
finish(struct overlay *o)
{
	earshot_value_free(o->data);
}

static bool on_key(struct overlay *o, const struct tui_event *e);

static const struct overlay_kind kind = {.key = on_key, .finish = finish};

static void
add(struct overlay *o, unsigned style, const char *text)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	buf_fmt(&b, "%s\n\n", text);
	overlay_add(o, style, buf_cstr(&b));
	buf_finish(&b);
}

static void
add_code(struct overlay *o, const struct earshot_value *v, const char *name)
{
	enum { WIDE = 64 };
	struct buf b = BUF_INIT(UI_SENTENCE), words = BUF_INIT(UI_SENTENCE);
	unsigned rows = 0, columns = 0;
	tui_screen_size(o->ui->screen, &rows, &columns);
	words_str(&words, v, "words");
	if (columns >= WIDE)
		words_spread(&b, buf_cstr(&words));
	else
		buf_str(&b, buf_cstr(&words));
	add(o, TUI_NAME, buf_cstr(&b));
	buf_clear(&b);
	words_str(&b, v, "digits");
	add(o, TUI_NAME, buf_cstr(&b));
	buf_clear(&b);
	buf_fmt(&b,
	    tr("%s sees a code too. Read yours to each other, face to face or over the telephone: "
	       "words or digits, either is enough. What is written here could be forged."),
	    name);
	add(o, TUI_PLAIN, buf_cstr(&b));
	buf_finish(&b);
	buf_finish(&words);
}

/* What is to be done now. */
static void
add_stage(struct overlay *o, const struct earshot_value *v, const char *name)
{
	struct buf b = BUF_INIT(UI_SENTENCE), reason = BUF_INIT(UI_SENTENCE);
	unsigned style = TUI_PLAIN;
	words_str(&reason, v, "reason");
	if (is_stage(v, "verified")) {
		buf_fmt(&b, tr("[v] %s is verified: nobody stands between you."), name);
		style = TUI_GOOD;
	} else if (is_stage(v, "ended")) {
		buf_fmt(&b, tr("Not verified: %s"),
		    reason.len > 0 ? buf_cstr(&reason) : tr("it did not come to an end."));
		style = TUI_BAD;
	} else if (is_stage(v, "waiting")) {
		buf_fmt(&b, tr("You said that they are the same. Waiting for %s to say so, too."),
		    name);
	} else if (str_empty(earshot_value_str(v, "words"))) {
		buf_fmt(&b, tr("Waiting for the program of %s ..."), name);
	} else {
		if (is_stage(v, "confirmed")) {
			buf_fmt(&b, tr("%s says that they are the same."), name);
			add(o, TUI_GOOD, buf_cstr(&b));
			buf_clear(&b);
		}
		buf_str(&b, tr("Do both screens show the same? Press y or n."));
		style = TUI_WARN;
	}
	add(o, style, buf_cstr(&b));
	buf_finish(&b);
	buf_finish(&reason);
}

static void
fill(struct overlay *o)
{
	const struct earshot_value *v = o->data;
	struct buf name = BUF_INIT(UI_SENTENCE);
	words_display(&name, v);
	overlay_clear(o);
	overlay_add(o, TUI_PLAIN, "\n");
	if (!is_over(v) && !str_empty(earshot_value_str(v, "words")))
		add_code(o, v, buf_cstr(&name));
	add_stage(o, v, buf_cstr(&name));
	buf_finish(&name);
}

/* Events and answers may come in any order, and not each of them carries the code again. */
static struct earshot_value *
joined(const struct earshot_value *old, const struct earshot_value *now)
{
	static const char *const texts[] = {
	    "peer", "display", "stage", "words", "digits", "reason"};
	struct earshot_value *v = earshot_value_object();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *text = earshot_value_str(now, texts[i]);
		earshot_value_set_str(v, texts[i], text ? text : earshot_value_str(old, texts[i]));
	}
	earshot_value_set_int(v, "run", earshot_value_int(now, "run", 0));
	earshot_value_set_bool(v, "initiator", earshot_value_bool(now, "initiator", false));
	return v;
}

static void
take(struct talk *t, const struct earshot_value *v)
{
	struct earshot_value *old = t->comparison;
	bool same = old && earshot_value_int(old, "run", -1) == earshot_value_int(v, "run", -2);
	t->comparison = joined(same ? old : NULL, v);
	earshot_value_free(old);
	struct overlay *o = t->ui->overlay;
	if (o && o->kind == &kind &&
	    str_equal(earshot_value_str(o->data, "peer"), t->person->name)) {
		earshot_value_free(o->data);
		o->data = earshot_value_ref(t->comparison);
		fill(o);
	}
	if (is_over(v)) {
		earshot_value_free(t->comparison);
		t->comparison = NULL;
	}
	ui_touch(t->ui);
}

/* ---- what happens ---- */

void
verify_event(struct ui *ui, const struct earshot_value *event)
{
	const char *peer = earshot_value_str(event, "peer");
	struct front_person *p = peer ? front_find(ui->front, peer) : NULL;
	struct talk *t = p ? talk_of(ui, p) : NULL;
	if (!t)
		return;
	take(t, event);
	if (ui->overlay && ui->overlay->kind == &kind)
		return;
	if (is_stage(event, "verified"))
		ui_notice(
		    ui, TUI_GOOD, tr("[v] %s is verified: nobody stands between you."), p->display);
	else if (is_stage(event, "begun") && !earshot_value_bool(event, "initiator", false) &&
		 p != ui->who)
		ui_notice(ui, TUI_WARN, tr("%s wants to compare keys with you."), p->display);
}

bool
verify_banner(struct buf *out, const struct talk *t)
{
	const struct earshot_value *v = t->comparison;
	if (!v || is_over(v))
		return false;
	if (earshot_value_bool(v, "initiator", false))
		buf_fmt(out, tr("You compare keys with %s: /verify shows the words."),
		    t->person->display);
	else
		buf_fmt(out, tr("%s wants to compare keys with you: /verify shows the words."),
		    t->person->display);
	return true;
}

void
introduction_event(struct ui *ui, const struct earshot_value *event)
{
	struct buf voucher = BUF_INIT(UI_SENTENCE), whose = BUF_INIT(UI_SENTENCE);
	words_str(&voucher, event, "voucher_display");
	if (earshot_value_has(event, "peer")) {
		words_display(&whose, event);
		ui_notice(ui, TUI_WARN, tr("%s vouches for the key of %s: /trust accept takes it."),
		    buf_cstr(&voucher), buf_cstr(&whose));
	} else {
		words_str(&whose, event, "name");
		ui_notice(ui, TUI_DIM,
		    tr("%s vouches for the key of %s, whom you have not met yet."),
		    buf_cstr(&voucher), buf_cstr(&whose));
	}
	buf_finish(&voucher);
	buf_finish(&whose);
}

/* ---- what is done ---- */

static void
on_compared(void *ctx, int err, const struct earshot_value *answer)
{
	struct ui *ui = ctx;
	const char *peer = earshot_value_str(answer, "peer");
	struct front_person *p = !err && peer ? front_find(ui->front, peer) : NULL;
	struct talk *t = p ? talk_of(ui, p) : NULL;
	if (t) {
		take(t, answer);
	} else if (err) {
		if (ui->overlay && ui->overlay->kind == &kind)
			overlay_close(ui);
		ui_error(ui, err, answer);
	}
}

static bool
on_key(struct overlay *o, const struct tui_event *e)
{
	const struct earshot_value *v = o->data;
	bool yes = e->c == 'y' || e->c == 'Y';
	bool no = e->c == 'n' || e->c == 'N';
	if (e->key != TUI_KEY_CHAR || e->modifiers || !(yes || no))
		return false;
	if (is_over(v) || is_stage(v, "waiting") || str_empty(earshot_value_str(v, "words")))
		return true;
	if (o->drawn != o->version) /* what was typed before was no answer */
		return true;
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", earshot_value_str(v, "peer"));
	earshot_value_set_bool(params, "same", yes);
	front_call(o->ui->front, "verify.answer", params, on_compared, o->ui);
	return true;
}

void
verify_start(struct ui *ui, struct front_person *p)
{
	struct talk *t = talk_of(ui, p);
	struct buf title = BUF_INIT(UI_SENTENCE);
	if (!t)
		return;
	struct earshot_value *v = earshot_value_object();
	earshot_value_set_str(v, "peer", p->name);
	earshot_value_set_str(v, "display", p->display);
	earshot_value_set_str(v, "stage", "begun");
	buf_fmt(&title, tr("Is it %s?"), p->display);
	struct overlay *o = overlay_open(
	    ui, &kind, buf_cstr(&title), tr("y the same   n not the same   Esc back"), v);
	buf_finish(&title);
	if (!o)
		return;
	fill(o);
	front_call(ui->front, "verify.start", ui_peer(p), on_compared, ui);
}
