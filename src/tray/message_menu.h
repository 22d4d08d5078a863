/* The menu of a message. What takes words is left to the listener. GTK's thread. */
#ifndef TRAY_MESSAGE_MENU_H
#define TRAY_MESSAGE_MENU_H

#include "front/front.h"

#include <gtk/gtk.h>

struct message_menu_listener {
	void (*on_reply)(void *ctx, const struct front_message *m);
	void (*on_edit)(void *ctx, const struct front_message *m);
};

/* Shows it at the pointer, or without an event at the row. It looks the message up again when
 * something is chosen: the conversation may be another by then. l and ctx outlive row. */
void
message_menu_popup(struct front *f, const struct front_person *p, const struct front_message *m,
    GtkWidget *row, const GdkEvent *event, const struct message_menu_listener *l, void *ctx);
void message_menu_copy(GtkWidget *w, const struct front_message *m);
/* The message of that number; NULL if there is none any more. Not by its id: the other side may
 * give one of theirs the id of one of ours. */
struct front_message *message_menu_find(const struct front_person *p, int64_t number);

#endif
