#include "mdns/session.h"

#include "base/str.h"
#include "base/tr.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void
report(struct session *s, const char *verb, const char *field)
{
	struct buf *b = channel_out(s->channel);
	protocol_begin(b, verb);
	if (field)
		protocol_field_str(b, field);
	protocol_end(b);
}

static void
report_own(struct session *s)
{
	struct publisher *p = s->publisher;
	finder_set_own(s->finder, publisher_name(p));
	if (publisher_established(p)) {
		report(s, "published", publisher_name(p));
		s->published = true;
		return;
	}
	const char *trouble = publisher_trouble(p);
	if (s->published || trouble[0])
		report(s, "unpublished", trouble[0] ? trouble : TR("announcing anew"));
	s->published = false;
}

static void
report_machine(struct session *s)
{
	if (s->b->state != BACK_END_STARTING && s->b->state != BACK_END_RUNNING)
		return;
	const char *name = s->b->ops->host_name(s->b);
	if (!name[0] || strcmp(name, s->machine) == 0 ||
	    str_copy(s->machine, sizeof(s->machine), name))
		return;
	report(s, "machine", name);
}

static void
on_publisher(void *ctx)
{
	struct session *s = ctx;
	if (s->active)
		report_own(s);
	s->changed(s->ctx);
}

static void
on_state(void *ctx)
{
	struct session *s = ctx;
	publisher_refresh(s->publisher);
	if (s->active)
		report_machine(s);
	s->changed(s->ctx);
}

static void
on_instance(void *ctx, const char *name, const struct place *p, bool here)
{
	struct session *s = ctx;
	if (s->finder)
		finder_on_instance(s->finder, name, p, here);
}

static void
on_settled(void *ctx)
{
	struct session *s = ctx;
	if (s->finder)
		finder_on_settled(s->finder);
}

static void
on_service(void *ctx, enum service_event event)
{
	struct session *s = ctx;
	publisher_on_service(s->publisher, event);
}

static const struct back_end_listener listener = {
    .on_state = on_state,
    .on_instance = on_instance,
    .on_settled = on_settled,
    .on_service = on_service,
};

int
session_create(uv_loop_t *loop, enum session_kind kind, struct channel *channel, struct wish *wish,
    void (*changed)(void *ctx), void *ctx, struct session **out)
{
	struct session *s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->loop = loop;
	s->channel = channel;
	s->changed = changed;
	s->ctx = ctx;
	int err = kind == SESSION_CLIENT
		      ? back_end_create_client(loop, channel, &listener, s, &s->b)
		      : back_end_create_core(loop, channel, &listener, s, &s->b);
	if (!err)
		err = publisher_create(loop, s->b, wish, on_publisher, s, &s->publisher);
	if (err) {
		session_destroy(s);
		return err;
	}
	publisher_refresh(s->publisher);
	*out = s;
	return 0;
}

void
session_destroy(struct session *s)
{
	if (!s)
		return;
	session_retire(s);
	publisher_destroy(s->publisher);
	if (s->b)
		s->b->ops->destroy(s->b);
	free(s);
}

int
session_activate(struct session *s, const char *reason, int loopback, bool hide_loopback)
{
	int err = finder_create(s->loop, s->b, &s->finder);
	if (!err)
		err = lookups_create(s->loop, s->b, s->finder, &s->lookups);
	if (err) {
		session_retire(s);
		return err;
	}
	s->active = true;
	struct buf *b = channel_out(s->channel);
	protocol_begin(b, "backend");
	protocol_field_str(b, s->b->ops->kind);
	protocol_field_str(b, reason);
	protocol_end(b);
	report(s, "reset", NULL);
	report_machine(s);
	finder_set_loopback(s->finder, loopback, hide_loopback);
	report_own(s);
	return s->b->ops->browse(s->b);
}

void
session_retire(struct session *s)
{
	if (s->active && s->published)
		report(s, "unpublished", "changing over");
	s->active = s->published = false;
	lookups_destroy(s->lookups);
	finder_destroy(s->finder);
	s->lookups = NULL;
	s->finder = NULL;
}
