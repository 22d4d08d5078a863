/* The window: people on the left, the conversation on the right. It draws what the front knows and
 * acts through it. It knows no tray icon and no notifications. GTK's thread. */
#ifndef TRAY_WINDOW_H
#define TRAY_WINDOW_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct window;

/* The window is not shown yet. f is borrowed and may have been up for long; the window takes the
 * `user` of its people and files. Closed by the user it is hidden, unless a handler of delete-event
 * of window_widget() does something else. */
int window_create(GtkApplication *app, struct front *f, struct window **out) MUST_USE;
/* Once, right before front_close(): nothing may be dispatched in between. Accepts NULL. */
void window_destroy(struct window *w);

/* The front has one listener. It passes all of its calls on to this one, with the window as ctx,
 * once there is a window. No member is NULL, but the ones that the window does not care for. */
extern const struct front_listener window_listener;

GtkWindow *window_widget(struct window *w); /* borrowed */
/* Shows it, raised and with the focus. */
void window_present(struct window *w);
/* Opens the conversation with p; does not raise the window. p NULL: nobody's. */
void window_show_person(struct window *w, struct front_person *p);
/* Does the user look at what p says? Then it needs no notification. */
bool window_is_watching(const struct window *w, const struct front_person *p);

#endif
