/* Finds what was said, with one person or everybody. GTK's thread. */
#ifndef TRAY_FINDER_H
#define TRAY_FINDER_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct finder;

struct finder_listener {
	/* name: instance name; number: of the message in the log. */
	void (*on_found)(void *ctx, const char *name, int64_t number);
	void (*on_left)(void *ctx);
};

int finder_create(
    struct front *f, const struct finder_listener *l, void *ctx, struct finder **out) MUST_USE;
void finder_destroy(struct finder *s); /* after its widget; accepts NULL */
GtkWidget *finder_widget(struct finder *s);

/* Takes the focus. p: whom to look with; NULL: there is only everybody. */
void finder_open(struct finder *s, const struct front_person *p, bool everywhere);

#endif
