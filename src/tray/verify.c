#include "tray/verify.h"

#include "base/str.h"
#include "base/tr.h"
#include "tray/say.h"
#include "tray/ui.h"

#include <errno.h>
#include <stdlib.h>

enum { SAME = 1, DIFFER = 2, WIDTH = 460, TEXT_CHARS = 52 };

struct verify {
	struct front *f;
	GtkWidget *dialog; /* NULL: not shown */
	GtkWidget *says, *words, *digits;
	char *peer; /* owned; instance name */
	char *display;
	unsigned shown; /* number of the dialog: late answers to others are dropped */
};

struct question {
	struct verify *v;
	unsigned shown;
};

static void
set(GtkWidget *label, const char *text)
{
	gtk_label_set_text(GTK_LABEL(label), text);
	gtk_widget_set_visible(label, !str_empty(text));
}

static void say(struct verify *v, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void
say(struct verify *v, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	g_autofree char *sentence = g_strdup_vprintf(format, ap);
	va_end(ap);
	set(v->says, sentence);
}

static void
allow(struct verify *v, gboolean answer)
{
	gtk_dialog_set_response_sensitive(GTK_DIALOG(v->dialog), SAME, answer);
	gtk_dialog_set_response_sensitive(GTK_DIALOG(v->dialog), DIFFER, answer);
}

static void
show(struct verify *v, const struct earshot_value *c)
{
	const char *stage = earshot_value_str(c, "stage");
	g_autofree char *words = say_clean(c, "words"), *digits = say_clean(c, "digits");
	bool over = str_equal(stage, "verified") || str_equal(stage, "ended");
	set(v->words, over ? "" : words);
	set(v->digits, over ? "" : digits);
	allow(v, str_equal(stage, "code") || str_equal(stage, "confirmed"));
	if (str_equal(stage, "begun")) {
		say(v, tr("Waiting for %s to open the comparison, too …"), v->display);
	} else if (str_equal(stage, "code")) {
		say(v,
		    tr("Ask %s, on the phone or face to face, which words they see. "
		       "Somebody between you would make them differ."),
		    v->display);
	} else if (str_equal(stage, "confirmed")) {
		say(v, tr("%s says that they are the same. What do you see?"), v->display);
	} else if (str_equal(stage, "waiting")) {
		say(v, tr("Waiting for %s to say the same …"), v->display);
	} else if (str_equal(stage, "verified")) {
		say(v, tr("%s is verified: nobody stands between you."), v->display);
	} else if (str_equal(stage, "ended")) {
		g_autofree char *reason = say_clean(c, "reason");
		say(v, tr("It is not verified: %s"), reason);
	}
}

static void
on_answer(void *ctx, int err, const struct earshot_value *answer)
{
	struct question *q = ctx;
	struct verify *v = q->v;
	bool late = q->shown != v->shown;
	g_free(q);
	if (!v->dialog || late)
		return;
	if (!err) {
		show(v, answer);
		return;
	}
	allow(v, FALSE);
	set(v->words, "");
	set(v->digits, "");
	set(v->says, earshot_error_message(err, answer));
}

/* params move. */
static void
ask(struct verify *v, const char *method, struct earshot_value *params)
{
	struct question *q = g_new0(struct question, 1);
	*q = (struct question){v, v->shown};
	earshot_value_set_str(params, "peer", v->peer);
	front_call(v->f, method, params, on_answer, q);
}

static void
on_response(GtkDialog *dialog, int response, gpointer ctx)
{
	struct verify *v = ctx;
	if (response != SAME && response != DIFFER) {
		gtk_widget_destroy(GTK_WIDGET(dialog));
		return;
	}
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_bool(params, "same", response == SAME);
	allow(v, FALSE);
	ask(v, "verify.answer", params);
}

static void
on_destroy(GtkWidget *dialog, gpointer ctx)
{
	struct verify *v = ctx;
	(void)dialog;
	v->dialog = NULL;
}

static void
make_dialog(struct verify *v, GtkWindow *parent)
{
	g_autofree char *title = g_strdup_printf(tr("Compare words with %s"), v->display);
	v->shown++;
	/* nothing is the default: what is answered here has to be looked at */
	v->dialog = gtk_dialog_new_with_buttons(title, parent, GTK_DIALOG_DESTROY_WITH_PARENT,
	    tr("_Close"), GTK_RESPONSE_CLOSE, tr("They _differ"), DIFFER, tr("They are the _same"),
	    SAME, NULL);
	GtkWidget *box = gtk_dialog_get_content_area(GTK_DIALOG(v->dialog));
	gtk_window_set_default_size(GTK_WINDOW(v->dialog), WIDTH, -1);
	gtk_container_set_border_width(GTK_CONTAINER(v->dialog), 6);
	ui_margin(box, 12, 12);
	gtk_box_set_spacing(GTK_BOX(box), 6);
	v->says = ui_add(box, ui_text("", NULL));
	v->words = ui_add(box, ui_text("", "earshot-code"));
	v->digits = ui_add(box, ui_text("", "earshot-dim"));
	gtk_label_set_max_width_chars(GTK_LABEL(v->says), TEXT_CHARS);
	gtk_label_set_xalign(GTK_LABEL(v->words), 0.5F);
	gtk_label_set_xalign(GTK_LABEL(v->digits), 0.5F);
	gtk_label_set_selectable(GTK_LABEL(v->words), TRUE);
	g_signal_connect(v->dialog, "response", G_CALLBACK(on_response), v);
	g_signal_connect(v->dialog, "destroy", G_CALLBACK(on_destroy), v);
	allow(v, FALSE);
	gtk_widget_show_all(v->dialog);
	set(v->words, "");
	set(v->digits, "");
}

void
verify_start(struct verify *v, GtkWindow *parent, const struct front_person *p)
{
	if (v->dialog && !str_equal(v->peer, p->name))
		gtk_widget_destroy(v->dialog);
	if (!v->dialog) {
		g_free(v->peer);
		g_free(v->display);
		v->peer = g_strdup(p->name);
		v->display = g_strdup(p->display);
		make_dialog(v, parent);
	}
	gtk_window_present(GTK_WINDOW(v->dialog));
	ask(v, "verify.start", earshot_value_object());
}

void
verify_event(struct verify *v, const struct earshot_value *comparison)
{
	if (v->dialog && str_equal(earshot_value_str(comparison, "peer"), v->peer))
		show(v, comparison);
}

int
verify_create(struct front *f, struct verify **out)
{
	struct verify *v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->f = f;
	*out = v;
	return 0;
}

void
verify_destroy(struct verify *v)
{
	if (!v)
		return;
	if (v->dialog)
		gtk_widget_destroy(v->dialog);
	g_free(v->peer);
	g_free(v->display);
	free(v);
}
