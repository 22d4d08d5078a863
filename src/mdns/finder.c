#include "mdns/finder.h"

#include "base/limits.h"
#include "base/str.h"
#include "mdns/asking.h"
#include "mdns/delay.h"
#include "mdns/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* avahi-daemon's default cache holds 1023 peers of four records or 819 of five, and then
	 * forgets without a word */
	DAEMON_CACHE_PEERS = 800,
};

int
finder_create(uv_loop_t *loop, struct back_end *b, struct finder **out)
{
	struct finder *f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	int err = delay_create(loop, asking_work, f, &f->work);
	if (err) {
		free(f);
		return err;
	}
	f->b = b;
	map_init(&f->instances);
	asking_init(f);
	*out = f;
	return 0;
}

/* ---- reporting -------------------------------------------------------------------------- */

int
keep_txt(struct instance *i, const void *rdata, size_t len)
{
	if (len > LIMIT_TXT_RECORD)
		len = LIMIT_TXT_RECORD;
	if (i->txt && i->txt_len == len && memcmp(i->txt, rdata, len) == 0)
		return 0;
	unsigned char *copy = malloc(len + 1);
	if (!copy)
		return -ENOMEM;
	if (len)
		memcpy(copy, rdata, len);
	free(i->txt);
	i->txt = copy;
	i->txt_len = len;
	return 1;
}

struct spot *
find_spot(struct instance *i, const struct place *p)
{
	LIST_FOREACH (node, &i->spots) {
		struct spot *s = container_of(node, struct spot, node);
		if (s->place.ifindex == p->ifindex && s->place.family == p->family)
			return s;
	}
	return NULL;
}

bool
finder_report(struct finder *f, const char *name, const struct query_result *r)
{
	if (!r->address || !r->host || !r->port || strlen(r->host) > LIMIT_HOST_NAME ||
	    !report_plausible(r->address, r->place.ifindex == f->loopback))
		return false;
	struct instance *i = map_get(&f->instances, name);
	if (i) {
		const struct spot *s = find_spot(i, &r->place);
		if (i->own || (s && s->state == SPOT_HIDDEN))
			return false;
		if (i->txt_current) {
			report_service(f->b->channel, name, r, i->txt, i->txt_len);
			return true;
		}
	}
	unsigned char txt[LIMIT_TXT_RECORD];
	size_t len = avahi_string_list_serialize(r->txt, NULL, 0); /* measures */
	len = len <= sizeof(txt) ? avahi_string_list_serialize(r->txt, txt, sizeof(txt)) : 0;
	report_service(f->b->channel, name, r, txt, len);
	if (i)
		(void)keep_txt(i, txt, len); /* without memory a later txt line is superfluous */
	return true;
}

/* ---- coming and going ------------------------------------------------------------------- */

static bool
to_be_hidden(const struct spot *s)
{
	const struct finder *f = s->of->finder;
	return s->of->own || (f->hide_loopback && s->place.ifindex == f->loopback);
}

static void
spot_refresh(struct spot *s)
{
	bool hide = to_be_hidden(s);
	if (hide == (s->state == SPOT_HIDDEN))
		return;
	report_place(s->of->finder->b->channel, hide ? "lost" : "found", s->of->name, &s->place);
	spot_set(s, hide ? SPOT_HIDDEN : SPOT_QUEUED);
}

static void
free_instance(struct instance *i)
{
	/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): what remove_spot() freed is off the list */
	LIST_FOREACH (node, &i->spots) {
		struct spot *s = container_of(node, struct spot, node);
		spot_set(s, SPOT_HIDDEN);
		list_remove(&s->node);
		free(s);
	}
	unwatch(i, &i->txt_watch);
	unwatch(i, &i->srv_watch);
	list_remove(&i->unwatched);
	free(i->txt);
	free(i);
}

void
finder_destroy(struct finder *f)
{
	if (!f)
		return;
	MAP_FOREACH (node, &f->instances)
		free_instance(node->value);
	map_finish(&f->instances);
	delay_destroy(f->work);
	free(f);
}

static void
note_size(struct finder *f)
{
	if (f->instances.len >= DAEMON_CACHE_PEERS && !f->cache_noted &&
	    f->b->ops->records_max < LIMIT_RECORD_WATCHES) {
		f->cache_noted = true;
		channel_note(f->b->channel, "warn",
		    "%zu people: avahi-daemon's cache may be full, raise cache-entries-max",
		    f->instances.len);
	}
}

static struct instance *
add_instance(struct finder *f, const char *name)
{
	if (f->instances.len >= LIMIT_INSTANCES) {
		if (!f->full_noted)
			channel_note(f->b->channel, "warn", "too many people, not all are listed");
		f->full_noted = true;
		return NULL;
	}
	struct instance *i = calloc(1, sizeof(*i));
	if (!i)
		return NULL;
	list_init(&i->spots);
	i->finder = f;
	if (str_copy(i->name, sizeof(i->name), name) || map_set(&f->instances, name, i)) {
		free(i);
		return NULL;
	}
	i->own = str_casecmp(name, f->own) == 0;
	note_size(f);
	return i;
}

static void
add_spot(struct instance *i, const struct place *p)
{
	struct spot *s = i->spot_count < LIMIT_PLACES ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return;
	s->of = i;
	s->place = *p;
	list_insert(&i->spots, &s->node);
	i->spot_count++;
	spot_refresh(s); /* was hidden by birth */
}

static void
remove_spot(struct spot *s)
{
	struct instance *i = s->of;
	if (s->state != SPOT_HIDDEN)
		report_place(i->finder->b->channel, "lost", i->name, &s->place);
	spot_set(s, SPOT_HIDDEN);
	list_remove(&s->node);
	i->spot_count--;
	free(s);
}

void
finder_on_instance(struct finder *f, const char *name, const struct place *p, bool here)
{
	if (str_empty(name) || strlen(name) > LIMIT_INSTANCE_NAME)
		return;
	struct instance *i = map_get(&f->instances, name);
	if (!i && here)
		i = add_instance(f, name);
	if (!i)
		return;
	struct spot *s = find_spot(i, p);
	if (here && !s)
		add_spot(i, p);
	else if (!here && s)
		remove_spot(s);
	if (list_empty(&i->spots)) {
		(void)map_remove(&f->instances, name);
		free_instance(i);
	}
}

void
finder_on_settled(struct finder *f)
{
	f->settled = true;
	delay_set_sooner(f->work, 0);
}

static void
refresh_instance(struct instance *i)
{
	LIST_FOREACH (node, &i->spots)
		spot_refresh(container_of(node, struct spot, node));
	if (i->own) {
		unwatch(i, &i->txt_watch);
		unwatch(i, &i->srv_watch);
	}
}

void
finder_set_own(struct finder *f, const char *name)
{
	if (str_copy(f->own, sizeof(f->own), name))
		return; /* longer than any instance's name */
	MAP_FOREACH (node, &f->instances) {
		struct instance *i = node->value;
		bool own = str_casecmp(i->name, name) == 0;
		if (own != i->own) {
			i->own = own;
			refresh_instance(i);
		}
	}
}

void
finder_set_loopback(struct finder *f, int loopback, bool hide)
{
	if (f->loopback == loopback && f->hide_loopback == hide)
		return;
	f->loopback = loopback;
	f->hide_loopback = hide;
	MAP_FOREACH (node, &f->instances)
		refresh_instance(node->value);
}

int
finder_loopback(const struct finder *f)
{
	return f->loopback;
}

size_t
finder_places(struct finder *f, const char *name, struct place out[LIMIT_PLACES])
{
	size_t n = 0;
	struct instance *i = map_get(&f->instances, name);
	if (!i)
		return 0;
	LIST_FOREACH (node, &i->spots) {
		const struct spot *s = container_of(node, struct spot, node);
		if (s->state != SPOT_HIDDEN)
			out[n++] = s->place;
	}
	return n;
}
