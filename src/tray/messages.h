/* What was said with one person, to scroll through. Only a stretch of it has rows, however long the
 * conversation: rows are made on the side that is scrolled to and dropped on the other. GTK's
 * thread. */
#ifndef TRAY_MESSAGES_H
#define TRAY_MESSAGES_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct messages;

struct messages_listener {
	/* The user wants to do something with m. event: NULL from the keyboard. */
	void (*on_menu)(void *ctx, struct front_message *m, GtkWidget *row, const GdkEvent *event);
	void (*on_copy)(void *ctx, const struct front_message *m);
	/* The newest came into sight. */
	void (*on_end)(void *ctx);
};

int messages_create(
    struct front *f, const struct messages_listener *l, void *ctx, struct messages **out) MUST_USE;
void messages_destroy(struct messages *v); /* after its widget; accepts NULL */
GtkWidget *messages_widget(struct messages *v);

/* Whose conversation; NULL: nobody's. The newest is shown. */
void messages_show(struct messages *v, struct front_person *p);
struct front_person *messages_person(const struct messages *v);

/* As the calls of the front's listener; those about other people do nothing. */
void messages_added(struct messages *v, const struct front_person *p, size_t at);
void messages_changed(struct messages *v, struct front_person *p, size_t at);
void messages_history(struct messages *v, const struct front_person *p, size_t added);
void messages_file(struct messages *v, struct front_file *file);

/* Goes to a message by its number in the log, loading what it takes. */
void messages_seek(struct messages *v, int64_t number);
bool messages_at_end(const struct messages *v);
void messages_to_end(struct messages *v);
void messages_page(struct messages *v, int pages); /* up: negative */
void messages_focus(struct messages *v);           /* the focus to the newest shown */

#endif
