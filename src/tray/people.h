/* The list of people, and the line above it that finds among them. GTK's thread. */
#ifndef TRAY_PEOPLE_H
#define TRAY_PEOPLE_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>

struct people;

struct people_listener {
	void (*on_chosen)(void *ctx, struct front_person *p);
	/* The user is done with finding: to the conversation. */
	void (*on_entered)(void *ctx);
	void (*on_files)(void *ctx, struct front_person *p, char *const *uris);
};

/* Listener and ctx are borrowed. The widget belongs to whoever puts it somewhere. */
int people_create(
    struct front *f, const struct people_listener *l, void *ctx, struct people **out) MUST_USE;
void people_destroy(struct people *l); /* after its widget; accepts NULL */
GtkWidget *people_widget(struct people *l);

/* As the calls of the front's listener. */
void people_reordered(struct people *l);
void people_changed(struct people *l, struct front_person *p);
void people_gone(struct people *l, struct front_person *p);

/* Marks whose conversation is shown, without telling the listener. NULL: nobody's. */
void people_select(struct people *l, struct front_person *p);
/* Chooses who stands that many rows below. */
void people_step(struct people *l, int rows);
void people_find(struct people *l); /* the focus to the line that finds */

#endif
