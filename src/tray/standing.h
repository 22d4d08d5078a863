/* How we stand, in one picture and one sentence: what the icon shows. Any thread. */
#ifndef TRAY_STANDING_H
#define TRAY_STANDING_H

#include "base/buf.h"
#include "front/front.h"

enum standing {
	STANDING_OFFLINE, /* no daemon, no network, nobody can see us */
	STANDING_AVAILABLE,
	STANDING_AWAY,
	STANDING_DND,
	STANDING_UNREAD, /* something waits for us: messages, files to accept */
};

/* What it depends on; all borrowed, own and state may be NULL. */
struct standing_source {
	enum front_link link;
	const char *link_sentence; /* NULL while up */
	const struct earshot_value *own, *state;
	unsigned unread, asks;
};

enum standing standing_of(const struct standing_source *s);
/* Name of the icon (packaging/icons). */
const char *standing_icon(enum standing standing);
/* One sentence for the tip of the icon and for those who hear it. */
void standing_sentence(struct buf *out, const struct standing_source *s);
/* What is wrong and what to do, or "": the first line of the menu. */
void standing_problem(struct buf *out, const struct standing_source *s);

#endif
