#include "store/store.h"

#include "base/clock.h"
#include "store/core.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NEVER UINT64_MAX

enum { PATIENCE = 5 }; /* ms that late jobs wait */

static void
on_handle_closed(uv_handle_t *handle)
{
	struct store *s = handle->data;
	if (--s->handles > 0)
		return;
	uv_cond_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	if (s->on_closed)
		s->on_closed(s->closed_ctx);
	free(s);
}

static void
close_handles(struct store *s)
{
	uv_close((uv_handle_t *)&s->async, on_handle_closed);
	uv_close((uv_handle_t *)&s->hands, on_handle_closed);
}

/* The thread ends only when everything is answered, so that an answer may still ask for more. */
static void
quit_if_done(struct store *s)
{
	if (!s->closing || (s->submitted != s->replied && !s->ended))
		return;
	uv_mutex_lock(&s->lock);
	s->quit = true;
	uv_cond_signal(&s->wake);
	uv_mutex_unlock(&s->lock);
}

static void
recover_if_due(struct store *s)
{
	if (!s->trouble || s->replied < s->recover_at || s->ended)
		return;
	s->trouble = 0;
	s->recover_at = NEVER;
	s->l->on_recovered(s->ctx);
}

static void
on_answers(uv_async_t *async)
{
	struct store *s = async->data;
	uv_mutex_lock(&s->lock);
	/* what comes meanwhile is for the next turn of the loop */
	size_t count = s->answered_count;
	while (count-- > 0) {
		struct store_job *job = container_of(s->answered.next, struct store_job, node);
		list_remove(&job->node);
		s->answered_count--;
		uv_mutex_unlock(&s->lock);
		if (job->run)
			s->replied++;
		if (job->done)
			job->done(job->ctx, job, job->err);
		recover_if_due(s);
		uv_mutex_lock(&s->lock);
		if (count > s->answered_count)
			count = s->answered_count;
	}
	bool finished = s->finished && list_empty(&s->answered);
	bool left = !list_empty(&s->answered);
	uv_mutex_unlock(&s->lock);
	if (left)
		(void)uv_async_send(&s->async);
	if (finished && !uv_is_closing((uv_handle_t *)&s->async)) {
		(void)uv_thread_join(&s->thread);
		close_handles(s);
		return;
	}
	quit_if_done(s);
}

/* Trouble that came and went unseen is told as well: jobs were failed by it. */
static void
on_weather(void *ctx, struct store_job *job, int err)
{
	struct store *s = ctx;
	(void)job, (void)err;
	uv_mutex_lock(&s->lock);
	int failing = s->failing, last = s->last_failure;
	bool began = s->told != s->troubles;
	s->told = s->troubles;
	uv_mutex_unlock(&s->lock);
	if (began && !s->trouble) {
		s->trouble = last;
		s->l->on_trouble(s->ctx, last);
	}
	s->recover_at = !failing && s->trouble ? s->submitted : NEVER;
}

static void
on_doom(void *ctx, struct store_job *job, int err)
{
	struct store *s = ctx;
	(void)job;
	s->ended = true;
	s->l->on_fatal(s->ctx, err);
}

/* Half-made: no thread, no handle yet. */
static int
create(const char *path, struct store **out)
{
	struct store *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	list_init(&s->given);
	list_init(&s->asked);
	list_init(&s->hurried);
	list_init(&s->patient);
	list_init(&s->answered);
	s->recover_at = NEVER;
	s->weather = (struct store_job){.done = on_weather, .ctx = s};
	s->doom = (struct store_job){.done = on_doom, .ctx = s};
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
	int err = uv_mutex_init(&s->lock);
	if (!err && (err = uv_cond_init(&s->wake)))
		uv_mutex_destroy(&s->lock);
	if (err)
		free(s);
	else
		*out = s;
	return err;
}

int
store_open(const char *path, uv_loop_t *loop, const struct store_listener *l, void *ctx,
    struct store_report *report, struct store **out)
{
	struct store *s;
	struct store_report unwanted;
	int err = create(path, &s);
	if (err)
		return err;
	s->loop = loop;
	s->l = l;
	s->ctx = ctx;
	err = open_db(path, store_schema, &s->db, report ? report : &unwanted);
	if (err)
		goto fail;
	err = uv_async_init(loop, &s->async, on_answers);
	if (err)
		goto fail;
	(void)uv_prepare_init(loop, &s->hands);
	s->async.data = s->hands.data = s;
	s->handles = 2;
	err = uv_thread_create(&s->thread, thread_main, s);
	if (err) {
		db_finish(&s->db);
		close_handles(s);
		return err;
	}
	*out = s;
	return 0;
fail:
	db_finish(&s->db);
	uv_cond_destroy(&s->wake);
	uv_mutex_destroy(&s->lock);
	free(s);
	return err;
}

void
store_close(struct store *s, void (*done)(void *ctx), void *ctx)
{
	if (!s) {
		if (done)
			done(ctx);
		return;
	}
	assert(!s->closing);
	s->closing = true;
	s->on_closed = done;
	s->closed_ctx = ctx;
	quit_if_done(s);
}

/* From now on nothing that was asked until now comes after what is asked later. */
static void
hurry_all(struct store *s)
{
	struct list *const lanes[] = {&s->patient, &s->asked};
	for (size_t i = 0; i < ARRAY_LEN(lanes); i++) {
		LIST_FOREACH (node, lanes[i]) {
			list_remove(node);
			list_insert(&s->hurried, node);
		}
	}
}

/* Into its lane. True: the thread is to be woken for it. */
static bool
file_locked(struct store *s, struct store_job *job)
{
	bool wake = !job->late;
	if (job->late && list_empty(&s->patient)) {
		s->patient_at = clock_now() + PATIENCE;
		wake = true; /* to sleep no longer than that */
	}
	if (job->fence)
		hurry_all(s);
	list_insert(job->late                  ? &s->patient
		    : job->first || job->fence ? &s->hurried
					       : &s->asked,
	    &job->node);
	return wake;
}

static void
on_turn_end(uv_prepare_t *hands)
{
	struct store *s = hands->data;
	bool wake = false;
	(void)uv_prepare_stop(hands);
	uv_mutex_lock(&s->lock);
	LIST_FOREACH (node, &s->given) {
		list_remove(node);
		wake |= file_locked(s, container_of(node, struct store_job, node));
	}
	if (s->sleeping && wake)
		uv_cond_signal(&s->wake);
	uv_mutex_unlock(&s->lock);
}

/* What one turn of the loop asks for is handed over together: one transaction does it all, and the
 * thread is woken once. */
void
store_submit(struct store *s, struct store_job *job)
{
	s->submitted++;
	list_insert(&s->given, &job->node);
	(void)uv_prepare_start(&s->hands, on_turn_end);
}

void
core_tell_events(struct store *s, const struct store_event *events, size_t count)
{
	uv_mutex_lock(&s->lock);
	bool wanted = s->watch != 0;
	uv_mutex_unlock(&s->lock);
	if (wanted)
		s->l->on_events(s->ctx, events, count);
}

void
store_watch(struct store *s, unsigned what)
{
	uv_mutex_lock(&s->lock);
	s->watch = what;
	uv_mutex_unlock(&s->lock);
}

int
store_trouble(const struct store *s)
{
	return s->trouble;
}

int64_t
store_age(const struct store *s)
{
	return db_age(&s->db);
}
