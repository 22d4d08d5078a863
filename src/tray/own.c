#include "tray/own.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

struct own {
	struct front *f;
	GtkWidget *box, *name, *status, *button;
	GSimpleAction *action; /* owned */
};

static void
on_status(GSimpleAction *action, GVariant *value, gpointer ctx)
{
	struct own *o = ctx;
	struct earshot_value *params = earshot_value_object();
	(void)action;
	earshot_value_set_str(params, "status", g_variant_get_string(value, NULL));
	front_call(o->f, "status", params, NULL, NULL);
}

void
own_show(struct own *o, const struct earshot_value *own)
{
	const char *status = earshot_value_str(own, "status");
	g_autofree char *name = say_clean(own, "display"), *text = say_clean(own, "text");
	const char *word = str_equal(status, "dnd")    ? tr("do not disturb")
			   : str_equal(status, "away") ? tr("away")
						       : tr("available");
	g_autofree char *both =
	    str_empty(text) ? g_strdup(word) : g_strdup_printf(tr("%s: %s"), word, text);
	gtk_label_set_text(GTK_LABEL(o->name), own ? name : "");
	gtk_label_set_text(GTK_LABEL(o->status), own ? both : "");
	g_simple_action_set_enabled(o->action, own != NULL);
	g_simple_action_set_state(o->action, g_variant_new_string(status ? status : ""));
}

static GMenuModel *
make_menu(void)
{
	GMenu *menu = g_menu_new(), *status = g_menu_new(), *look = g_menu_new(),
	      *program = g_menu_new();
	g_menu_append(status, tr("_Available"), "win.status::available");
	g_menu_append(status, tr("A_way"), "win.status::away");
	g_menu_append(status, tr("_Do not disturb"), "win.status::dnd");
	g_menu_append(look, tr("_Find people"), "win.find-people");
	g_menu_append(look, tr("Find _messages everywhere"), "win.find-everywhere");
	g_menu_append(program, tr("_Preferences"), "app.preferences");
	g_menu_append(program, tr("_Keys"), "win.keys");
	g_menu_append(program, tr("A_bout Earshot"), "app.about");
	g_menu_append(program, tr("_Quit"), "app.quit");
	g_menu_append_section(menu, NULL, G_MENU_MODEL(status));
	g_menu_append_section(menu, NULL, G_MENU_MODEL(look));
	g_menu_append_section(menu, NULL, G_MENU_MODEL(program));
	g_object_unref(status);
	g_object_unref(look);
	g_object_unref(program);
	return G_MENU_MODEL(menu);
}

int
own_create(struct front *f, struct own **out)
{
	struct own *o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	GMenuModel *menu = make_menu();
	o->f = f;
	o->box = ui_box(GTK_ORIENTATION_HORIZONTAL, 6);
	ui_class(o->box, "earshot-foot");
	GtkWidget *words = ui_fill(o->box, ui_box(GTK_ORIENTATION_VERTICAL, 0));
	gtk_widget_set_valign(words, GTK_ALIGN_CENTER);
	o->name = ui_add(words, ui_label("", "earshot-name"));
	o->status = ui_add(words, ui_label("", "earshot-dim"));
	ui_class(o->status, "earshot-small");
	o->button = ui_add(o->box, gtk_menu_button_new());
	gtk_button_set_relief(GTK_BUTTON(o->button), GTK_RELIEF_NONE);
	gtk_container_add(GTK_CONTAINER(o->button),
	    gtk_image_new_from_icon_name("open-menu-symbolic", GTK_ICON_SIZE_BUTTON));
	gtk_menu_button_set_menu_model(GTK_MENU_BUTTON(o->button), menu);
	gtk_menu_button_set_use_popover(GTK_MENU_BUTTON(o->button), FALSE);
	gtk_widget_set_tooltip_text(o->button, tr("Status and menu (F10)"));
	ui_name(o->button, tr("Status and menu"));
	g_object_unref(menu);
	o->action =
	    g_simple_action_new_stateful("status", G_VARIANT_TYPE_STRING, g_variant_new_string(""));
	g_signal_connect(o->action, "activate", G_CALLBACK(on_status), o);
	*out = o;
	return 0;
}

void
own_destroy(struct own *o)
{
	if (!o)
		return;
	g_object_unref(o->action);
	free(o);
}

GtkWidget *
own_widget(struct own *o)
{
	return o->box;
}

void
own_add_actions(struct own *o, GActionMap *window)
{
	g_action_map_add_action(window, G_ACTION(o->action));
}
