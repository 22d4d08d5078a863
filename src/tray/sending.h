/* Files and folders of ours on their way to the daemon: opened for reading here, looked at in
 * another thread (a small copy of a picture takes a while), and handed over as descriptors. GTK's
 * thread. */
#ifndef TRAY_SENDING_H
#define TRAY_SENDING_H

#include "front/front.h"

#include <gtk/gtk.h>

/* One sentence about what could not be sent. May come after the caller is gone: ctx is an object
 * that is kept alive until then. */
typedef void sending_failed_fn(GObject *ctx, const char *sentence);

/* Each of these to p. uris end with NULL. What the daemon refuses comes to the front's on_refusal.
 */
void sending_uris(struct front *f, const struct front_person *p, char *const *uris,
    sending_failed_fn *failed, GObject *ctx);
/* A picture that was copied, as a file of its own in the spool of the state folder. */
void sending_picture(struct front *f, const struct front_person *p, GdkPixbuf *picture,
    sending_failed_fn *failed, GObject *ctx);

/* Makes w a place where files can be let go. fn gets them once, with the place inside w. */
typedef void sending_drop_fn(void *ctx, int x, int y, char *const *uris);
void sending_accept_drops(GtkWidget *w, sending_drop_fn *fn, void *ctx);

#endif
