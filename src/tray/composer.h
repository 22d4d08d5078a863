/* The line at the bottom that one writes in: several lines, one draft for each person, with what it
 * answers or corrects above it. GTK's thread. */
#ifndef TRAY_COMPOSER_H
#define TRAY_COMPOSER_H

#include "base/compiler.h"
#include "front/front.h"

#include <gtk/gtk.h>
#include <stdbool.h>

struct composer;

struct composer_listener {
	/* reply, edit: number of what is answered or corrected; 0: none. At most one. */
	void (*on_say)(void *ctx, const char *text, int64_t reply, int64_t edit);
	void (*on_typing)(void *ctx, bool has_text);
	void (*on_files)(void *ctx, char *const *uris);
	void (*on_picture)(void *ctx, GdkPixbuf *picture);
	void (*on_attach)(void *ctx, bool folder);
	/* Up in an empty line: what was said last is to be corrected. */
	void (*on_correct_last)(void *ctx);
};

int composer_create(const struct composer_listener *l, void *ctx, struct composer **out) MUST_USE;
void composer_destroy(struct composer *c); /* after its widget; accepts NULL */
GtkWidget *composer_widget(struct composer *c);

/* Whose draft is shown; NULL: nobody's. */
void composer_show(struct composer *c, const struct front_person *p);
void composer_forget(struct composer *c, const struct front_person *p);
/* m is copied from. */
void composer_reply(struct composer *c, const struct front_message *m);
void composer_edit(struct composer *c, const struct front_message *m);
/* Lets go of what is answered or corrected; false: there was nothing. */
bool composer_leave(struct composer *c);
void composer_focus(struct composer *c);

#endif
