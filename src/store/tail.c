#include "store/tail.h"

#include "base/err.h"
#include "base/log.h"
#include "store/core.h"

#include <errno.h>
#include <stdlib.h>

enum { EVENTS_AT_ONCE = 1000 };

/* Events on their way to the loop. */
struct telling {
	struct store_job job;
	struct store *store;
	struct store_read_log read;
};

static void
on_telling(void *ctx, struct store_job *job, int err)
{
	struct telling *t = ctx;
	(void)job, (void)err;
	core_tell_events(t->store, t->read.at, t->read.count);
	store_read_log_finish(&t->read);
	free(t);
}

/* One portion. 0 or what went wrong. */
static int
tell_some(struct store *s)
{
	struct telling *t = calloc(1, sizeof(*t));
	if (!t)
		return -ENOMEM;
	t->store = s;
	t->job = (struct store_job){.done = on_telling, .ctx = t};
	t->read.since = s->told_n;
	t->read.limit = EVENTS_AT_ONCE;
	t->read.what = s->watching;
	int err = tail_read(&s->db, &t->read);
	if (!err)
		s->told_n = t->read.upto;
	if (err || !t->read.count) {
		store_read_log_finish(&t->read);
		free(t);
		return err;
	}
	uv_mutex_lock(&s->lock);
	core_answer(s, &t->job);
	(void)uv_async_send(&s->async);
	uv_mutex_unlock(&s->lock);
	return 0;
}

void
tail_tell(struct store *s)
{
	int err = 0;
	while (s->watching && s->told_n < s->db.now.last_n && !err)
		err = tell_some(s);
	/* nothing is left out: the place is known, and it is read again a little later */
	if (err && !s->tail_due)
		log_warn(NULL, "new events cannot be read at present: %s", err_str(err));
	s->tail_due = err != 0;
}
