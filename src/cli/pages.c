#include "cli/pages.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/talk.h"
#include "front/when.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { FIND_PAGES = 10 }; /* how far back a message is looked for */

static int64_t
number_of(const struct earshot_value *m)
{
	return earshot_value_int(m, "number", 0);
}

/* One page: after a number (>= 0), or below one (> 0), or (both -1) the newest. */
static int
fetch(struct cli *c, const struct pages *p, int64_t after, int64_t before, int64_t limit,
    struct earshot_value **answer)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", p->peer);
	if (p->since)
		earshot_value_set_int(params, "since", p->since);
	if (p->until)
		earshot_value_set_int(params, "until", p->until);
	if (after >= 0)
		earshot_value_set_int(params, "after", after);
	if (before > 0)
		earshot_value_set_int(params, "before", before);
	earshot_value_set_int(
	    params, "limit", limit < LIMIT_HISTORY_PAGE ? limit : LIMIT_HISTORY_PAGE);
	return cli_call(c, "Reading", "history", params, answer);
}

/* Hands on at most `left` messages of a page; *last is the number of the last. */
static int
hand_on(const struct earshot_value *page, int64_t left, pages_fn *fn, void *ctx, int64_t *last)
{
	const struct earshot_value *messages = earshot_value_get(page, "messages");
	size_t count = earshot_value_count(messages);
	int code = CLI_OK;
	for (size_t i = 0; i < count && (int64_t)i < left && !code; i++) {
		const struct earshot_value *m = earshot_value_at(messages, i);
		*last = number_of(m);
		code = fn(ctx, m);
	}
	return code;
}

static size_t
size_of(const struct earshot_value *page)
{
	return earshot_value_count(earshot_value_get(page, "messages"));
}

/* From a number onwards, at most `left` messages. */
static int
forward(struct cli *c, const struct pages *p, int64_t after, int64_t left, pages_fn *fn, void *ctx)
{
	for (bool more = true; more && left > 0;) {
		struct earshot_value *page = NULL;
		int64_t before = after;
		int code = fetch(c, p, after, -1, left, &page);
		if (!code)
			code = hand_on(page, left, fn, ctx, &after);
		left -= (int64_t)size_of(page);
		more = earshot_value_bool(page, "more", false) && after > before;
		earshot_value_free(page);
		if (code)
			return code;
	}
	return CLI_OK;
}

int
pages_all(struct cli *c, const struct pages *p, pages_fn *fn, void *ctx)
{
	return forward(c, p, 0, INT64_MAX, fn, ctx);
}

int
pages_last(struct cli *c, const struct pages *p, int64_t count, pages_fn *fn, void *ctx)
{
	int64_t found = 0, first = -1, last = 0;
	for (bool more = true; more && found < count;) {
		struct earshot_value *page = NULL;
		int code = fetch(c, p, -1, first, count - found, &page);
		size_t size = size_of(page);
		const struct earshot_value *messages = earshot_value_get(page, "messages");
		more = earshot_value_bool(page, "more", false) && size > 0;
		if (!code && found == 0 && ((int64_t)size >= count || !more)) {
			/* one page is all that is wanted: mostly */
			code = hand_on(page, count, fn, ctx, &last);
			earshot_value_free(page);
			return code;
		}
		if (size > 0)
			first = number_of(earshot_value_at(messages, 0));
		found += (int64_t)size;
		earshot_value_free(page);
		if (code)
			return code;
	}
	/* gone back far enough without keeping anything, now forwards */
	return forward(c, p, first - 1, found, fn, ctx);
}

/* ---- times ---- */

static int
take_time(struct cli *c, const char *option, bool end, int64_t *out)
{
	const char *given = cli_option(c, option);
	if (!given || when_parse(given, clock_wall(), end, out) == 0)
		return CLI_OK;
	return cli_usage(c,
	    "\"%s\" is no time. Say 2026-11-23, 2026-11-23T18:04, 18:04, yesterday or 2h.", given);
}

int
pages_times(struct cli *c, struct pages *p)
{
	int code = take_time(c, "since", false, &p->since);
	return code ? code : take_time(c, "until", true, &p->until);
}

/* ---- one message ---- */

struct search {
	const char *words;
	size_t length;
	int64_t number; /* -1: not a number */
	unsigned which;
	bool last;
	char *id; /* owned; the newest that fits */
	unsigned fits;
	bool exact;
};

static bool
may_be_last(const struct earshot_value *m, unsigned which)
{
	const char *state = earshot_value_str(m, "state");
	if (earshot_value_bool(m, "retracted", false) || str_empty(earshot_value_str(m, "id")))
		return false;
	if (which & PAGES_QUEUED)
		return talk_ours(m) && str_equal(state, "queued");
	if (talk_ours(m))
		return which & PAGES_OURS && !str_equal(state, "failed") &&
		       !str_equal(state, "cancelled");
	return which & PAGES_THEIRS;
}

static bool
fits(const struct search *f, const struct earshot_value *m)
{
	const char *id = earshot_value_str(m, "id");
	if (f->last)
		return may_be_last(m, f->which);
	if (str_empty(id) || (!talk_ours(m) && !(f->which & PAGES_THEIRS)))
		return false;
	return f->number >= 0 ? number_of(m) == f->number : strncmp(id, f->words, f->length) == 0;
}

/* A page, the newest message first. True: that is enough. */
static bool
look_through(struct search *f, const struct earshot_value *page)
{
	const struct earshot_value *messages = earshot_value_get(page, "messages");
	for (size_t i = earshot_value_count(messages); i > 0; i--) {
		const struct earshot_value *m = earshot_value_at(messages, i - 1);
		const char *id = earshot_value_str(m, "id");
		if (!fits(f, m))
			continue;
		f->exact = str_equal(id, f->words);
		if (f->fits > 0 && !f->exact && str_equal(id, f->id))
			continue; /* two of one id: the newer one */
		if ((f->fits == 0 || f->exact) && str_replace(&f->id, id))
			return true; /* out of memory: not found */
		f->fits++;
		if (f->exact || f->last || f->number >= 0)
			return true;
	}
	return false;
}

static int
look_back(struct cli *c, const char *peer, struct search *f)
{
	const struct pages p = {.peer = peer};
	int64_t before = f->number >= 0 ? f->number + 1 : -1;
	for (int i = 0; i < FIND_PAGES; i++) {
		struct earshot_value *page = NULL;
		/* the last one is mostly near */
		int64_t limit = f->number >= 0 ? 1 : i == 0 && f->last ? 50 : LIMIT_HISTORY_PAGE;
		int code = fetch(c, &p, -1, before, limit, &page);
		bool done = code || look_through(f, page) || f->number >= 0 ||
			    !earshot_value_bool(page, "more", false) || size_of(page) == 0;
		before = number_of(earshot_value_at(earshot_value_get(page, "messages"), 0));
		earshot_value_free(page);
		if (done)
			return code;
	}
	return CLI_OK;
}

static int
told_of(struct cli *c, struct search *f)
{
	if (f->fits > 1 && !f->exact)
		return cli_fail(c, CLI_AMBIGUOUS,
		    "The ids of several messages begin with %s. Say more of it.", f->words);
	if (f->id)
		return CLI_OK;
	if (f->last && f->which & PAGES_QUEUED)
		return cli_fail(c, CLI_LATE,
		    "Nothing waits to be sent there; what went out cannot be cancelled.");
	if (f->last)
		return cli_fail(c, CLI_UNKNOWN, "There is no such message.");
	if (f->number >= 0)
		return cli_fail(
		    c, CLI_UNKNOWN, "There is no message %s in this conversation.", f->words);
	/* older than what was looked through: the daemon knows a whole id */
	f->id = strdup(f->words);
	return f->id ? CLI_OK : cli_fail(c, CLI_ERROR, "Out of memory.");
}

int
pages_find(struct cli *c, const char *peer, const char *words, unsigned which, char **id)
{
	struct search f = {.words = words, .length = strlen(words), .number = -1, .which = which};
	bool sharp = words[0] == '#';
	f.last = strcmp(words, "last") == 0;
	if (str_to_int(words + sharp, 1, INT64_MAX - 1, &f.number) && sharp)
		return cli_usage(c, "\"%s\" is not the number of a message.", words);
	if (f.length == 0)
		return cli_usage(c, "Which message?");
	int code = look_back(c, peer, &f);
	if (!code && !f.id && f.number >= 0 && !sharp) {
		f.number = -1; /* an id may have nothing but digits, too */
		code = look_back(c, peer, &f);
	}
	if (!code)
		code = told_of(c, &f);
	if (code)
		free(f.id);
	else
		*id = f.id;
	return code;
}
