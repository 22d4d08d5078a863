/* Inside the finder only: what finder.c (who is there, and where) and asking.c (questions about
 * them) share. Loop thread only. */
#ifndef MDNS_ASKING_H
#define MDNS_ASKING_H

#include "base/list.h"
#include "base/map.h"
#include "mdns/finder.h"
#include "mdns/names.h"

struct delay;

enum spot_state { SPOT_HIDDEN, SPOT_QUEUED, SPOT_ASKING, SPOT_KNOWN, SPOT_WAITING };

/* An instance as seen at one place. */
struct spot {
	struct list node;  /* of instance.spots */
	struct list queue; /* of questions.queued or .asking, or finder.waiting, by state */
	struct instance *of;
	struct place place;
	enum spot_state state;
	uint64_t since;     /* ASKING: asked at; WAITING: ask again at */
	unsigned failures;  /* in a row */
	struct query query; /* ASKING */
};

struct instance {
	char name[NAMES_SIZE];
	struct finder *finder;
	struct list spots;
	size_t spot_count;
	bool own;
	struct query txt_watch, srv_watch;
	struct list unwatched; /* of finder.unwatched: its TXT watch is yet to be opened */
	unsigned char *txt;    /* owned; last reported, as rdata */
	size_t txt_len;
	bool txt_current;   /* it comes from the watch: newer than any resolver's */
	bool srv_missing;   /* it did not answer; its SRV record would be news */
	uint64_t srv_since; /* when srv_watch was opened */
};

/* What is asked about the places of one address family. */
struct questions {
	struct list queued, asking;
	size_t asking_count;
};

struct finder {
	struct back_end *b; /* borrowed */
	struct map instances;
	struct questions questions[2]; /* IPv4, IPv6 */
	struct list waiting, unwatched;
	size_t watch_count;
	struct delay *work; /* owned */
	char own[NAMES_SIZE];
	int loopback;
	bool hide_loopback, settled, full_noted, watches_noted, cache_noted;
};

/* finder.c */

struct spot *find_spot(struct instance *i, const struct place *p);
/* Keeps what was reported. 1: it is news, 0: it is not; -ENOMEM. */
int keep_txt(struct instance *i, const void *rdata, size_t len);

/* asking.c */

void asking_init(struct finder *f);
void asking_work(void *ctx); /* of a finder: what is due, outside of the back end's callbacks */
/* Leaves whatever list and question its state implies. */
void spot_set(struct spot *s, enum spot_state state);
void unwatch(struct instance *i, struct query *q);

#endif
