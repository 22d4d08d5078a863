/* Who there is. */
#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "front/marking.h"
#include "front/model.h"

#include <stdlib.h>
#include <string.h>

enum { STRANGERS_MOST = 256, STRANGERS_LEAST = 192 }; /* as many as the daemon remembers */

const char words_none[1] = "";

/* ---- texts ---- */

/* The listener may only read what we made. */
static char *
ours(const char *text)
{
	union {
		const char *theirs;
		char *ours;
	} both = {.theirs = text};
	return both.ours;
}

void
words_free(const char *text)
{
	if (text != words_none)
		free(ours(text));
}

void
words_take(const char **slot, char *text) /* NOLINT(readability-non-const-parameter): it moves */
{
	words_free(*slot);
	*slot = text ? text : words_none;
}

void
words_clean(const char **slot, const char *raw)
{
	words_take(slot, str_empty(raw) ? NULL : text_clean(TEXT_NAME, raw));
}

void
words_copy(const char **slot, const char *raw)
{
	if (!str_equal(*slot, raw))
		words_take(slot, str_empty(raw) ? NULL : strdup(raw));
}

/* ---- one ---- */

struct person *
person_find(const struct front *f, const char *name)
{
	return name ? map_get(&f->people, name) : NULL;
}

static int
add_to_order(struct front *f, struct person *p)
{
	if (f->order_count == f->order_cap) {
		size_t cap = f->order_cap ? 2 * f->order_cap : 64;
		struct front_person **order =
		    realloc(f->order, cap * sizeof(struct front_person *));
		if (!order)
			return -1;
		f->order = order;
		f->order_cap = cap;
	}
	f->order[f->order_count++] = &p->p;
	f->members = f->unsorted = true;
	return 0;
}

static void
person_free(struct person *p)
{
	conversation_finish(p);
	events_forget(p);
	typing_stop(p);
	list_remove(&p->changed);
	words_free(p->p.name);
	words_free(p->p.shown);
	words_free(p->p.display);
	words_free(p->p.status);
	words_free(p->p.text);
	words_free(p->p.trust);
	words_free(p->p.client);
	free(ours(p->p.looks_like));
	earshot_value_free(p->info);
	free(p);
}

static struct person *
person_create(struct front *f, const char *name)
{
	struct person *p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	p->f = f;
	p->most = KEPT_MOST;
	p->p.presence = FRONT_GONE;
	p->p.name = strdup(name);
	p->p.shown = p->p.display = p->p.status = p->p.text = p->p.client = words_none;
	p->p.trust = words_none;
	p->held_end = &p->held;
	map_init(&p->ids);
	words_clean(&p->p.shown, name);
	words_clean(&p->p.display, name);
	words_copy(&p->p.trust, "plain");
	if (!p->p.name || map_set(&f->people, name, p)) {
		person_free(p);
		return NULL;
	}
	if (add_to_order(f, p)) {
		(void)map_remove(&f->people, name);
		person_free(p);
		return NULL;
	}
	return p;
}

void
person_changed(struct person *p)
{
	if (!p->changed.next)
		list_insert(&p->f->changed, &p->changed);
	p->f->unsorted = true;
}

void
person_trust(struct person *p, const char *trust)
{
	words_clean(&p->p.trust, str_empty(trust) ? "plain" : trust);
	p->p.is_encrypted = !marking_is_plain(p->p.trust);
}

static void
set_display(struct person *p, const char *display)
{
	words_clean(&p->p.display, str_empty(display) ? p->p.name : display);
}

struct person *
person_meet(struct front *f, const struct earshot_value *event)
{
	const char *name = earshot_value_str(event, "peer");
	struct person *p = person_find(f, name);
	if (p || str_empty(name))
		return p;
	p = person_create(f, name);
	if (!p)
		return NULL;
	set_display(p, earshot_value_str(event, "display"));
	person_trust(p, earshot_value_str(event, "trust"));
	person_changed(p);
	return p;
}

static enum front_presence
presence_of(const char *state)
{
	if (str_equal(state, "answered"))
		return FRONT_ANSWERED;
	if (str_equal(state, "announced"))
		return FRONT_ANNOUNCED;
	return str_equal(state, "silent") ? FRONT_SILENT : FRONT_GONE;
}

static void
set_looks_like(struct person *p, const char *display)
{
	free(ours(p->p.looks_like));
	p->p.looks_like = str_empty(display) ? NULL : text_clean(TEXT_NAME, display);
}

struct person *
person_update(struct front *f, const struct earshot_value *info)
{
	const char *name = earshot_value_str(info, "name");
	struct person *p = person_find(f, name);
	if (!p && !str_empty(name))
		p = person_create(f, name);
	if (!p)
		return NULL;
	int64_t age = earshot_value_int(info, "age", -1);
	uint64_t now = clock_now();
	set_display(p, earshot_value_str(info, "display"));
	words_clean(&p->p.status, earshot_value_str(info, "status"));
	words_clean(&p->p.text, earshot_value_str(info, "text"));
	words_clean(&p->p.client, earshot_value_str(info, "client"));
	set_looks_like(p, earshot_value_str(info, "looks_like"));
	person_trust(p, earshot_value_str(info, "trust"));
	p->p.blocked = earshot_value_bool(info, "blocked", false);
	p->p.presence = presence_of(earshot_value_str(info, "state"));
	p->p.seen_at = 0;
	if (age >= 0)
		p->p.seen_at = now > (uint64_t)age * 1000 ? now - (uint64_t)age * 1000 : 1;
	earshot_value_free(p->info);
	p->p.info = p->info = earshot_value_ref(info);
	p->met = f->load;
	if (p->p.presence == FRONT_GONE)
		typing_ended(p);
	person_changed(p);
	return p;
}

void
person_gone(struct person *p)
{
	p->p.presence = FRONT_GONE;
	typing_ended(p);
	person_changed(p);
}

static void
remove_from_order(struct front *f, const struct person *p)
{
	for (size_t i = 0; i < f->order_count; i++)
		if (f->order[i] == &p->p) {
			f->order_count--;
			memmove(&f->order[i], &f->order[i + 1],
			    (f->order_count - i) * sizeof(struct front_person *));
			break;
		}
	f->members = true;
}

void
person_remove(struct person *p)
{
	struct front *f = p->f;
	(void)map_remove(&f->people, p->p.name);
	remove_from_order(f, p);
	TELL(f, on_person_gone, &p->p);
	person_free(p);
}

/* ---- all ---- */

static bool
is_here(const struct front_person *p)
{
	return p->presence != FRONT_GONE;
}

static int
rank(const struct front_person *p)
{
	if (is_here(p))
		return p->last > 0 ? 0 : 1;
	return p->last > 0 ? 2 : 3;
}

static int
compare(const void *a, const void *b)
{
	const struct front_person *p = *(struct front_person *const *)a;
	const struct front_person *q = *(struct front_person *const *)b;
	if (rank(p) != rank(q))
		return rank(p) - rank(q);
	if (p->last != q->last)
		return p->last > q->last ? -1 : 1;
	int by_name = strcoll(p->display, q->display);
	return by_name ? by_name : strcmp(p->name, q->name);
}

/* Most of the time it is in order already, which costs one comparison each. */
void
people_sort(struct front *f)
{
	bool other = f->members;
	if (!f->unsorted && !f->members)
		return;
	for (size_t i = 1; i < f->order_count; i++)
		if (compare(&f->order[i - 1], &f->order[i]) > 0) {
			qsort(f->order, f->order_count, sizeof(struct front_person *), compare);
			other = true;
			break;
		}
	f->unsorted = f->members = false;
	if (other && f->l->on_people && !f->closing)
		f->l->on_people(f->ctx);
}

static bool
is_stranger(const struct person *p)
{
	return p->p.presence == FRONT_GONE && p->p.last == 0 && !p->p.opened && p->waiting == 0;
}

static int
by_age(const void *a, const void *b)
{
	const struct front_person *p = *(struct front_person *const *)a;
	const struct front_person *q = *(struct front_person *const *)b;
	return p->seen_at < q->seen_at ? -1 : p->seen_at > q->seen_at;
}

void
people_limit(struct front *f)
{
	size_t count = 0;
	for (size_t i = 0; i < f->order_count; i++)
		count += is_stranger(person_of(f->order[i]));
	if (count <= STRANGERS_MOST)
		return;
	struct front_person **gone = calloc(count, sizeof(struct front_person *));
	if (!gone)
		return; /* the next one who leaves finds more memory */
	count = 0;
	for (size_t i = 0; i < f->order_count; i++)
		if (is_stranger(person_of(f->order[i])))
			gone[count++] = f->order[i];
	qsort(gone, count, sizeof(struct front_person *), by_age);
	for (size_t i = 0; i + STRANGERS_LEAST < count; i++)
		person_remove(person_of(gone[i]));
	free(gone);
}

void
people_finish(struct front *f)
{
	for (size_t i = 0; i < f->order_count; i++)
		person_free(person_of(f->order[i]));
	free(f->order);
	map_finish(&f->people);
}

/* ---- what the listener asks ---- */

struct front_person *const *
front_people(const struct front *f, size_t *count)
{
	*count = f->order_count;
	return f->order;
}

struct front_person *
front_find(const struct front *f, const char *name)
{
	struct person *p = person_find(f, name);
	return p ? &p->p : NULL;
}

unsigned
front_unread(const struct front *f)
{
	unsigned all = 0;
	for (size_t i = 0; i < f->order_count; i++)
		all += f->order[i]->unread;
	return all;
}
