#include "tray/messages.h"

#include "base/tr.h"
#include "front/when.h"
#include "tray/bubble.h"
#include "tray/offer.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum {
	STEP = 40,      /* rows made at once */
	ROWS_MAX = 200, /* then those on the other side go */
	AT_END = 4,     /* pixels */
};

struct messages {
	struct front *f;
	const struct messages_listener *l;
	void *ctx;
	struct front_person *p; /* borrowed; NULL: nobody */
	GtkWidget *overlay, *scroll, *list, *latest;
	GtkAdjustment *adjust;
	size_t first, count; /* which of p->messages have rows */
	/* where the eye is */
	gboolean at_end;
	GtkWidget *anchor;       /* weak; the row at the upper edge */
	double anchor_off;       /* pixels of it above the edge */
	double upper, page_size; /* as they were when the place was last set */
	gboolean placing;
	guint work;      /* source; 0: none */
	int64_t seek;    /* number that is looked for; 0: none */
	GtkWidget *goal; /* weak; a row to be brought into sight once it has a place */
};

static struct front_message *
message_of(GtkListBoxRow *row)
{
	return row ? g_object_get_data(G_OBJECT(row), "message") : NULL;
}

static GtkWidget *
row_at(const struct messages *v, size_t i)
{
	if (i < v->first || i - v->first >= v->count)
		return NULL;
	return GTK_WIDGET(
	    gtk_list_box_get_row_at_index(GTK_LIST_BOX(v->list), (int)(i - v->first)));
}

static void
set_weak(GtkWidget **slot, GtkWidget *w)
{
	if (*slot)
		g_object_remove_weak_pointer(G_OBJECT(*slot), (gpointer *)slot);
	*slot = w;
	if (w)
		g_object_add_weak_pointer(G_OBJECT(w), (gpointer *)slot);
}

/* ---- rows ---- */

static void
fill(struct messages *v, GtkWidget *row, struct front_message *m)
{
	gboolean had_focus = gtk_container_get_focus_child(GTK_CONTAINER(row)) != NULL;
	g_object_set_data(G_OBJECT(row), "message", m);
	bubble_fill(row, v->f, v->p, m);
	/* the button that was pressed may be gone */
	if (had_focus)
		gtk_widget_grab_focus(row);
}

static void
add_row(struct messages *v, size_t i)
{
	GtkWidget *row = gtk_list_box_row_new();
	fill(v, row, v->p->messages[i]);
	gtk_widget_show(row);
	gtk_list_box_insert(GTK_LIST_BOX(v->list), row, (int)(i - v->first));
}

static void
grow_up(struct messages *v)
{
	for (size_t n = 0; n < STEP && v->first > 0; n++) {
		v->first--;
		v->count++;
		add_row(v, v->first);
	}
}

static void
grow_down(struct messages *v)
{
	for (size_t n = 0; n < STEP && v->first + v->count < v->p->count; n++) {
		v->count++;
		add_row(v, v->first + v->count - 1);
	}
}

static void
drop_row(struct messages *v, size_t i)
{
	GtkWidget *row = row_at(v, i);
	if (row)
		gtk_widget_destroy(row);
}

static void
shrink_below(struct messages *v)
{
	while (v->count > ROWS_MAX) {
		drop_row(v, v->first + v->count - 1);
		v->count--;
	}
}

static void
shrink_above(struct messages *v)
{
	while (v->count > ROWS_MAX) {
		drop_row(v, v->first);
		v->first++;
		v->count--;
	}
}

/* The messages of the rows may be dead by now, and GTK asks for a day line of each row that comes
 * to stand first. */
static void
clear(struct messages *v)
{
	for (size_t i = v->first; i < v->first + v->count; i++) {
		GtkWidget *row = row_at(v, i);
		if (row)
			g_object_set_data(G_OBJECT(row), "message", NULL);
	}
	set_weak(&v->anchor, NULL);
	set_weak(&v->goal, NULL);
	ui_empty(v->list);
	v->first = v->count = 0;
}

/* The rows around message i, and no others. */
static void
show_around(struct messages *v, size_t i)
{
	clear(v);
	v->first = i > STEP / 2 ? i - STEP / 2 : 0;
	grow_down(v);
}

static void
show_end(struct messages *v)
{
	clear(v);
	v->at_end = TRUE;
	if (!v->p)
		return;
	v->first = v->p->count > STEP ? v->p->count - STEP : 0;
	grow_down(v);
}

static void
day_line(GtkListBoxRow *row, GtkListBoxRow *before, gpointer ctx)
{
	const struct front_message *m = message_of(row), *last = message_of(before);
	(void)ctx;
	if (!m || (last && when_day_number(m->time) == when_day_number(last->time))) {
		gtk_list_box_row_set_header(row, NULL);
		return;
	}
	if (gtk_list_box_row_get_header(row))
		return;
	g_autofree char *day = say_day(m->time);
	GtkWidget *line = ui_label(day, "earshot-day");
	gtk_label_set_xalign(GTK_LABEL(line), 0.5F);
	gtk_widget_show(line);
	gtk_list_box_row_set_header(row, line);
}

/* ---- the place ---- */

static gboolean on_work(gpointer ctx);

static void
work_soon(struct messages *v)
{
	if (!v->work)
		v->work = g_idle_add_full(GTK_PRIORITY_RESIZE + 1, on_work, v, NULL);
}

static double
end_of(const struct messages *v)
{
	return gtk_adjustment_get_upper(v->adjust) - gtk_adjustment_get_page_size(v->adjust);
}

static bool
whole_end(const struct messages *v)
{
	return !v->p || v->first + v->count == v->p->count;
}

static void
take_place(struct messages *v)
{
	double at = gtk_adjustment_get_value(v->adjust);
	GtkListBoxRow *row = gtk_list_box_get_row_at_y(GTK_LIST_BOX(v->list), (int)at);
	GtkAllocation place;
	gboolean was = v->at_end;
	v->at_end = whole_end(v) && at >= end_of(v) - AT_END;
	set_weak(&v->anchor, GTK_WIDGET(row));
	if (row) {
		gtk_widget_get_allocation(GTK_WIDGET(row), &place);
		v->anchor_off = at - place.y;
	}
	gtk_widget_set_visible(v->latest, !v->at_end);
	if (v->at_end && !was)
		v->l->on_end(v->ctx);
}

/* Rows came or went or have another height: what was looked at stays where it was. */
static void
keep_place(struct messages *v)
{
	GtkAllocation place;
	double at = gtk_adjustment_get_value(v->adjust);
	if (v->goal) {
		gtk_widget_get_allocation(v->goal, &place);
		at = place.y - (gtk_adjustment_get_page_size(v->adjust) - place.height) / 2;
	} else if (v->at_end) {
		at = end_of(v);
	} else if (v->anchor) {
		gtk_widget_get_allocation(v->anchor, &place);
		at = place.y + v->anchor_off;
	}
	v->placing = TRUE;
	gtk_adjustment_set_value(v->adjust, CLAMP(at, 0, MAX(end_of(v), 0)));
	v->placing = FALSE;
	v->upper = gtk_adjustment_get_upper(v->adjust);
	v->page_size = gtk_adjustment_get_page_size(v->adjust);
	if (v->goal)
		take_place(v);
	set_weak(&v->goal, NULL);
	work_soon(v);
}

static void
on_allocate(GtkWidget *list, GdkRectangle *place, gpointer ctx)
{
	(void)list;
	(void)place;
	keep_place(ctx);
}

static void
on_scrolled(GtkAdjustment *adjust, gpointer ctx)
{
	struct messages *v = ctx;
	/* while the layout changes the value is moved for us: that is nobody's wish */
	if (v->placing || gtk_adjustment_get_upper(adjust) != v->upper ||
	    gtk_adjustment_get_page_size(adjust) != v->page_size)
		return;
	take_place(v);
	work_soon(v);
}

/* Rows for what is about to come into sight; not while GTK lays out. */
static gboolean
on_work(gpointer ctx)
{
	struct messages *v = ctx;
	double at = gtk_adjustment_get_value(v->adjust);
	double page = gtk_adjustment_get_page_size(v->adjust);
	v->work = 0;
	if (!v->p)
		return G_SOURCE_REMOVE;
	if (at < page && v->first > 0) {
		grow_up(v);
		if (!v->at_end)
			shrink_below(v);
	} else if (at < page && v->p->opened && !v->p->whole && !v->p->loading) {
		front_older(v->f, v->p);
	} else if (!whole_end(v) && at > end_of(v) - page) {
		grow_down(v);
		shrink_above(v);
	}
	return G_SOURCE_REMOVE;
}

/* ---- what the front tells ---- */

static bool
find_number(const struct front_person *p, int64_t number, size_t *at)
{
	for (size_t i = p->count; i > 0; i--)
		if (p->messages[i - 1]->number == number) {
			*at = i - 1;
			return true;
		}
	return false;
}

static void
go_on_seeking(struct messages *v)
{
	size_t at = 0;
	if (!v->seek || !v->p)
		return;
	if (find_number(v->p, v->seek, &at)) {
		v->seek = 0;
		show_around(v, at);
		v->at_end = FALSE;
		GtkWidget *row = row_at(v, at);
		set_weak(&v->goal, row);
		gtk_list_box_select_row(GTK_LIST_BOX(v->list), GTK_LIST_BOX_ROW(row));
		gtk_widget_grab_focus(row);
	} else if (v->p->whole) {
		v->seek = 0; /* it was forgotten meanwhile */
	} else if (!v->p->loading) {
		front_older(v->f, v->p);
	}
}

void
messages_added(struct messages *v, const struct front_person *p, size_t at)
{
	if (p != v->p)
		return;
	if (at < v->first) {
		v->first++;
	} else if (at <= v->first + v->count) {
		v->count++;
		add_row(v, at);
		if (v->at_end)
			shrink_above(v);
	}
	gtk_widget_set_visible(v->latest, !v->at_end);
}

void
messages_changed(struct messages *v, struct front_person *p, size_t at)
{
	GtkWidget *row = p == v->p ? row_at(v, at) : NULL;
	if (row)
		fill(v, row, p->messages[at]);
}

void
messages_history(struct messages *v, const struct front_person *p, size_t added)
{
	if (p != v->p)
		return;
	if (added > 0 && v->count > 0)
		v->first += added;
	else
		show_end(v);
	go_on_seeking(v);
	work_soon(v);
}

void
messages_file(struct messages *v, struct front_file *file)
{
	if (!v->p || front_find(v->f, file->peer) != v->p)
		return;
	for (size_t i = v->first + v->count; i > v->first; i--) {
		struct front_message *m = v->p->messages[i - 1];
		if (m->file && front_file_of(v->f, v->p, m) == file) {
			fill(v, row_at(v, i - 1), m);
			return;
		}
	}
}

/* ---- what the user does ---- */

void
messages_show(struct messages *v, struct front_person *p)
{
	v->seek = 0;
	v->p = p;
	show_end(v);
	gtk_widget_hide(v->latest);
	if (p && !p->opened)
		front_open(v->f, p);
	work_soon(v);
}

struct front_person *
messages_person(const struct messages *v)
{
	return v->p;
}

void
messages_seek(struct messages *v, int64_t number)
{
	v->seek = number;
	go_on_seeking(v);
}

bool
messages_at_end(const struct messages *v)
{
	return v->at_end;
}

void
messages_to_end(struct messages *v)
{
	if (!whole_end(v))
		show_end(v);
	v->at_end = TRUE;
	gtk_widget_hide(v->latest);
	keep_place(v);
}

void
messages_page(struct messages *v, int pages)
{
	double page = gtk_adjustment_get_page_size(v->adjust);
	gtk_adjustment_set_value(
	    v->adjust, gtk_adjustment_get_value(v->adjust) + pages * page * 0.9);
}

void
messages_focus(struct messages *v)
{
	GtkListBoxRow *row = gtk_list_box_get_selected_row(GTK_LIST_BOX(v->list));
	GtkWidget *newest = v->count > 0 ? row_at(v, v->first + v->count - 1) : v->list;
	gtk_widget_grab_focus(row && !v->at_end ? GTK_WIDGET(row) : newest);
}

static void
on_latest(GtkButton *button, gpointer ctx)
{
	(void)button;
	messages_to_end(ctx);
}

static void
menu_for(struct messages *v, GtkListBoxRow *row, const GdkEvent *event)
{
	struct front_message *m = message_of(row);
	if (m)
		v->l->on_menu(v->ctx, m, GTK_WIDGET(row), event);
}

static gboolean
on_button(GtkWidget *list, GdkEventButton *event, gpointer ctx)
{
	struct messages *v = ctx;
	if (!gdk_event_triggers_context_menu((GdkEvent *)event))
		return FALSE;
	GtkListBoxRow *row = gtk_list_box_get_row_at_y(GTK_LIST_BOX(list), (int)event->y);
	if (row)
		gtk_list_box_select_row(GTK_LIST_BOX(list), row);
	menu_for(v, row, (GdkEvent *)event);
	return TRUE;
}

static GtkListBoxRow *
focused_row(struct messages *v)
{
	GtkWidget *row = gtk_container_get_focus_child(GTK_CONTAINER(v->list));
	return row ? GTK_LIST_BOX_ROW(row) : gtk_list_box_get_selected_row(GTK_LIST_BOX(v->list));
}

static gboolean
on_popup(GtkWidget *list, gpointer ctx)
{
	struct messages *v = ctx;
	(void)list;
	menu_for(v, focused_row(v), NULL);
	return TRUE;
}

static void
on_activated(GtkListBox *list, GtkListBoxRow *row, gpointer ctx)
{
	(void)list;
	menu_for(ctx, row, NULL);
}

static gboolean
on_key(GtkWidget *list, GdkEventKey *event, gpointer ctx)
{
	struct messages *v = ctx;
	(void)list;
	if (event->keyval != GDK_KEY_c || !(event->state & GDK_CONTROL_MASK))
		return FALSE;
	struct front_message *m = message_of(focused_row(v));
	if (m)
		v->l->on_copy(v->ctx, m);
	return m != NULL;
}

/* ---- life ---- */

static void
make_latest(struct messages *v)
{
	v->latest =
	    ui_icon_button("go-bottom-symbolic", tr("To the latest"), G_CALLBACK(on_latest), v);
	gtk_button_set_relief(GTK_BUTTON(v->latest), GTK_RELIEF_NORMAL);
	gtk_widget_set_halign(v->latest, GTK_ALIGN_END);
	gtk_widget_set_valign(v->latest, GTK_ALIGN_END);
	ui_margin(v->latest, 18, 12);
	gtk_widget_set_no_show_all(v->latest, TRUE);
	ui_class(v->latest, "circular");
	gtk_overlay_add_overlay(GTK_OVERLAY(v->overlay), v->latest);
}

int
messages_create(
    struct front *f, const struct messages_listener *l, void *ctx, struct messages **out)
{
	struct messages *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->f = f;
	v->l = l;
	v->ctx = ctx;
	v->at_end = TRUE;
	v->list = gtk_list_box_new();
	ui_class(v->list, "earshot-messages");
	ui_name(v->list, tr("Messages"));
	gtk_list_box_set_activate_on_single_click(GTK_LIST_BOX(v->list), FALSE);
	gtk_list_box_set_header_func(GTK_LIST_BOX(v->list), day_line, v, NULL);
	GtkWidget *nothing = ui_text("", "earshot-dim");
	gtk_label_set_xalign(GTK_LABEL(nothing), 0.5F);
	ui_margin(nothing, 24, 24);
	gtk_widget_show(nothing);
	gtk_list_box_set_placeholder(GTK_LIST_BOX(v->list), nothing);
	ui_nothing(v->list, nothing, tr("Nothing has been said yet."));
	v->scroll = ui_scrolled(v->list, 0);
	v->adjust = gtk_scrolled_window_get_vadjustment(GTK_SCROLLED_WINDOW(v->scroll));
	v->overlay = gtk_overlay_new();
	gtk_container_add(GTK_CONTAINER(v->overlay), v->scroll);
	make_latest(v);
	g_signal_connect_after(v->list, "size-allocate", G_CALLBACK(on_allocate), v);
	g_signal_connect(v->list, "button-press-event", G_CALLBACK(on_button), v);
	g_signal_connect(v->list, "popup-menu", G_CALLBACK(on_popup), v);
	g_signal_connect(v->list, "row-activated", G_CALLBACK(on_activated), v);
	g_signal_connect(v->list, "key-press-event", G_CALLBACK(on_key), v);
	g_signal_connect(v->adjust, "value-changed", G_CALLBACK(on_scrolled), v);
	*out = v;
	return 0;
}

void
messages_destroy(struct messages *v)
{
	if (!v)
		return;
	if (v->work)
		g_source_remove(v->work);
	set_weak(&v->anchor, NULL);
	set_weak(&v->goal, NULL);
	free(v);
}

GtkWidget *
messages_widget(struct messages *v)
{
	return v->overlay;
}
