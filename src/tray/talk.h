/* The right side of the window: who one talks with, what was said, and the line to write in. GTK's
 * thread. */
#ifndef TRAY_TALK_H
#define TRAY_TALK_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct talk;

struct talk_listener {
	/* Somebody else's conversation is wanted: a message found elsewhere. */
	void (*on_person)(void *ctx, struct front_person *p);
};

int
talk_create(struct front *f, const struct talk_listener *l, void *ctx, struct talk **out) MUST_USE;
void talk_destroy(struct talk *t); /* after its widget; accepts NULL */
GtkWidget *talk_widget(struct talk *t);

/* p NULL: nobody's. */
void talk_show(struct talk *t, struct front_person *p);
struct front_person *talk_person(const struct talk *t);
/* The user looks at it, or not: what they look at counts as seen. */
void talk_watch(struct talk *t, bool watched);

/* As the calls of the front's listener; those about other people do nothing. */
void talk_changed(struct talk *t, struct front_person *p);
void talk_gone(struct talk *t, struct front_person *p);
void talk_message(struct talk *t, struct front_person *p, size_t at);
void talk_message_changed(struct talk *t, struct front_person *p, size_t at);
void talk_history(struct talk *t, struct front_person *p, size_t added);
void talk_file(struct talk *t, struct front_file *file, bool progress);
void talk_event(struct talk *t, const char *topic, const struct earshot_value *event);
/* One sentence above the conversation, until it is put away. */
void talk_tell(struct talk *t, const char *sentence);

void talk_files(struct talk *t, const struct front_person *p, char *const *uris);
void talk_find(struct talk *t, bool everywhere);
void talk_page(struct talk *t, int pages); /* up: negative */
void talk_focus(struct talk *t);           /* to the line to write in */
void talk_focus_messages(struct talk *t);
void talk_compare(struct talk *t);
/* Puts away what is in the way, one thing each time; false: there is nothing. */
bool talk_leave(struct talk *t);

#endif
