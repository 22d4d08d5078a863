#include "tray/welcome.h"

#include "base/paths.h"
#include "base/str.h"
#include "base/tr.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { TEXT_CHARS = 46, NAME_CHARS = 60 };

struct welcome {
	struct front *f;
	GtkWidget *stack, *first, *entry, *start, *other, *title, *text;
	bool greeted; /* the question was answered, here or at an earlier start */
	bool filled;  /* the name that there is stands in the entry */
};

/* An empty file in the state folder says that the question was asked. */
static bool
was_greeted(void)
{
	char *path = NULL;
	bool there = paths_get(PATHS_STATE, "greeted", &path) == 0 && access(path, F_OK) == 0;
	free(path);
	return there;
}

static void
remember(struct welcome *w)
{
	char *path = NULL;
	int fd = -1;
	w->greeted = true;
	if (paths_make(PATHS_STATE) == 0 && paths_get(PATHS_STATE, "greeted", &path) == 0)
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	free(path);
}

/* Who has talked already needs no welcome. */
static bool
has_talked(const struct welcome *w)
{
	size_t count;
	struct front_person *const *all = front_people(w->f, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->last)
			return true;
	return false;
}

static void
show_other(struct welcome *w)
{
	size_t count;
	const char *problem = earshot_value_str(front_state(w->f), "problem");
	(void)front_people(w->f, &count);
	if (front_link_state(w->f) != FRONT_UP && count == 0) {
		gtk_label_set_text(GTK_LABEL(w->title), tr("Connecting …"));
		gtk_label_set_text(GTK_LABEL(w->text), "");
		return;
	}
	gtk_label_set_text(GTK_LABEL(w->title),
	    count > 0 ? tr("With whom do you want to talk?") : tr("Nobody is here yet"));
	if (!str_empty(problem)) {
		g_autofree char *clean = say_clean(front_state(w->f), "problem");
		gtk_label_set_text(GTK_LABEL(w->text), clean);
	} else if (count > 0) {
		gtk_label_set_text(GTK_LABEL(w->text),
		    tr("Choose somebody from the list, or type a part of their name."));
	} else {
		gtk_label_set_text(GTK_LABEL(w->text), tr("People appear by themselves when they "
							  "start Earshot, or another program for "
							  "the local network, in the same network. "
							  "Is somebody missing? In a terminal, "
							  "\"earshot doctor\" finds out why."));
	}
}

void
welcome_update(struct welcome *w)
{
	const struct earshot_value *own = front_own(w->f);
	if (own && !w->greeted && has_talked(w))
		remember(w);
	if (own && !w->greeted && !w->filled) {
		g_autofree char *name = say_clean(own, "full_name");
		g_autofree char *display = say_clean(own, "display");
		gtk_entry_set_text(GTK_ENTRY(w->entry), str_empty(name) ? display : name);
		w->filled = true;
	}
	bool ask = own && !w->greeted;
	bool anew = ask && gtk_stack_get_visible_child(GTK_STACK(w->stack)) != w->first;
	show_other(w);
	gtk_stack_set_visible_child(GTK_STACK(w->stack), ask ? w->first : w->other);
	if (anew)
		gtk_widget_grab_focus(w->entry);
}

static void
on_start(GtkWidget *from, gpointer ctx)
{
	struct welcome *w = ctx;
	g_autofree char *name = g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(w->entry))));
	struct earshot_value *params = earshot_value_object();
	(void)from;
	earshot_value_set_str(params, "text", name);
	front_call(w->f, "set.name", params, NULL, NULL);
	remember(w);
	welcome_update(w);
}

static void
on_typed(GtkEditable *entry, gpointer ctx)
{
	struct welcome *w = ctx;
	g_autofree char *name = g_strstrip(g_strdup(gtk_entry_get_text(GTK_ENTRY(entry))));
	gtk_widget_set_sensitive(w->start, !str_empty(name));
}

void
welcome_focus(struct welcome *w)
{
	if (gtk_stack_get_visible_child(GTK_STACK(w->stack)) == w->first)
		gtk_widget_grab_focus(w->entry);
}

static GtkWidget *
page(struct welcome *w)
{
	GtkWidget *box = ui_box(GTK_ORIENTATION_VERTICAL, 12);
	gtk_widget_set_valign(box, GTK_ALIGN_CENTER);
	gtk_widget_set_halign(box, GTK_ALIGN_CENTER);
	ui_margin(box, 24, 24);
	gtk_container_add(GTK_CONTAINER(w->stack), box);
	return box;
}

static GtkWidget *
centred(GtkWidget *box, const char *text, const char *style_class)
{
	GtkWidget *label = ui_add(box, ui_text(text, style_class));
	gtk_label_set_max_width_chars(GTK_LABEL(label), TEXT_CHARS);
	gtk_label_set_justify(GTK_LABEL(label), GTK_JUSTIFY_CENTER);
	gtk_label_set_xalign(GTK_LABEL(label), 0.5F);
	return label;
}

static void
make_first(struct welcome *w)
{
	w->first = page(w);
	centred(w->first, tr("Welcome to Earshot"), "earshot-large");
	GtkWidget *ask = centred(w->first, tr("What shall others _call you?"), NULL);
	gtk_label_set_text_with_mnemonic(GTK_LABEL(ask), tr("What shall others _call you?"));
	w->entry = ui_add(w->first, gtk_entry_new());
	gtk_entry_set_max_length(GTK_ENTRY(w->entry), NAME_CHARS);
	gtk_label_set_mnemonic_widget(GTK_LABEL(ask), w->entry);
	ui_name(w->entry, tr("Your name"));
	w->start = ui_add(w->first, ui_button(tr("_Start"), G_CALLBACK(on_start), w));
	ui_class(w->start, "suggested-action");
	gtk_widget_set_halign(w->start, GTK_ALIGN_CENTER);
	centred(w->first,
	    tr("Everybody in this network can read it. There is no account and no password."),
	    "earshot-dim");
	g_signal_connect(w->entry, "activate", G_CALLBACK(on_start), w);
	g_signal_connect(w->entry, "changed", G_CALLBACK(on_typed), w);
}

int
welcome_create(struct front *f, struct welcome **out)
{
	struct welcome *w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->f = f;
	w->greeted = was_greeted();
	w->stack = gtk_stack_new();
	w->other = page(w);
	w->title = centred(w->other, "", "earshot-large");
	w->text = centred(w->other, "", "earshot-dim");
	make_first(w);
	gtk_widget_show_all(w->stack);
	welcome_update(w);
	*out = w;
	return 0;
}

void
welcome_destroy(struct welcome *w)
{
	free(w);
}

GtkWidget *
welcome_widget(struct welcome *w)
{
	return w->stack;
}
