/* What the bench driver makes of the daemon's events: who is on, and which messages came.
 * Prints through event_new() and event_print(); knows no commands. One thread. */
#ifndef BENCH_WATCH_H
#define BENCH_WATCH_H

#include <earshot.h>
#include <stdbool.h>
#include <stdint.h>

/* driver.c: an event with its time and name; printing frees it. */
struct earshot_value *event_new(const char *name);
void event_print(struct earshot_value *event);
uint64_t now_ns(void);

struct buddy;

struct watch {
	struct buddy *first; /* owned list */
};

/* A person as the daemon describes it: buddy-on, buddy-connected,
 * buddy-status, buddy-off where that is news. */
void watch_person(struct watch *w, const struct earshot_value *person);
void watch_finish(struct watch *w);

/* Messages of ping and burst. */
struct counted {
	uint64_t n, bytes, first, last, out_of_order;
	uint64_t last_seq;
	bool have_seq;
};

/* A message event: counts it, and prints it unless it is a measured one and quiet is set. */
void counted_take(struct counted *c, const struct earshot_value *event, bool quiet);
void counted_print(const struct counted *c);

#endif
