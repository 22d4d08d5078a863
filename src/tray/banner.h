/* What has to be known about a person before one talks with them, above the conversation, with what
 * can be done about it. GTK's thread. */
#ifndef TRAY_BANNER_H
#define TRAY_BANNER_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct banner;

struct banner_listener {
	void (*on_compare)(void *ctx, struct front_person *p);
};

int banner_create(
    struct front *f, const struct banner_listener *l, void *ctx, struct banner **out) MUST_USE;
void banner_destroy(struct banner *b); /* after its widget; accepts NULL */
GtkWidget *banner_widget(struct banner *b);

/* Shows p as they are now; NULL: nothing. */
void banner_show(struct banner *b, struct front_person *p);
/* An event "verify": perhaps somebody wants to compare. */
void banner_event(struct banner *b, const struct earshot_value *comparison);
/* One sentence that has nothing to do with trust, until it is put away. */
void banner_tell(struct banner *b, const char *sentence);

#endif
