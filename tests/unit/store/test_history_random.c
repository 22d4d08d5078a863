/* Random requests, and the answers compared with those of a table in memory. */
#include "history.h"

enum { PEOPLE = 3, MESSAGES = 3000, STEPS = 3000, VOCABULARY = 12 };

static const char *const people[PEOPLE] = {"a@x", "b@x", "c@x"};

struct known {
	int64_t n, said_at;
	int peer;
	enum store_direction direction;
	bool gone, retracted, reacted;
	unsigned words; /* bits */
	char id[16];
};

struct model {
	struct harness h;
	struct known at[MESSAGES];
	int count;
	uint32_t seed;
};

static uint32_t
any(struct model *m, uint32_t below)
{
	m->seed = m->seed * 1664525 + 1013904223;
	return (m->seed >> 8) % below;
}

static void
words_of(unsigned bits, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (unsigned i = 0; i < VOCABULARY; i++)
		if (bits & 1U << i)
			len += (size_t)snprintf(
			    out + len, size - len, "%sw%c", len ? " " : "", 'a' + (int)i);
}

static void
step_say(struct model *m)
{
	if (m->count == MESSAGES)
		return;
	struct known *k = &m->at[m->count++];
	char body[128];
	*k = (struct known){
	    .peer = (int)any(m, PEOPLE),
	    .direction = any(m, 2) ? STORE_OUT : STORE_IN,
	    .said_at = 10000 + m->count * 10 - (any(m, 20) ? 0 : (int)any(m, 5000)),
	};
	/* a quarter of them, so that two words together are rare */
	k->words = any(m, 1U << VOCABULARY);
	k->words &= any(m, 1U << VOCABULARY);
	(void)snprintf(k->id, sizeof(k->id), "i%d", m->count);
	words_of(k->words, body, sizeof(body));
	k->n = put(&m->h, (struct store_put){.peer = people[k->peer],
			      .direction = k->direction,
			      .id = k->id,
			      .origin = true,
			      .body = body,
			      .said_at = k->said_at});
	if (k->direction == STORE_OUT) {
		struct store_set_state set = {.n = k->n, .state = STORE_DELIVERED};
		assert_int_equal(HARNESS_ASK(&m->h, store_set_state, &set), 0);
	}
}

static void
step_change(struct model *m)
{
	struct known *k = m->count ? &m->at[any(m, (uint32_t)m->count)] : NULL;
	if (!k || k->gone || k->retracted)
		return;
	static int ids;
	char id[16], body[128];
	enum store_kind kind = STORE_CORRECTION + any(m, 3);
	unsigned words = any(m, 1U << VOCABULARY);
	(void)snprintf(id, sizeof(id), "x%d", ids++);
	words_of(words, body, sizeof(body));
	int64_t n = about(&m->h, people[k->peer], k->direction, kind, id, k->id, body);
	if (k->direction == STORE_OUT) {
		struct store_set_state set = {.n = n, .state = STORE_DELIVERED};
		assert_int_equal(HARNESS_ASK(&m->h, store_set_state, &set), 0);
	}
	if (kind == STORE_CORRECTION)
		k->words = words;
	else if (kind == STORE_REACTION)
		k->reacted = words != 0;
	k->retracted = kind == STORE_RETRACTION;
	if (k->retracted)
		k->words = 0;
}

static void
step_forget(struct model *m)
{
	int peer = (int)any(m, PEOPLE + 1), expected = 0;
	for (int i = 0; i < m->count; i++) {
		struct known *k = &m->at[i];
		if (k->gone || (peer < PEOPLE && k->peer != peer))
			continue;
		k->gone = true;
		expected++;
	}
	assert_int_equal(
	    forget(&m->h, (struct store_forget){.peer = peer < PEOPLE ? people[peer] : NULL}),
	    expected);
}

static bool
fits(const struct known *k, int peer, int64_t since, int64_t until)
{
	return !k->gone && (peer == PEOPLE || k->peer == peer) && (!since || k->said_at >= since) &&
	       (!until || k->said_at < until);
}

static void
check_page(struct model *m)
{
	int peer = (int)any(m, PEOPLE + 1);
	struct store_page p = {
	    .peer = peer < PEOPLE ? people[peer] : NULL, .limit = 1 + any(m, 30)};
	if (any(m, 2))
		p.since = 10000 + any(m, (uint32_t)m->count * 10 + 1);
	if (any(m, 2))
		p.until = 10000 + any(m, (uint32_t)m->count * 10 + 1);
	int64_t at = m->count ? m->at[any(m, (uint32_t)m->count)].n : 0;
	if (any(m, 2))
		p.after = at;
	else if (any(m, 2))
		p.before = at;
	assert_int_equal(HARNESS_ASK(&m->h, store_page, &p), 0);
	/* from the end that is asked for */
	bool up = p.after != 0;
	size_t found = 0, told = p.list.count;
	for (int i = 0; i < m->count; i++) {
		const struct known *k = &m->at[up ? i : m->count - 1 - i];
		if (!fits(k, peer, p.since, p.until) || (up && k->n <= p.after) ||
		    (!up && p.before && k->n >= p.before))
			continue;
		if (found < told) {
			const struct store_message *is = &p.list.at[up ? found : told - 1 - found];
			char body[128];
			words_of(k->words, body, sizeof(body));
			assert_int_equal(is->n, k->n);
			assert_string_equal(is->body, body);
			assert_int_equal(is->retracted, k->retracted);
			assert_int_equal(is->reactions_in || is->reactions_out, k->reacted);
		}
		found++;
	}
	assert_int_equal(told, found < p.limit ? found : p.limit);
	assert_int_equal(p.list.more, found > told);
	store_list_finish(&p.list);
}

static void
check_search(struct model *m)
{
	int peer = (int)any(m, PEOPLE + 1);
	unsigned words = (1U << any(m, VOCABULARY)) | (any(m, 2) ? 1U << any(m, VOCABULARY) : 0);
	char text[128];
	struct store_search s = {.words = text,
	    .peer = peer < PEOPLE ? people[peer] : NULL,
	    .direction = (int)any(m, 3) - 1,
	    .limit = LIMIT_HISTORY_PAGE};
	if (any(m, 2))
		s.since = 10000 + any(m, (uint32_t)m->count * 10 + 1);
	if (any(m, 2))
		s.until = 10000 + any(m, (uint32_t)m->count * 10 + 1);
	words_of(words, text, sizeof(text));
	assert_int_equal(HARNESS_ASK(&m->h, store_search, &s), 0);
	size_t found = 0;
	for (int i = 0; i < m->count; i++) {
		const struct known *k = &m->at[i];
		if (!fits(k, peer, s.since, s.until) || (k->words & words) != words ||
		    (s.direction >= 0 && (int)k->direction != s.direction))
			continue;
		found++;
		size_t at = 0;
		while (at < s.list.count && s.list.at[at].n != k->n)
			at++;
		assert_true(at < s.list.count || s.list.more);
	}
	assert_int_equal(s.list.count, found < s.limit ? found : s.limit);
	store_list_finish(&s.list);
}

static void
check_peers(struct model *m)
{
	struct store_peers p = {.limit = 10};
	int64_t last[PEOPLE] = {0};
	size_t expected = 0;
	assert_int_equal(HARNESS_ASK(&m->h, store_peers, &p), 0);
	for (int i = 0; i < m->count; i++)
		if (!m->at[i].gone)
			last[m->at[i].peer] = m->at[i].n;
	for (int i = 0; i < PEOPLE; i++) {
		expected += last[i] > 0;
		for (size_t k = 0; k < p.count; k++)
			if (strcmp(p.at[k].name, people[i]) == 0)
				assert_int_equal(p.at[k].last_n, last[i]);
	}
	assert_int_equal(p.count, expected);
	store_peers_finish(&p);
}

static void
answers_are_those_of_a_table_in_memory(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	(void)state;
	assert_non_null(m);
	m->seed = 4;
	harness_start(&m->h);
	for (int i = 0; i < STEPS; i++) {
		uint32_t what = any(m, 1000);
		if (what < 550)
			step_say(m);
		else if (what < 700)
			step_change(m);
		else if (what < 800)
			check_page(m);
		else if (what < 900)
			check_search(m);
		else if (what < 980)
			check_peers(m);
		else if (what < 984)
			step_forget(m);
		else if (what < 988) {
			harness_close(&m->h);
			harness_open(&m->h);
			assert_int_equal(m->h.opened, 0);
		}
	}
	harness_finish(&m->h);
	free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_are_those_of_a_table_in_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
