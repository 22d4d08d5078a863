/* What happens, for those who care: features meet here and never call each other. Listeners are
 * called one after the other, in the order they came. Loop thread only. */
#ifndef PEER_BUS_H
#define PEER_BUS_H

#include "base/compiler.h"
#include "base/list.h"

#include <stdint.h>

struct person;
struct stream;

enum bus_event_kind {
	BUS_PERSON_NEW,     /* here for the first time, or back after it was gone */
	BUS_PERSON_CHANGED, /* anything that is shown of it */
	BUS_PERSON_GONE,
	BUS_PERSON_FOUND,    /* announced at one more place, and not connected */
	BUS_PERSON_RENAMED,  /* known by `name` until now, an address; nothing of it is lost */
	BUS_PERSON_MERGED,   /* `other` turned out to be this person, and is about to be freed */
	BUS_KEY_FORGOTTEN,   /* what waits to be said was for that key, and is not said any more */
	BUS_PERSON_FREED,    /* last event: forget the pointer */
	BUS_STREAM_UP,       /* stream is set */
	BUS_STREAM_DOWN,     /* stream and err are set */
	BUS_UNREACHABLE,     /* we dialled and got nobody; err is set */
	BUS_STORE_TROUBLE,   /* of nobody: writing fails, with err */
	BUS_STORE_RECOVERED, /* of nobody */
	BUS_FORGOTTEN, /* what was said and sent before is forgotten; person NULL: of everybody */
	BUS_SETTINGS,  /* of nobody: policy, files or lifetime of the roster are others now */
	BUS_STOPPING,  /* of nobody: the daemon ends; streams and people are still there */
};

struct bus_event {
	enum bus_event_kind kind;
	struct person *person; /* NULL: of nobody */
	struct person *other;
	const char *name;
	struct stream *stream;
	int err;
	int64_t before; /* FORGOTTEN: ms, wall clock; 0: all of it */
};

struct bus {
	struct list listeners; /* owned */
};

void bus_init(struct bus *b);
void bus_finish(struct bus *b);

/* Listeners stay until bus_finish(), which calls done(ctx). Either may be NULL. */
int bus_listen(struct bus *b, void (*on_event)(void *ctx, const struct bus_event *e),
    void (*done)(void *ctx), void *ctx) MUST_USE;
void bus_emit(struct bus *b, const struct bus_event *e);

#endif
