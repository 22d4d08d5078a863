/* The dialog in which two people compare a short code, to know that nobody stands between them.
 * GTK's thread. */
#ifndef TRAY_VERIFY_H
#define TRAY_VERIFY_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>

struct verify;

int verify_create(struct front *f, struct verify **out) MUST_USE;
void verify_destroy(struct verify *v); /* closes the dialog; accepts NULL */

/* Begins to compare with p, or shows how far it is, above parent. */
void verify_start(struct verify *v, GtkWindow *parent, const struct front_person *p);
/* An event "verify" of the daemon. */
void verify_event(struct verify *v, const struct earshot_value *comparison);

#endif
