#include "tray/ui.h"

#include "tray/style.h"

void
ui_init(void)
{
	static GtkCssProvider *provider;
	GdkScreen *screen = gdk_screen_get_default();
	if (provider || !screen)
		return;
	provider = gtk_css_provider_new();
	gtk_css_provider_load_from_data(provider, style_sheet, -1, NULL);
	gtk_style_context_add_provider_for_screen(
	    screen, GTK_STYLE_PROVIDER(provider), GTK_STYLE_PROVIDER_PRIORITY_APPLICATION);
}

void
ui_class(GtkWidget *w, const char *style_class)
{
	gtk_style_context_add_class(gtk_widget_get_style_context(w), style_class);
}

void
ui_set_class(GtkWidget *w, const char *style_class, bool on)
{
	GtkStyleContext *style = gtk_widget_get_style_context(w);
	if (on)
		gtk_style_context_add_class(style, style_class);
	else
		gtk_style_context_remove_class(style, style_class);
}

void
ui_name(GtkWidget *w, const char *name)
{
	atk_object_set_name(gtk_widget_get_accessible(w), name);
}

void
ui_role(GtkWidget *w, AtkRole role)
{
	atk_object_set_role(gtk_widget_get_accessible(w), role);
}

void
ui_nothing(GtkWidget *list, GtkWidget *label, const char *text)
{
	gtk_label_set_text(GTK_LABEL(label), text);
	atk_object_set_description(gtk_widget_get_accessible(list), text);
}

GtkWidget *
ui_label(const char *text, const char *style_class)
{
	GtkWidget *w = gtk_label_new(text);
	gtk_label_set_xalign(GTK_LABEL(w), 0);
	gtk_label_set_ellipsize(GTK_LABEL(w), PANGO_ELLIPSIZE_END);
	if (style_class)
		ui_class(w, style_class);
	return w;
}

GtkWidget *
ui_text(const char *text, const char *style_class)
{
	GtkWidget *w = gtk_label_new(text);
	gtk_label_set_xalign(GTK_LABEL(w), 0);
	gtk_label_set_line_wrap(GTK_LABEL(w), TRUE);
	gtk_label_set_line_wrap_mode(GTK_LABEL(w), PANGO_WRAP_WORD_CHAR);
	if (style_class)
		ui_class(w, style_class);
	return w;
}

GtkWidget *
ui_box(GtkOrientation orientation, int spacing)
{
	return gtk_box_new(orientation, spacing);
}

GtkWidget *
ui_add(GtkWidget *box, GtkWidget *child)
{
	gtk_box_pack_start(GTK_BOX(box), child, FALSE, FALSE, 0);
	return child;
}

GtkWidget *
ui_fill(GtkWidget *box, GtkWidget *child)
{
	gtk_box_pack_start(GTK_BOX(box), child, TRUE, TRUE, 0);
	return child;
}

GtkWidget *
ui_button(const char *mnemonic, GCallback clicked, gpointer ctx)
{
	GtkWidget *w = gtk_button_new_with_mnemonic(mnemonic);
	if (clicked)
		g_signal_connect(w, "clicked", clicked, ctx);
	return w;
}

GtkWidget *
ui_icon_button(const char *icon, const char *name, GCallback clicked, gpointer ctx)
{
	GtkWidget *w = gtk_button_new_from_icon_name(icon, GTK_ICON_SIZE_BUTTON);
	gtk_button_set_relief(GTK_BUTTON(w), GTK_RELIEF_NONE);
	gtk_widget_set_tooltip_text(w, name);
	ui_name(w, name);
	if (clicked)
		g_signal_connect(w, "clicked", clicked, ctx);
	return w;
}

GtkWidget *
ui_icon(const char *icon, const char *name)
{
	GtkWidget *w = gtk_image_new_from_icon_name(icon, GTK_ICON_SIZE_MENU);
	ui_name(w, name);
	gtk_widget_set_tooltip_text(w, name);
	return w;
}

GtkWidget *
ui_scrolled(GtkWidget *child, int max_height)
{
	GtkWidget *w = gtk_scrolled_window_new(NULL, NULL);
	gtk_scrolled_window_set_policy(
	    GTK_SCROLLED_WINDOW(w), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC);
	if (max_height > 0) {
		gtk_scrolled_window_set_propagate_natural_height(GTK_SCROLLED_WINDOW(w), TRUE);
		gtk_scrolled_window_set_max_content_height(GTK_SCROLLED_WINDOW(w), max_height);
	}
	gtk_container_add(GTK_CONTAINER(w), child);
	return w;
}

void
ui_margin(GtkWidget *w, int horizontal, int vertical)
{
	gtk_widget_set_margin_start(w, horizontal);
	gtk_widget_set_margin_end(w, horizontal);
	gtk_widget_set_margin_top(w, vertical);
	gtk_widget_set_margin_bottom(w, vertical);
}

void
ui_empty(GtkWidget *container)
{
	GList *children = gtk_container_get_children(GTK_CONTAINER(container));
	for (GList *c = children; c; c = c->next)
		gtk_widget_destroy(GTK_WIDGET(c->data));
	g_list_free(children);
}
