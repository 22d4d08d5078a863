/* The line above a conversation: who it is with, what is known of them, and what can be done. GTK's
 * thread. */
#ifndef TRAY_HEADER_H
#define TRAY_HEADER_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct header;

struct header_listener {
	void (*on_compare)(void *ctx);
	void (*on_find)(void *ctx);
};

int header_create(
    struct front *f, const struct header_listener *l, void *ctx, struct header **out) MUST_USE;
void header_destroy(struct header *h); /* after its widget; accepts NULL */
GtkWidget *header_widget(struct header *h);
/* Shows p as they are now; NULL: nobody. */
void header_show(struct header *h, struct front_person *p);

#endif
