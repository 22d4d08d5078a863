#include "front/front.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* ---- the link ---- */

static const char *
sentence_of(const struct front *f, enum earshot_link link, int err)
{
	if (link == EARSHOT_LINK_CONNECTING)
		return tr("Connecting to Earshot ...");
	switch (err) {
	case EARSHOT_ERR_NOT_RUNNING:
	case EARSHOT_ERR_CUT_OFF:
		return f->load > 0 ? tr("Earshot has stopped. Waiting for it to come back ...")
				   : tr("Earshot is not running. Waiting for it to begin ...");
	case EARSHOT_ERR_START:
		return tr("Earshot could not be started. Its earshotd.log says why.");
	case EARSHOT_ERR_REFUSED:
		return tr("The Earshot that runs here belongs to another user.");
	case EARSHOT_ERR_PROTOCOL:
		return tr(
		    "The Earshot that runs is of another version. Stop it: earshot daemon stop");
	case EARSHOT_ERR_LOCKED:
		return tr(
		    "The key of Earshot is locked. Unlock it in a terminal: earshot id unlock");
	case EARSHOT_ERR_CROWDED:
		return tr("Too many programs use Earshot at present. Trying again ...");
	case EARSHOT_ERR_TIMEOUT:
		return tr("Earshot does not answer. Trying again ...");
	default:
		return earshot_strerror(err);
	}
}

static void
on_link(void *ctx, enum earshot_link link, int err)
{
	struct front *f = ctx;
	f->up = link == EARSHOT_LINK_UP;
	f->link = f->up                             ? FRONT_UP
		  : link == EARSHOT_LINK_CONNECTING ? FRONT_CONNECTING
						    : FRONT_DOWN;
	/* by sentence_of() itself nothing fails: NULL is only shown as nothing */
	if (str_replace(&f->sentence, f->up ? NULL : sentence_of(f, link, err)))
		(void)!str_replace(&f->sentence, NULL);
	if (f->up) {
		load_all(f);
		kept_send(f);
	} else
		while (!list_empty(&f->typing))
			typing_ended(container_of(f->typing.next, struct person, typing));
	TELL(f, on_link, f->link, f->sentence);
}

static void
on_missed(void *ctx)
{
	struct front *f = ctx;
	for (size_t i = 0; i < f->order_count; i++)
		if (f->order[i]->opened)
			conversation_fetch(person_of(f->order[i]));
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	event_take(ctx, topic, event);
}

static const struct earshot_keeper_listener keeper_listener = {on_link, on_missed, on_event};

enum front_link
front_link_state(const struct front *f)
{
	return f->link;
}

const char *
front_link_sentence(const struct front *f)
{
	return f->sentence;
}

void
front_retry(struct front *f)
{
	earshot_keeper_retry(f->keeper);
}

const struct earshot_value *
front_own(const struct front *f)
{
	return f->own;
}

const struct earshot_value *
front_state(const struct front *f)
{
	return f->state;
}

/* ---- time ---- */

static void
set_timer(struct front *f, uint64_t at)
{
	struct itimerspec t = {0};
	f->timer_at = at;
	if (at != UINT64_MAX) {
		uint64_t now = clock_now(), left = at > now ? at - now : 0;
		t.it_value.tv_sec = (time_t)(left / 1000);
		t.it_value.tv_nsec = (long)(left % 1000 * 1000000) + (left == 0);
	}
	(void)timerfd_settime(f->timer, 0, &t, NULL); /* fails for wrong arguments alone */
}

void
wake_at(struct front *f, uint64_t ms)
{
	if (ms < f->timer_at)
		set_timer(f, ms);
}

static void
time_passed(struct front *f)
{
	uint64_t count, now = clock_now();
	if (f->timer_at > now || read(f->timer, &count, sizeof(count)) < 0)
		return;
	f->timer_at = UINT64_MAX;
	if (!list_empty(&f->later))
		wake_at(f, now);
	typing_due(f, now);
	load_due(f, now);
}

/* ---- what is told once for all that has happened ---- */

static void
tell_changed(struct front *f)
{
	struct list now;
	list_init(&now);
	while (!list_empty(&f->changed)) {
		struct list *node = f->changed.next;
		list_remove(node);
		list_insert(&now, node);
	}
	while (!list_empty(&now)) {
		struct list *node = now.next;
		list_remove(node);
		TELL(f, on_person, &container_of(node, struct person, changed)->p);
	}
}

void
front_dispatch(struct front *f)
{
	time_passed(f);
	later_due(f);
	(void)earshot_keeper_dispatch(f->keeper); /* nobody but front_close() closes it */
	kept_send(f);
	people_sort(f);
	tell_changed(f);
}

/* ---- life ---- */

int
front_fd(const struct front *f)
{
	return f->poll;
}

static int
watch(struct front *f, int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	return epoll_ctl(f->poll, EPOLL_CTL_ADD, fd, &e) < 0 ? -errno : 0;
}

static int
open_descriptors(struct front *f, const char *path, const char *client)
{
	f->poll = epoll_create1(EPOLL_CLOEXEC);
	f->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (f->poll < 0 || f->timer < 0)
		return -errno;
	int err = earshot_keeper_create(
	    path, client, EARSHOT_START, NULL, -1, &keeper_listener, f, &f->keeper);
	if (err)
		return err == EARSHOT_ERR_MEMORY ? -ENOMEM : -EIO;
	err = watch(f, earshot_keeper_fd(f->keeper));
	return err ? err : watch(f, f->timer);
}

int
front_create(const char *path, const char *client, const struct front_listener *l, void *ctx,
    struct front **out)
{
	struct front *f = calloc(1, sizeof(*f));
	*out = NULL;
	if (!f)
		return -ENOMEM;
	*f = (struct front){.l = l, .ctx = ctx, .poll = -1, .timer = -1, .timer_at = UINT64_MAX};
	buf_init(&f->scratch, SCRATCH_MAX);
	map_init(&f->people);
	map_init(&f->files);
	map_init(&f->transfers);
	list_init(&f->changed);
	list_init(&f->typing);
	list_init(&f->composing);
	list_init(&f->kept);
	list_init(&f->later);
	f->sentence = strdup(tr("Connecting to Earshot ..."));
	int err = f->sentence ? open_descriptors(f, path, client) : -ENOMEM;
	if (err) {
		front_close(f);
		return err;
	}
	*out = f;
	return 0;
}

void
front_close(struct front *f)
{
	if (!f)
		return;
	f->closing = true;
	earshot_keeper_close(f->keeper);
	calls_finish(f);
	people_finish(f);
	files_finish(f);
	earshot_value_free(f->own);
	earshot_value_free(f->state);
	buf_finish(&f->scratch);
	free(f->sentence);
	if (f->timer >= 0)
		close(f->timer);
	if (f->poll >= 0)
		close(f->poll);
	free(f);
}
