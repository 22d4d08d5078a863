#include "tray/bubble.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/offer.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <string.h>

enum {
	WIDTH_CHARS = 62,
	QUOTE_CHARS = 160,
	TEXT_BYTES = 8000, /* one bubble shows; the rest is there to be copied */
	GAP = 6,
	SIDE = 60, /* pixels left free on the side of the other */
};

static void
add_quote(GtkWidget *box, const struct front_message *m)
{
	if (str_empty(m->reply_text))
		return;
	glong chars = g_utf8_strlen(m->reply_text, -1);
	const char *end = g_utf8_offset_to_pointer(m->reply_text, MIN(chars, QUOTE_CHARS));
	g_autofree char *part = g_strndup(m->reply_text, (gsize)(end - m->reply_text));
	GtkWidget *quote = ui_add(box, ui_text(part, "earshot-quote"));
	gtk_label_set_lines(GTK_LABEL(quote), 2);
	gtk_label_set_ellipsize(GTK_LABEL(quote), PANGO_ELLIPSIZE_END);
	gtk_label_set_max_width_chars(GTK_LABEL(quote), WIDTH_CHARS);
}

static void
add_text(GtkWidget *box, const struct front_person *p, const struct front_message *m)
{
	g_autofree char *said = NULL;
	if (m->retracted)
		said = g_strdup(m->ours ? tr("You took this back.") : tr("This was taken back."));
	else if (m->action)
		said = g_strdup_printf("* %s %s", m->ours ? tr("You") : p->display, m->text);
	else
		said = g_strdup(m->text);
	size_t len = strlen(said);
	if (len > TEXT_BYTES) {
		char *cut = g_utf8_find_prev_char(said, said + TEXT_BYTES);
		*cut = '\0';
	}
	GtkWidget *text = ui_add(box, ui_text(said, m->retracted ? "earshot-dim" : NULL));
	gtk_label_set_max_width_chars(GTK_LABEL(text), WIDTH_CHARS);
	if (len > TEXT_BYTES)
		ui_add(box, ui_text(tr("This message is longer. Copy it to read all of it."),
				"earshot-dim"));
}

static void
add_mark(GtkWidget *foot, const struct front_message *m)
{
	const char *sign = say_mark_sign(m->mark), *word = say_mark(m->mark);
	if (!m->ours || !sign || !word)
		return;
	g_autofree char *both = g_strdup_printf("%s %s", sign, word);
	GtkWidget *mark = ui_label(both, "earshot-small");
	gtk_label_set_ellipsize(GTK_LABEL(mark), PANGO_ELLIPSIZE_NONE);
	ui_name(mark, word);
	ui_class(mark, m->mark == FRONT_READ     ? "earshot-read"
		       : m->mark == FRONT_FAILED ? "earshot-bad"
						 : "earshot-dim");
	ui_add(foot, mark);
}

static void
add_foot(GtkWidget *box, const struct front_person *p, const struct front_message *m)
{
	GtkWidget *foot = ui_add(box, ui_box(GTK_ORIENTATION_HORIZONTAL, GAP));
	const struct say_trust *trust = say_trust(m->trust);
	g_autofree char *at = say_clock(m->time);
	gtk_widget_set_halign(foot, m->ours ? GTK_ALIGN_END : GTK_ALIGN_START);
	if (say_trust_matters(m->trust, p->trust)) {
		GtkWidget *chip = ui_add(foot, ui_label(tr(trust->chip), "earshot-chip"));
		ui_class(chip, trust->trust);
		gtk_label_set_ellipsize(GTK_LABEL(chip), PANGO_ELLIPSIZE_NONE);
		gtk_widget_set_tooltip_text(chip, tr(trust->meaning));
	}
	GtkWidget *when = ui_add(foot, ui_label(at, "earshot-dim"));
	ui_class(when, "earshot-small");
	gtk_label_set_ellipsize(GTK_LABEL(when), PANGO_ELLIPSIZE_NONE);
	if (m->edited && !m->retracted)
		ui_class(ui_add(foot, ui_label(tr("corrected"), "earshot-dim")), "earshot-small");
	add_mark(foot, m);
}

void
bubble_fill(GtkWidget *row, struct front *f, struct front_person *p, struct front_message *m)
{
	GtkWidget *line = ui_box(GTK_ORIENTATION_VERTICAL, 2);
	GtkWidget *box = ui_add(line, ui_box(GTK_ORIENTATION_VERTICAL, 3));
	g_autofree char *all = say_message(p, m);
	GtkAlign side = m->ours ? GTK_ALIGN_END : GTK_ALIGN_START;
	ui_empty(row);
	ui_class(box, "earshot-bubble");
	ui_set_class(box, "ours", m->ours);
	gtk_widget_set_halign(box, side);
	if (m->ours)
		gtk_widget_set_margin_start(line, SIDE);
	else
		gtk_widget_set_margin_end(line, SIDE);
	if (!m->retracted)
		add_quote(box, m);
	if (m->file && !m->retracted)
		ui_add(box, offer_new(f, front_file_of(f, p, m), m->text));
	else
		add_text(box, p, m);
	if (m->reason)
		ui_class(ui_add(box, ui_text(m->reason, "earshot-bad")), "earshot-small");
	add_foot(box, p, m);
	if (m->reactions && !m->retracted) {
		GtkWidget *reactions = ui_add(line, ui_label(m->reactions, "earshot-reactions"));
		gtk_widget_set_halign(reactions, side);
	}
	gtk_container_add(GTK_CONTAINER(row), line);
	gtk_widget_show_all(line);
	ui_name(row, all);
}
