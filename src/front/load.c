/* Fetching the whole: all that has no number is told once, by events, and has to be asked for
 * whenever the connection begins. What is counted (unread, waiting) is told by events, too, but
 * not exactly: an answer may already have counted what an old event tells of afterwards. So it is
 * asked for again, soon and not often, where that may be. */
#include "base/clock.h"
#include "base/str.h"
#include "front/model.h"

enum {
	COUNT_SOON = 300, /* ms */
	COUNT_AGAIN = 1000,
	UNCERTAIN = 1000, /* ms after the connection began, events may be old ones */
};

/* ---- what is counted ---- */

void
load_counts(struct front *f)
{
	if (f->count_at > 0)
		return;
	f->count_at = clock_now() + COUNT_SOON;
	wake_at(f, f->count_at);
}

void
touch(struct person *p)
{
	struct front *f = p->f;
	p->touched = ++f->touches;
	if (clock_now() - f->up_at < UNCERTAIN || earshot_keeper_cursor(f->keeper) < f->newest)
		load_counts(f);
}

static void
apply_counts(struct person *p, unsigned unread, unsigned queued, int64_t last)
{
	if (p->touched > p->f->touches_asked) {
		load_counts(p->f); /* the answer and the event may tell of the same */
		return;
	}
	if (p->p.unread == unread && p->p.queued == queued && p->p.last == last)
		return;
	p->p.unread = unread;
	p->p.queued = queued;
	p->p.last = last;
	person_changed(p);
}

/* Nobody talks with them any more: it was forgotten, or they go by another name now. */
static void
apply_silence(struct person *p)
{
	apply_counts(p, 0, 0, 0);
	if (p->p.opened && p->loaded && !p->fetching && conversation_newest(p) > 0 &&
	    p->touched <= p->f->touches_asked)
		conversation_fetch(p);
}

static unsigned
count_of(const struct earshot_value *v, const char *key)
{
	int64_t n = earshot_value_int(v, key, 0);
	return n > 0 && n < INT32_MAX ? (unsigned)n : 0;
}

static void
apply_conversations(struct front *f, const struct earshot_value *answer)
{
	const struct earshot_value *all = earshot_value_get(answer, "conversations");
	unsigned turn = ++f->talks;
	for (size_t i = 0; i < earshot_value_count(all); i++) {
		const struct earshot_value *v = earshot_value_at(all, i);
		struct person *p = person_meet(f, v);
		if (!p)
			continue;
		p->talked = turn;
		apply_counts(p, count_of(v, "unread"), count_of(v, "queued"),
		    earshot_value_int(v, "time", 0));
	}
	for (size_t i = 0; i < f->order_count; i++)
		if (person_of(f->order[i])->talked != turn)
			apply_silence(person_of(f->order[i]));
}

/* ---- people ---- */

/* Who was neither told of as a person nor as a conversation is not known any more. */
static void
compare_people(struct front *f)
{
	for (size_t i = f->order_count; i > 0; i--) {
		struct person *p = person_of(f->order[i - 1]);
		if (p->met == f->load)
			continue;
		if (p->p.presence != FRONT_GONE)
			person_gone(p);
		if (p->talked != f->talks && p->waiting == 0 && p->p.last == 0 && !f->load_partial)
			person_remove(p);
	}
	people_limit(f);
}

static void
answered(struct front *f)
{
	if (f->load_left > 0 && --f->load_left == 0)
		compare_people(f);
}

static void
take_own(struct front *f, const struct earshot_value *own)
{
	if (!own)
		return;
	earshot_value_free(f->own);
	f->own = earshot_value_ref(own);
	TELL(f, on_own, f->own);
}

static void
on_who(struct front *f, struct person *nobody, uint64_t load, int err,
    const struct earshot_value *answer)
{
	const struct earshot_value *people = earshot_value_get(answer, "people");
	(void)nobody;
	if (err || load != f->load) {
		if (err && err != EARSHOT_ERR_CUT_OFF)
			refuse_error(f, NULL, err, answer);
		return;
	}
	for (size_t i = 0; i < earshot_value_count(people); i++)
		(void)person_update(f, earshot_value_at(people, i));
	f->load_partial = earshot_value_int(answer, "more", 0) > 0;
	take_own(f, earshot_value_get(answer, "own"));
	const struct earshot_value *state = earshot_value_get(answer, "state");
	if (state) {
		earshot_value_free(f->state);
		f->state = earshot_value_ref(state);
		TELL(f, on_event, "state", f->state);
	}
	answered(f);
}

static void
on_conversations(struct front *f, struct person *nobody, uint64_t load, int err,
    const struct earshot_value *answer)
{
	(void)nobody;
	f->counting = false;
	if (load != f->load || err == EARSHOT_ERR_CUT_OFF)
		return;
	if (!err)
		apply_conversations(f, answer);
	else if (!str_equal(earshot_error_reason(answer), "unsupported"))
		refuse_error(f, NULL, err, answer);
	answered(f);
}

static void
on_files(struct front *f, struct person *nobody, uint64_t load, int err,
    const struct earshot_value *answer)
{
	(void)nobody;
	if (load == f->load && !err)
		files_loaded(f, answer);
}

static void
ask_counts(struct front *f)
{
	f->count_at = 0;
	f->touches_asked = f->touches;
	f->counting = ask(f, "conversations", NULL, on_conversations, NULL, f->load) == 0;
}

static struct earshot_value *
all_of_them(void)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_bool(params, "all", true);
	return params;
}

void
load_all(struct front *f)
{
	f->load++;
	f->load_left = 2;
	f->up_at = clock_now();
	f->newest = earshot_keeper_newest(f->keeper);
	/* one that cannot be asked has ended, or the memory has: the next connection does better */
	(void)!ask(f, "who", all_of_them(), on_who, NULL, f->load);
	ask_counts(f);
	(void)!ask(f, "files", all_of_them(), on_files, NULL, f->load);
	for (size_t i = 0; i < f->order_count; i++) {
		struct person *p = person_of(f->order[i]);
		p->told_old = false;
		if (p->p.opened && !p->loaded)
			conversation_fetch(p);
	}
	seen_repeat(f);
}

void
load_due(struct front *f, uint64_t now)
{
	if (f->count_at == 0 || !f->up)
		return;
	if (f->counting || f->count_at > now) {
		if (f->count_at <= now)
			f->count_at = now + COUNT_AGAIN;
		wake_at(f, f->count_at);
		return;
	}
	ask_counts(f);
}

/* ---- what is told of us ---- */

void
own_take(struct front *f, const struct earshot_value *event)
{
	take_own(f, event);
}

void
state_take(struct front *f, const struct earshot_value *event)
{
	earshot_value_free(f->state);
	f->state = earshot_value_ref(event);
}
