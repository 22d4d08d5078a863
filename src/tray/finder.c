#include "tray/finder.h"

#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HITS_MAX = 60, FOUND_FROM = 2, FOUND_TO = 3 /* U+0002 and U+0003 enclose what was found */ };

struct finder {
	struct front *f;
	const struct finder_listener *l;
	void *ctx;
	GtkWidget *box, *entry, *everywhere, *list, *nothing;
	char *peer;       /* owned; instance name; NULL: nobody */
	unsigned running; /* number of the latest search: late answers to others are dropped */
};

struct question {
	struct finder *s;
	unsigned number;
};

/* ---- hits ---- */

/* Takes the marks out and makes what stood between them bold. */
static void
set_snippet(GtkWidget *label, const char *snippet)
{
	PangoAttrList *bold = pango_attr_list_new();
	GString *text = g_string_new(NULL);
	guint from = 0;
	for (const char *at = snippet; *at;) {
		size_t n = strcspn(at, "\x02\x03");
		g_autofree char *part = g_strndup(at, n);
		char *clean = text_clean(TEXT_NAME, part);
		g_string_append(text, clean ? clean : "");
		free(clean);
		at += n;
		if (*at == FOUND_FROM)
			from = (guint)text->len;
		if (*at == FOUND_TO) {
			PangoAttribute *a = pango_attr_weight_new(PANGO_WEIGHT_BOLD);
			a->start_index = from;
			a->end_index = (guint)text->len;
			pango_attr_list_insert(bold, a);
		}
		at += *at != '\0';
	}
	gtk_label_set_text(GTK_LABEL(label), text->str);
	gtk_label_set_attributes(GTK_LABEL(label), bold);
	pango_attr_list_unref(bold);
	g_string_free(text, TRUE);
}

static void
add_hit(struct finder *s, const struct earshot_value *m)
{
	GtkWidget *row = gtk_list_box_row_new(), *box = ui_box(GTK_ORIENTATION_VERTICAL, 2);
	GtkWidget *head = ui_add(box, ui_box(GTK_ORIENTATION_HORIZONTAL, 8));
	int64_t time = earshot_value_int(m, "time", 0);
	bool ours = str_equal(earshot_value_str(m, "direction"), "out");
	const char *snippet = earshot_value_str(m, "snippet");
	g_autofree char *display = say_clean(m, "display");
	g_autofree char *day = say_day(time), *at = say_clock(time);
	g_autofree char *who = ours ? g_strdup_printf(tr("You to %s"), display) : g_strdup(display);
	g_autofree char *when = g_strdup_printf("%s, %s", day, at);
	ui_add(head, ui_label(who, "earshot-name"));
	ui_class(ui_add(head, ui_label(when, "earshot-dim")), "earshot-small");
	GtkWidget *text = ui_add(box, ui_text("", NULL));
	gtk_label_set_lines(GTK_LABEL(text), 3);
	gtk_label_set_ellipsize(GTK_LABEL(text), PANGO_ELLIPSIZE_END);
	set_snippet(text, snippet ? snippet : "");
	ui_margin(box, 12, 6);
	g_autofree char *all =
	    g_strdup_printf("%s, %s: %s", who, when, gtk_label_get_text(GTK_LABEL(text)));
	ui_name(row, all);
	gtk_container_add(GTK_CONTAINER(row), box);
	g_object_set_data_full(
	    G_OBJECT(row), "peer", g_strdup(earshot_value_str(m, "peer")), g_free);
	int64_t *number = g_new(int64_t, 1);
	*number = earshot_value_int(m, "number", 0);
	g_object_set_data_full(G_OBJECT(row), "number", number, g_free);
	gtk_widget_show_all(row);
	gtk_container_add(GTK_CONTAINER(s->list), row);
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct question *q = ctx;
	struct finder *s = q->s;
	bool late = q->number != s->running;
	g_free(q);
	if (late)
		return;
	ui_empty(s->list);
	const struct earshot_value *hits = err ? NULL : earshot_value_get(answer, "messages");
	for (size_t i = 0; i < earshot_value_count(hits); i++)
		add_hit(s, earshot_value_at(hits, i));
	ui_nothing(s->list, s->nothing,
	    err ? earshot_error_message(err, answer) : tr("Nothing was found."));
}

static void
search(struct finder *s)
{
	const char *words = gtk_entry_get_text(GTK_ENTRY(s->entry));
	gboolean all = gtk_toggle_button_get_active(GTK_TOGGLE_BUTTON(s->everywhere));
	s->running++;
	if (str_empty(words)) {
		ui_empty(s->list);
		ui_nothing(s->list, s->nothing, tr("Type words of what you are looking for."));
		return;
	}
	struct earshot_value *params = earshot_value_object();
	struct question *q = g_new0(struct question, 1);
	q->s = s;
	q->number = s->running;
	earshot_value_set_str(params, "words", words);
	earshot_value_set_int(params, "limit", HITS_MAX);
	if (!all && s->peer)
		earshot_value_set_str(params, "peer", s->peer);
	front_call(s->f, "search", params, on_answer, q);
}

/* ---- what the user does ---- */

static void
on_changed(GtkWidget *w, gpointer ctx)
{
	(void)w;
	search(ctx);
}

static void
on_chosen(GtkListBox *list, GtkListBoxRow *row, gpointer ctx)
{
	struct finder *s = ctx;
	const int64_t *number = g_object_get_data(G_OBJECT(row), "number");
	(void)list;
	s->l->on_found(s->ctx, g_object_get_data(G_OBJECT(row), "peer"), *number);
}

static void
on_enter(GtkEntry *entry, gpointer ctx)
{
	struct finder *s = ctx;
	GtkListBoxRow *first = gtk_list_box_get_row_at_index(GTK_LIST_BOX(s->list), 0);
	(void)entry;
	if (first)
		gtk_widget_grab_focus(GTK_WIDGET(first));
}

static void
on_stop(GtkWidget *w, gpointer ctx)
{
	struct finder *s = ctx;
	(void)w;
	s->l->on_left(s->ctx);
}

static gboolean
on_key(GtkWidget *box, GdkEventKey *event, gpointer ctx)
{
	struct finder *s = ctx;
	(void)box;
	if (event->keyval != GDK_KEY_Escape)
		return FALSE;
	s->l->on_left(s->ctx);
	return TRUE;
}

void
finder_open(struct finder *s, const struct front_person *p, bool everywhere)
{
	g_free(s->peer);
	s->peer = p ? g_strdup(p->name) : NULL;
	gtk_widget_set_sensitive(s->everywhere, p != NULL);
	gtk_toggle_button_set_active(GTK_TOGGLE_BUTTON(s->everywhere), everywhere || !p);
	gtk_widget_grab_focus(s->entry);
	search(s);
}

/* ---- life ---- */

int
finder_create(struct front *f, const struct finder_listener *l, void *ctx, struct finder **out)
{
	struct finder *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->f = f;
	s->l = l;
	s->ctx = ctx;
	s->box = ui_box(GTK_ORIENTATION_VERTICAL, 0);
	GtkWidget *head = ui_add(s->box, ui_box(GTK_ORIENTATION_HORIZONTAL, 8));
	ui_class(head, "earshot-head");
	s->entry = ui_fill(head, gtk_search_entry_new());
	gtk_entry_set_placeholder_text(GTK_ENTRY(s->entry), tr("Find messages"));
	ui_name(s->entry, tr("Find messages"));
	s->everywhere = ui_add(head, gtk_check_button_new_with_mnemonic(tr("With _everybody")));
	ui_add(head, ui_icon_button("window-close-symbolic", tr("Back to the conversation"),
			 G_CALLBACK(on_stop), s));
	s->list = gtk_list_box_new();
	ui_name(s->list, tr("Messages found"));
	s->nothing = ui_text("", "earshot-dim");
	gtk_label_set_xalign(GTK_LABEL(s->nothing), 0.5F);
	ui_margin(s->nothing, 24, 24);
	gtk_widget_show(s->nothing);
	gtk_list_box_set_placeholder(GTK_LIST_BOX(s->list), s->nothing);
	ui_fill(s->box, ui_scrolled(s->list, 0));
	g_signal_connect(s->entry, "search-changed", G_CALLBACK(on_changed), s);
	g_signal_connect(s->entry, "activate", G_CALLBACK(on_enter), s);
	g_signal_connect(s->entry, "stop-search", G_CALLBACK(on_stop), s);
	g_signal_connect(s->everywhere, "toggled", G_CALLBACK(on_changed), s);
	g_signal_connect(s->list, "row-activated", G_CALLBACK(on_chosen), s);
	g_signal_connect(s->box, "key-press-event", G_CALLBACK(on_key), s);
	*out = s;
	return 0;
}

void
finder_destroy(struct finder *s)
{
	if (!s)
		return;
	g_free(s->peer);
	free(s);
}

GtkWidget *
finder_widget(struct finder *s)
{
	return s->box;
}
