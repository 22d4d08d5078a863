/* What was said with somebody: pages from the daemon's history, and what is said now. Sorted by the
 * daemon's numbers; what it has not answered for stands at the end. */
#include "base/limits.h"
#include "base/str.h"
#include "base/tr.h"
#include "front/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_SIZE = LIMIT_STANZA_ID + 2 };

/* ---- finding ---- */

/* An id is what one side made up: the other must not be able to stand in for ours. */
static bool
make_key(char key[KEY_SIZE], bool ours, const char *id)
{
	int n = snprintf(key, KEY_SIZE, "%c%s", ours ? 'o' : 'i', id);
	return *id && n > 0 && n < KEY_SIZE;
}

struct message *
conversation_find(struct person *p, bool ours, const char *id)
{
	char key[KEY_SIZE];
	return id && make_key(key, ours, id) ? map_get(&p->ids, key) : NULL;
}

static void
remember_id(struct person *p, struct message *m)
{
	char key[KEY_SIZE];
	if (make_key(key, m->m.ours, m->m.id))
		(void)!map_set(&p->ids, key, m); /* without memory no change will find it */
}

static void
forget_id(struct person *p, const struct message *m)
{
	char key[KEY_SIZE];
	if (make_key(key, m->m.ours, m->m.id) && map_get(&p->ids, key) == m)
		(void)map_remove(&p->ids, key);
}

/* The first whose place is not below (or, `above`, is above) this one. */
static size_t
search(const struct person *p, int64_t place, bool above)
{
	size_t low = 0, high = p->p.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int64_t there = message_of(p->p.messages[middle])->place;
		if (there < place || (above && there == place))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

size_t
conversation_index(const struct person *p, const struct message *m)
{
	size_t i = search(p, m->place, false);
	while (p->p.messages[i] != &m->m)
		i++;
	return i;
}

struct message *
conversation_number(const struct person *p, int64_t number)
{
	for (size_t i = search(p, number, false); i < p->p.count; i++) {
		struct message *m = message_of(p->p.messages[i]);
		if (m->place != number)
			break;
		if (m->m.number == number)
			return m;
	}
	return NULL;
}

int64_t
conversation_newest(const struct person *p)
{
	for (size_t i = p->p.count; i > 0; i--)
		if (p->p.messages[i - 1]->number > 0)
			return p->p.messages[i - 1]->number;
	return 0;
}

/* ---- changing ---- */

static int
make_room(struct person *p, size_t more)
{
	size_t cap = p->cap ? p->cap : PAGE + PAGE / 2;
	if (p->p.count + more <= p->cap)
		return 0;
	while (cap < p->p.count + more)
		cap *= 2;
	struct front_message **all = realloc(p->p.messages, cap * sizeof(struct front_message *));
	if (!all)
		return -1;
	p->p.messages = all;
	p->cap = cap;
	return 0;
}

static void
put_at(struct person *p, size_t at, struct message *m)
{
	struct front_message **all = p->p.messages;
	memmove(&all[at + 1], &all[at], (p->p.count - at) * sizeof(struct front_message *));
	all[at] = &m->m;
	p->p.count++;
}

int64_t
conversation_insert(struct person *p, struct message *m)
{
	size_t at = search(p, m->place, true);
	if (make_room(p, 1)) {
		message_free(m);
		return -1;
	}
	put_at(p, at, m);
	remember_id(p, m);
	return (int64_t)at;
}

void
conversation_tell(struct person *p, const struct message *m)
{
	TELL(p->f, on_message_changed, &p->p, conversation_index(p, m));
}

void
conversation_moved(struct person *p, struct message *m, int64_t place, bool id_is_new)
{
	size_t from = conversation_index(p, m);
	struct front_message **all = p->p.messages;
	p->p.count--;
	memmove(&all[from], &all[from + 1], (p->p.count - from) * sizeof(struct front_message *));
	m->place = place;
	size_t at = search(p, place, true);
	put_at(p, at, m);
	if (id_is_new)
		remember_id(p, m);
	if (at == from)
		TELL(p->f, on_message_changed, &p->p, at);
	else
		TELL(p->f, on_history, &p->p, 0);
}

void
conversation_remove(struct person *p, struct message *m)
{
	size_t at = conversation_index(p, m);
	struct front_message **all = p->p.messages;
	forget_id(p, m);
	p->p.count--;
	memmove(&all[at], &all[at + 1], (p->p.count - at) * sizeof(struct front_message *));
	message_free(m);
	TELL(p->f, on_history, &p->p, 0);
}

/* The message is there in other words: its id stays, or it is another message. */
static bool
read_again(struct person *p, struct message *m, const struct earshot_value *v)
{
	forget_id(p, m);
	bool read = message_read(m, v, &p->f->scratch) == 0;
	remember_id(p, m);
	return read;
}

static struct message *
read_new(struct person *p, const struct earshot_value *v)
{
	struct message *m = calloc(1, sizeof(*m));
	if (m && message_read(m, v, &p->f->scratch)) {
		free(m);
		return NULL;
	}
	return m;
}

bool
conversation_take(struct person *p, const struct earshot_value *v)
{
	struct message *m = conversation_number(p, earshot_value_int(v, "number", 0));
	if (m) {
		if (read_again(p, m, v))
			conversation_tell(p, m);
		return false;
	}
	m = read_new(p, v);
	int64_t at = m ? conversation_insert(p, m) : -1;
	if (at < 0)
		return true;
	TELL(p->f, on_message, &p->p, (size_t)at);
	if (p->p.count > p->most)
		conversation_trim(p, p->most - (KEPT_MOST - KEPT_LEAST));
	return true;
}

static void
drop_first(struct person *p, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		forget_id(p, message_of(p->p.messages[i]));
		message_free(message_of(p->p.messages[i]));
	}
	p->p.count -= count;
	memmove(p->p.messages, p->p.messages + count, p->p.count * sizeof(struct front_message *));
}

void
conversation_trim(struct person *p, size_t most)
{
	size_t gone = p->p.count > most ? p->p.count - most : 0;
	for (size_t i = 0; i < gone; i++)
		if (p->p.messages[i]->mark == FRONT_SENDING)
			gone = i;
	if (gone == 0)
		return;
	if (p->p.loading && !p->fetching) { /* what lies before what goes */
		p->page++;
		p->p.loading = false;
	}
	p->p.whole = false;
	if (p->f->l->on_trimmed) {
		TELL(p->f, on_trimmed, &p->p, gone);
		drop_first(p, gone);
	} else {
		drop_first(p, gone);
		TELL(p->f, on_history, &p->p, 0);
	}
}

void
conversation_finish(struct person *p)
{
	for (size_t i = 0; i < p->p.count; i++)
		message_free(message_of(p->p.messages[i]));
	free(p->p.messages);
	p->p.messages = NULL;
	p->p.count = p->cap = 0;
	map_finish(&p->ids);
}

/* ---- pages ---- */

/* Everything up to this number goes, but what the daemon does not know. */
static void
drop_until(struct person *p, int64_t number)
{
	size_t kept = 0;
	for (size_t i = 0; i < p->p.count; i++) {
		struct message *m = message_of(p->p.messages[i]);
		if (m->m.number > 0 && m->m.number <= number) {
			forget_id(p, m);
			message_free(m);
		} else
			p->p.messages[kept++] = &m->m;
	}
	p->p.count = kept;
}

static size_t
insert_all(struct person *p, const struct earshot_value *messages)
{
	size_t added = 0;
	for (size_t i = 0; i < earshot_value_count(messages); i++) {
		const struct earshot_value *v = earshot_value_at(messages, i);
		if (conversation_number(p, earshot_value_int(v, "number", 0)))
			continue;
		struct message *m = read_new(p, v);
		added += m && conversation_insert(p, m) >= 0;
	}
	return added;
}

static bool
page_came(struct person *p, uint64_t page, int err, const struct earshot_value *answer)
{
	if (!p || p->page != page)
		return false;
	p->p.loading = p->fetching = false;
	person_changed(p);
	if (!err)
		return true;
	if (err != EARSHOT_ERR_CUT_OFF) /* else it is asked for again */
		refuse_error(p->f, p, err, answer);
	return false;
}

/* What has been told meanwhile is newer than the page, if it is not on it. */
static void
on_newest(
    struct front *f, struct person *p, uint64_t page, int err, const struct earshot_value *answer)
{
	const struct earshot_value *messages = earshot_value_get(answer, "messages");
	size_t count = earshot_value_count(messages);
	if (!page_came(p, page, err, answer))
		return;
	p->loaded = true;
	p->p.whole = !earshot_value_bool(answer, "more", false);
	drop_until(p, count > 0
			  ? earshot_value_int(earshot_value_at(messages, count - 1), "number", 0)
			  : p->asked_from);
	(void)insert_all(p, messages);
	TELL(f, on_history, &p->p, 0);
}

void
conversation_fetch(struct person *p)
{
	struct earshot_value *params = params_of(p);
	p->loaded = false;
	p->fetching = p->p.loading = true;
	p->asked_from = conversation_newest(p);
	earshot_value_set_int(params, "limit", PAGE);
	if (ask(p->f, "history", params, on_newest, p, ++p->page))
		p->fetching = p->p.loading = false; /* asked for when the connection is up */
}

static void
on_older(
    struct front *f, struct person *p, uint64_t page, int err, const struct earshot_value *answer)
{
	if (!page_came(p, page, err, answer))
		return;
	p->p.whole = !earshot_value_bool(answer, "more", false);
	size_t added = insert_all(p, earshot_value_get(answer, "messages"));
	if (added > 0)
		TELL(f, on_history, &p->p, added);
}

void
front_open(struct front *f, struct front_person *person)
{
	struct person *p = person_of(person);
	(void)f;
	if (p->p.opened)
		return;
	p->p.opened = true;
	conversation_fetch(p);
}

void
front_older(struct front *f, struct front_person *person)
{
	struct person *p = person_of(person);
	if (!p->loaded || p->p.loading || p->p.whole || p->p.count == 0)
		return;
	if (p->p.count >= OLDER_MOST) {
		refuse(f, p, tr("No more is shown here. Search for what is older."));
		return;
	}
	int64_t first = 0;
	for (size_t i = 0; i < p->p.count && first == 0; i++)
		first = p->p.messages[i]->number;
	struct earshot_value *params = params_of(p);
	earshot_value_set_int(params, "before", first);
	earshot_value_set_int(params, "limit", PAGE);
	if (first == 0 || p->p.count + PAGE + KEPT_LEAST > p->most)
		p->most = p->p.count + PAGE + KEPT_LEAST;
	p->p.loading = ask(f, "history", params, on_older, p, ++p->page) == 0;
}

static void
trim_now(struct person *p, void *arg)
{
	(void)arg;
	p->most = KEPT_MOST;
	conversation_trim(p, PAGE);
}

void
front_trim(struct front *f, struct front_person *person)
{
	(void)f;
	(void)!later(person_of(person), trim_now, NULL, NULL); /* or another time */
}
