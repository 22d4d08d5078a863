#include "tray/header.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "tray/avatar.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum { AVATAR = 40 };

struct header {
	struct front *f;
	const struct header_listener *l;
	void *ctx;
	struct front_person *p; /* borrowed; NULL: nobody */
	GtkWidget *box, *avatar, *name, *chip, *detail, *compare, *more;
	GtkWidget *block, *unblock;
	guint refresh; /* source: when the evidence is not true any more; 0: none */
};

/* ---- what is shown ---- */

static gboolean
on_refresh(gpointer ctx)
{
	struct header *h = ctx;
	h->refresh = 0;
	header_show(h, h->p);
	return G_SOURCE_REMOVE;
}

static void
show_detail(struct header *h, const struct front_person *p)
{
	uint64_t until = 0, now = clock_now();
	g_autofree char *evidence = say_evidence(p, &until);
	g_autofree char *status = say_status(p->info);
	GString *all = g_string_new(evidence);
	if (!str_empty(status))
		g_string_append_printf(all, " · %s", status);
	if (!str_empty(p->client))
		g_string_append_printf(all, " · %s", p->client);
	gtk_label_set_text(GTK_LABEL(h->detail), p->typing ? tr("is typing …") : all->str);
	g_string_free(all, TRUE);
	if (h->refresh)
		g_source_remove(h->refresh);
	h->refresh =
	    until ? g_timeout_add(until > now ? (guint)(until - now) : 0, on_refresh, h) : 0;
}

void
header_show(struct header *h, struct front_person *p)
{
	static const char *const words[] = {
	    "plain", "new", "known", "introduced", "verified", "changed"};
	h->p = p;
	if (!p) {
		if (h->refresh)
			g_source_remove(h->refresh);
		h->refresh = 0;
		return;
	}
	const struct say_trust *trust = say_trust(p->trust);
	g_autofree char *who = g_strdup_printf(tr("%s is also called %s."), p->display, p->shown);
	avatar_show(h->avatar, h->f, p);
	gtk_label_set_text(GTK_LABEL(h->name), p->display);
	gtk_widget_set_tooltip_text(h->name, who);
	gtk_label_set_text(GTK_LABEL(h->chip), tr(trust->chip));
	gtk_widget_set_tooltip_text(h->chip, tr(trust->meaning));
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		ui_set_class(h->chip, words[i], str_equal(words[i], trust->trust));
	gtk_widget_set_sensitive(h->compare, !say_is_plain(p->trust) && !p->blocked);
	gtk_widget_set_visible(h->block, !p->blocked);
	gtk_widget_set_visible(h->unblock, p->blocked);
	show_detail(h, p);
}

/* ---- what the user does ---- */

static void
call(struct header *h, const char *method)
{
	struct earshot_value *params = earshot_value_object();
	if (!h->p) {
		earshot_value_free(params);
		return;
	}
	earshot_value_set_str(params, "peer", h->p->name);
	front_call(h->f, method, params, NULL, NULL);
}

static void
on_block(GtkMenuItem *item, gpointer ctx)
{
	(void)item;
	call(ctx, "trust.block");
}

static void
on_unblock(GtkMenuItem *item, gpointer ctx)
{
	(void)item;
	call(ctx, "trust.unblock");
}

static void
on_attention(GtkMenuItem *item, gpointer ctx)
{
	(void)item;
	call(ctx, "attention");
}

static void
on_compare(GtkWidget *w, gpointer ctx)
{
	struct header *h = ctx;
	(void)w;
	h->l->on_compare(h->ctx);
}

static void
on_find(GtkWidget *w, gpointer ctx)
{
	struct header *h = ctx;
	(void)w;
	h->l->on_find(h->ctx);
}

/* ---- life ---- */

static GtkWidget *
add_item(GtkWidget *menu, const char *mnemonic, GCallback fn, struct header *h)
{
	GtkWidget *item = gtk_menu_item_new_with_mnemonic(mnemonic);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), item);
	g_signal_connect(item, "activate", fn, h);
	return item;
}

static void
make_more(struct header *h)
{
	GtkWidget *menu = gtk_menu_new();
	h->more = gtk_menu_button_new();
	gtk_container_add(GTK_CONTAINER(h->more),
	    gtk_image_new_from_icon_name("view-more-symbolic", GTK_ICON_SIZE_BUTTON));
	gtk_button_set_relief(GTK_BUTTON(h->more), GTK_RELIEF_NONE);
	gtk_widget_set_tooltip_text(h->more, tr("More about this person"));
	ui_name(h->more, tr("More about this person"));
	add_item(menu, tr("_Compare words…"), G_CALLBACK(on_compare), h);
	add_item(menu, tr("_Find in this conversation"), G_CALLBACK(on_find), h);
	add_item(menu, tr("Ask for _attention"), G_CALLBACK(on_attention), h);
	gtk_menu_shell_append(GTK_MENU_SHELL(menu), gtk_separator_menu_item_new());
	h->block = add_item(menu, tr("_Block"), G_CALLBACK(on_block), h);
	h->unblock = add_item(menu, tr("_Unblock"), G_CALLBACK(on_unblock), h);
	gtk_widget_show_all(menu);
	gtk_menu_button_set_popup(GTK_MENU_BUTTON(h->more), menu);
}

int
header_create(struct front *f, const struct header_listener *l, void *ctx, struct header **out)
{
	struct header *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->f = f;
	h->l = l;
	h->ctx = ctx;
	h->box = ui_box(GTK_ORIENTATION_HORIZONTAL, 10);
	ui_class(h->box, "earshot-head");
	h->avatar = ui_add(h->box, avatar_new(AVATAR, TRUE));
	GtkWidget *words = ui_fill(h->box, ui_box(GTK_ORIENTATION_VERTICAL, 1));
	gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
	GtkWidget *line = ui_add(words, ui_box(GTK_ORIENTATION_HORIZONTAL, 8));
	h->name = ui_add(line, ui_label("", "earshot-title"));
	h->chip = ui_add(line, ui_label("", "earshot-chip"));
	gtk_label_set_ellipsize(GTK_LABEL(h->chip), PANGO_ELLIPSIZE_NONE);
	gtk_widget_set_valign(h->chip, GTK_ALIGN_CENTER);
	h->detail = ui_add(words, ui_label("", "earshot-dim"));
	ui_class(h->detail, "earshot-small");
	h->compare =
	    ui_add(h->box, ui_icon_button("channel-secure-symbolic",
			       tr("Compare words with this person"), G_CALLBACK(on_compare), h));
	ui_add(h->box, ui_icon_button("system-search-symbolic", tr("Find in this conversation"),
			   G_CALLBACK(on_find), h));
	make_more(h);
	ui_add(h->box, h->more);
	*out = h;
	return 0;
}

void
header_destroy(struct header *h)
{
	if (!h)
		return;
	if (h->refresh)
		g_source_remove(h->refresh);
	free(h);
}

GtkWidget *
header_widget(struct header *h)
{
	return h->box;
}
