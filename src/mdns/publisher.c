#include "mdns/publisher.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "mdns/delay.h"
#include "mdns/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Avahi does not limit updates; each is announced three times over 3 s, and a fast
	 * sequence keeps putting that off until nothing is sent at all. */
	UPDATE_EVERY_MS = 1000,
	RETRY_MS = 10000,
	ATTEMPTS = 99, /* names tried in a row before taking breath */
};

enum step { STEP_IDLE, STEP_REGISTERING, STEP_ESTABLISHED, STEP_COLLIDED, STEP_FAILED };

struct publisher {
	struct back_end *b;         /* borrowed */
	struct wish *wish;          /* borrowed */
	struct delay *work, *retry; /* owned: what a callback asked for; the next attempt */
	void (*changed)(void *ctx);
	void *ctx; /* borrowed */
	enum step step;
	char name[NAMES_SIZE];
	uint16_t port;        /* as announced */
	AvahiStringList *txt; /* owned; as announced */
	uint64_t txt_at;      /* when it last changed */
	bool picture_due;
	const char *trouble;
};

static void
set_step(struct publisher *p, enum step step, const char *trouble)
{
	p->step = step;
	p->trouble = trouble;
	p->changed(p->ctx);
}

static bool
is_announced(const struct publisher *p)
{
	return p->step == STEP_REGISTERING || p->step == STEP_ESTABLISHED;
}

static int
remember_txt(struct publisher *p)
{
	AvahiStringList *copy = NULL;
	if (p->wish->txt && !(copy = avahi_string_list_copy(p->wish->txt)))
		return -ENOMEM;
	avahi_string_list_free(p->txt);
	p->txt = copy;
	p->txt_at = clock_now();
	return 0;
}

static void
fail(struct publisher *p, const char *trouble)
{
	p->b->ops->withdraw(p->b);
	set_step(p, STEP_FAILED, trouble);
	delay_set(p->retry, RETRY_MS);
}

static void
announce(struct publisher *p)
{
	struct wish *w = p->wish;
	const struct announcement a = {.name = p->name, .port = w->port, .txt = w->txt};
	int err = remember_txt(p);
	p->step = STEP_REGISTERING; /* before the news of success, which may come at once */
	/* the back end tells at once of a name that another program of this machine has, and
	 * later (on_group) of one that another machine has */
	for (unsigned tries = 0; !err && tries < ATTEMPTS; tries++) {
		names_instance(p->name, w->user, w->attempt, p->b->ops->host_name(p->b));
		err = p->b->ops->announce(p->b, &a);
		if (err != -EEXIST)
			break;
		w->attempt++;
		err = tries + 1 < ATTEMPTS ? 0 : -EEXIST;
	}
	p->port = w->port;
	p->picture_due = true;
	if (err)
		fail(p, err == -EEXIST ? TR("no free name") : TR("the responder refused it"));
	else if (p->step == STEP_REGISTERING)
		set_step(p, STEP_REGISTERING, "");
}

static void
show_picture(struct publisher *p)
{
	p->picture_due = false;
	if (p->b->ops->picture(p->b, p->name, p->wish->avatar, p->wish->avatar_len))
		channel_note(p->b->channel, "warn", "the avatar could not be published");
}

static void
update_txt(struct publisher *p)
{
	if (avahi_string_list_equal(p->txt, p->wish->txt))
		return;
	uint64_t age = clock_now() - p->txt_at;
	if (age < UPDATE_EVERY_MS) {
		delay_set_sooner(p->work, UPDATE_EVERY_MS - age);
		return;
	}
	const struct announcement a = {.name = p->name, .port = p->port, .txt = p->wish->txt};
	if (remember_txt(p) || p->b->ops->update(p->b, &a))
		announce(p); /* from the start, then */
}

static void
withdraw(struct publisher *p)
{
	if (p->step != STEP_IDLE) {
		p->b->ops->withdraw(p->b);
		set_step(p, STEP_IDLE, "");
	}
	delay_stop(p->retry);
}

/* Does what the state of things asks for; outside of all callbacks of the back end. */
static void
on_work(void *ctx)
{
	struct publisher *p = ctx;
	struct wish *w = p->wish;
	if (p->b->state == BACK_END_FAILED)
		return;
	if (!w->user[0] || p->b->state != BACK_END_RUNNING) {
		withdraw(p);
		return;
	}
	char name[NAMES_SIZE];
	switch (p->step) {
	case STEP_COLLIDED:
		w->attempt = w->attempt < ATTEMPTS ? w->attempt + 1 : 1;
		announce(p);
		break;
	case STEP_IDLE:
		announce(p);
		break;
	case STEP_REGISTERING:
	case STEP_ESTABLISHED:
		names_instance(name, w->user, w->attempt, p->b->ops->host_name(p->b));
		if (strcmp(name, p->name) != 0 || p->port != w->port) {
			announce(p);
		} else if (p->step == STEP_ESTABLISHED) { /* else it would probe anew */
			update_txt(p);
			if (p->picture_due)
				show_picture(p);
		}
		break;
	case STEP_FAILED:
		break; /* until the retry */
	}
}

static void
on_retry(void *ctx)
{
	struct publisher *p = ctx;
	if (p->step == STEP_FAILED) {
		p->step = STEP_IDLE;
		p->wish->attempt = 1;
		on_work(p);
	}
}

int
publisher_create(uv_loop_t *loop, struct back_end *b, struct wish *w, void (*changed)(void *ctx),
    void *ctx, struct publisher **out)
{
	struct publisher *p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->b = b;
	p->wish = w;
	p->changed = changed;
	p->ctx = ctx;
	p->trouble = "";
	int err = delay_create(loop, on_work, p, &p->work);
	if (!err)
		err = delay_create(loop, on_retry, p, &p->retry);
	if (err) {
		delay_destroy(p->work);
		free(p);
		return err;
	}
	*out = p;
	return 0;
}

void
publisher_destroy(struct publisher *p)
{
	if (!p)
		return;
	if (p->b->state != BACK_END_FAILED && p->step != STEP_IDLE)
		p->b->ops->withdraw(p->b);
	delay_destroy(p->work);
	delay_destroy(p->retry);
	avahi_string_list_free(p->txt);
	free(p);
}

void
publisher_refresh(struct publisher *p)
{
	/* a responder that probes its host name anew may come back with another one, and our
	 * service would still point to the old */
	if (p->b->state == BACK_END_RUNNING)
		delay_set(p->work, 0);
	else if (p->b->state != BACK_END_FAILED) /* which takes everything with it */
		withdraw(p);
}

void
publisher_wish_changed(struct publisher *p)
{
	delay_set(p->work, 0);
}

void
publisher_avatar_changed(struct publisher *p)
{
	p->picture_due = true;
	delay_set(p->work, 0);
}

void
publisher_on_service(struct publisher *p, enum service_event event)
{
	/* else a late word about what was meanwhile withdrawn */
	if (p->step == STEP_REGISTERING && event == SERVICE_ESTABLISHED)
		set_step(p, STEP_ESTABLISHED, "");
	else if (is_announced(p) && event == SERVICE_COLLISION)
		set_step(p, STEP_COLLIDED, TR("the name is in use"));
	else if (is_announced(p) && event == SERVICE_FAILED)
		fail(p, TR("the responder refused it"));
	delay_set(p->work, 0);
}

const char *
publisher_name(struct publisher *p)
{
	if (p->step == STEP_IDLE && p->wish->user[0])
		names_instance(
		    p->name, p->wish->user, p->wish->attempt, p->b->ops->host_name(p->b));
	else if (!is_announced(p))
		return "";
	return p->name;
}

bool
publisher_established(const struct publisher *p)
{
	return p->step == STEP_ESTABLISHED;
}

const char *
publisher_trouble(const struct publisher *p)
{
	return p->trouble;
}
