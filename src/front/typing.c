/* Who is typing (XEP-0085): they, and we. */
#include "base/clock.h"
#include "base/str.h"
#include "front/model.h"

enum {
	PAUSED_MS = 8000,  /* after the last key we count as pausing */
	THEIRS_MS = 30000, /* a typing notice that nobody takes back ends by itself */
};

/* ---- they ---- */

void
typing_take(struct person *p, const char *state)
{
	bool on = str_equal(state, "composing");
	if (!on) {
		typing_ended(p);
		return;
	}
	list_remove(&p->typing);
	list_insert(&p->f->typing, &p->typing); /* the one that ends last is the last */
	p->typing_until = clock_now() + THEIRS_MS;
	wake_at(p->f, p->typing_until);
	if (!p->p.typing)
		person_changed(p);
	p->p.typing = true;
}

void
typing_ended(struct person *p)
{
	if (!p->p.typing)
		return;
	list_remove(&p->typing);
	p->p.typing = false;
	person_changed(p);
}

/* ---- we ---- */

/* A notice that does not arrive is no loss. */
static void
tell(struct person *p, const char *state)
{
	if (!p->f->up || p->p.presence == FRONT_GONE)
		return;
	struct earshot_value *params = params_of(p);
	earshot_value_set_str(params, "state", state);
	(void)earshot_keeper_call(p->f->keeper, "typing", params, NULL, NULL);
}

void
front_typing(struct front *f, struct front_person *person, bool has_text)
{
	struct person *p = person_of(person);
	bool before = p->composing.next != NULL;
	list_remove(&p->composing);
	p->key_at = clock_now();
	if (has_text) {
		list_insert(&f->composing, &p->composing);
		wake_at(f, p->key_at + PAUSED_MS);
	}
	if (has_text != before)
		tell(p, has_text ? "composing" : "active");
}

void
typing_said(struct person *p)
{
	list_remove(&p->composing); /* the message says it */
}

void
typing_due(struct front *f, uint64_t now)
{
	LIST_FOREACH (node, &f->typing) {
		struct person *p = container_of(node, struct person, typing);
		if (p->typing_until > now) {
			wake_at(f, p->typing_until);
			break;
		}
		typing_ended(p);
	}
	LIST_FOREACH (node, &f->composing) {
		struct person *p = container_of(node, struct person, composing);
		if (p->key_at + PAUSED_MS > now) {
			wake_at(f, p->key_at + PAUSED_MS);
			break;
		}
		list_remove(&p->composing);
		tell(p, "paused");
	}
}

void
typing_stop(struct person *p)
{
	list_remove(&p->typing);
	list_remove(&p->composing);
}
