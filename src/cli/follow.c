#include "cli/follow.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "cli/transfer_bar.h"
#include "front/transfer_words.h"
#include "front/words.h"

#include <stdlib.h>
#include <string.h>

enum { TICK_MS = 100, BAR_EVERY = 100, EARLY_MAX = 4096, TOOK_FROM = 1000 };

struct followed {
	char *id;                   /* owned */
	struct earshot_value *file; /* owned; the latest of it */
	int64_t done, rate, left;   /* newer than file's */
	uint64_t began;             /* clock_now() when bytes were first seen to move; 0: not yet */
	int64_t first;              /* how many there were then */
	bool told;                  /* its end was */
};

struct follow {
	struct cli *c;
	struct followed all[FOLLOW_MAX];
	size_t count;
	struct earshot_value *early; /* owned; events of what is not followed yet */
	uint64_t drawn;
	bool shown; /* a bar stands on the terminal */
};

/* ---- what the daemon tells ---- */

static struct followed *
find(struct follow *f, const struct earshot_value *event)
{
	const char *id = earshot_value_str(event, "id");
	for (size_t i = 0; i < f->count; i++)
		if (str_equal(f->all[i].id, id))
			return &f->all[i];
	return NULL;
}

static bool
is_moving(const struct followed *x)
{
	return str_equal(earshot_value_str(x->file, "state"), "active");
}

static void
take_progress(struct followed *x, const struct earshot_value *event)
{
	x->done = earshot_value_int(event, "done", x->done);
	x->rate = earshot_value_int(event, "rate", -1);
	x->left = earshot_value_int(event, "left", -1);
}

static void
take_file(struct followed *x, const struct earshot_value *file)
{
	earshot_value_free(x->file);
	x->file = earshot_value_ref(file);
	take_progress(x, file);
	if (is_moving(x) && !x->began) {
		x->began = clock_now();
		x->first = x->done;
	}
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct follow *f = ctx;
	struct followed *x = find(f, event);
	if (x && strcmp(topic, "file") == 0)
		take_file(x, event);
	else if (x && strcmp(topic, "file-progress") == 0)
		take_progress(x, event);
	else if (strcmp(topic, "file") == 0 && earshot_value_count(f->early) < EARLY_MAX)
		earshot_value_append(f->early, earshot_value_ref(event));
}

int
follow_begin(struct cli *c, struct follow **out)
{
	static const char *const topics[] = {"file", "file-progress", NULL};
	struct follow *f = calloc(1, sizeof(*f));
	*out = f;
	if (!f)
		return cli_fail(c, CLI_ERROR, "Out of memory.");
	f->c = c;
	f->early = earshot_value_array();
	int code = cli_connect(c);
	if (code)
		return code;
	int err = earshot_subscribe(c->link, topics, on_event, f, CLI_CALL_MS);
	return err ? cli_fail_call(c, err, NULL) : CLI_OK;
}

int
follow_add(struct follow *f, const struct earshot_value *file)
{
	const char *id = earshot_value_str(file, "id");
	if (f->count == FOLLOW_MAX)
		return cli_fail(f->c, CLI_USAGE, "At most %d at once.", FOLLOW_MAX);
	struct followed *x = &f->all[f->count];
	*x = (struct followed){.id = id ? strdup(id) : NULL, .rate = -1, .left = -1};
	if (!x->id)
		return cli_fail(f->c, CLI_ERROR, "Out of memory.");
	f->count++;
	take_file(x, file);
	for (size_t i = 0; i < earshot_value_count(f->early); i++) {
		const struct earshot_value *event = earshot_value_at(f->early, i);
		if (find(f, event) == x)
			take_file(x, event);
	}
	return CLI_OK;
}

/* ---- what is shown ---- */

static void
add_took(struct buf *b, const struct followed *x)
{
	int64_t size = earshot_value_int(x->file, "size", 0) - x->first;
	uint64_t ms = x->began ? clock_now() - x->began : 0;
	if (ms < TOOK_FROM || size <= 0)
		return;
	buf_str(b, ", ");
	words_decimal(b, (double)ms / 1000);
	buf_str(b, " s, ");
	transfer_size(b, (int64_t)((double)size * 1000 / (double)ms));
	buf_str(b, "/s");
}

static void
add_end(struct buf *b, const struct followed *x)
{
	if (transfer_done(x->file) && !transfer_incoming(x->file)) {
		struct buf who = words_name(x->file), what = BUF_INIT(WORDS_MAX);
		transfer_what(&what, x->file);
		buf_fmt(b, tr("Delivered to %s: %s"), buf_cstr(&who), buf_cstr(&what));
		buf_finish(&who);
		buf_finish(&what);
	} else
		(void)transfer_news(b, x->file, "earshot accept ");
	if (transfer_done(x->file))
		add_took(b, x);
	buf_char(b, '\n');
}

static void
clear_bar(struct follow *f)
{
	if (f->shown)
		cli_quiet(f->c);
	f->shown = false;
}

static int
tell_ends(struct follow *f)
{
	int code = CLI_OK;
	for (size_t i = 0; i < f->count && !code; i++) {
		struct followed *x = &f->all[i];
		if (x->told || !transfer_over(x->file))
			continue;
		struct buf b = BUF_INIT(WORDS_MAX);
		x->told = true;
		clear_bar(f);
		if (f->c->json)
			continue; /* at the end, all in one */
		add_end(&b, x);
		code = cli_print(f->c, &b);
	}
	return code;
}

/* Of one file its name; of several how many of them are through. */
static void
sum_up(const struct follow *f, struct buf *what, struct transfer_progress *p)
{
	size_t over = 0;
	*p = (struct transfer_progress){.rate = -1, .left = -1};
	for (size_t i = 0; i < f->count; i++) {
		const struct followed *x = &f->all[i];
		over += transfer_over(x->file);
		p->done += x->done;
		p->total += earshot_value_int(x->file, "size", 0);
		if (is_moving(x) && x->rate >= 0)
			p->rate = (p->rate < 0 ? 0 : p->rate) + x->rate;
	}
	if (f->count == 1)
		words_str(what, f->all[0].file, "name");
	else
		buf_fmt(
		    what, tr("%zu of %zu"), over + 1 > f->count ? f->count : over + 1, f->count);
	if (p->rate > 0 && p->total >= p->done)
		p->left = (p->total - p->done) / p->rate;
	p->what = buf_cstr(what);
}

static void
draw(struct follow *f)
{
	struct buf b = BUF_INIT(SCREEN_MAX), what = BUF_INIT(WORDS_MAX);
	struct transfer_progress p;
	bool moving = false;
	if (!f->c->err.tty || f->c->plain || clock_now() < f->drawn + BAR_EVERY)
		return;
	for (size_t i = 0; i < f->count; i++)
		moving = moving || is_moving(&f->all[i]);
	f->drawn = clock_now();
	screen_measure(&f->c->err);
	buf_char(&b, '\r');
	if (moving) {
		sum_up(f, &what, &p);
		transfer_bar(&f->c->err, &b, &p);
	} else {
		for (size_t i = 0; i < f->count && what.len == 0; i++)
			if (!transfer_over(f->all[i].file)) {
				words_str(&what, f->all[i].file, "name");
				buf_str(&what, " ");
				transfer_state(&what, f->all[i].file);
				buf_fmt(
				    &what, " ... %s", tr("(Ctrl-C leaves it to the background)"));
			}
		size_t n = text_fit(buf_cstr(&what), what.len, f->c->err.columns - 1);
		if (what.data)
			what.data[n] = '\0';
		screen_style(&f->c->err, &b, STYLE_DIM, buf_cstr(&what));
	}
	buf_str(&b, "\033[K");
	(void)screen_write(&f->c->err, &b); /* nothing depends on it */
	f->shown = true;
	buf_finish(&what);
	buf_finish(&b);
}

/* ---- waiting ---- */

static bool
all_over(const struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (!transfer_over(f->all[i].file))
			return false;
	return true;
}

static bool
any_moving(const struct follow *f)
{
	for (size_t i = 0; i < f->count; i++)
		if (is_moving(&f->all[i]) ||
		    str_equal(earshot_value_str(f->all[i].file, "state"), "verifying") ||
		    str_equal(earshot_value_str(f->all[i].file, "state"), "preparing"))
			return true;
	return false;
}

static int
fail_wait(struct follow *f, int err)
{
	if (err == EARSHOT_ERR_CUT_OFF)
		return cli_fail(f->c, CLI_NO_DAEMON,
		    "The daemon stopped. When it runs again it goes on by itself; "
		    "earshot files shows how far.");
	return cli_fail_call(f->c, err, NULL);
}

int
follow_wait(struct follow *f, int64_t ms)
{
	uint64_t since = clock_now();
	int code = tell_ends(f);
	while (!code && !all_over(f)) {
		if (ms >= 0 && clock_now() - since >= (uint64_t)ms && !any_moving(f))
			break;
		draw(f);
		int err = earshot_wait(f->c->link, TICK_MS);
		if (err && err != EARSHOT_ERR_TIMEOUT) {
			clear_bar(f);
			return fail_wait(f, err);
		}
		code = tell_ends(f);
	}
	clear_bar(f);
	return code;
}

static int
tell_json(struct follow *f)
{
	struct earshot_value *answer = earshot_value_object(), *files = earshot_value_array();
	for (size_t i = 0; i < f->count; i++)
		earshot_value_append(files, earshot_value_ref(f->all[i].file));
	earshot_value_set(answer, "files", files);
	int code = cli_print_json(f->c, answer);
	earshot_value_free(answer);
	return code;
}

static int
tell_open(struct follow *f)
{
	struct buf b = BUF_INIT(WORDS_MAX);
	for (size_t i = 0; i < f->count; i++) {
		const struct earshot_value *file = f->all[i].file;
		if (transfer_over(file))
			continue;
		words_str(&b, file, "id");
		buf_str(&b, ": ");
		transfer_which(&b, file);
		buf_str(&b, ", ");
		transfer_state(&b, file);
		buf_char(&b, '\n');
	}
	if (b.len > 0 && f->c->out.tty)
		buf_fmt(&b, "%s\n", tr("It goes on in the background: earshot files"));
	return cli_print(f->c, &b);
}

static void
tell_left_out(const struct follow *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct buf b = BUF_INIT(WORDS_MAX);
		if (transfer_left_out(&b, f->all[i].file))
			cli_note(f->c, buf_cstr(&b));
		buf_finish(&b);
	}
}

int
follow_tell(struct follow *f, int code)
{
	tell_left_out(f);
	int printed = f->c->json ? tell_json(f) : tell_open(f);
	if (code || printed)
		return code ? code : printed;
	for (size_t i = 0; i < f->count; i++)
		if (transfer_over(f->all[i].file) && !transfer_done(f->all[i].file))
			return CLI_FAILED;
	return CLI_OK;
}

int
follow_one(struct follow *f, const struct earshot_value *file)
{
	int code = follow_add(f, file);
	if (!code)
		code = follow_wait(f, cli_option(f->c, "wait") ? -1 : FOLLOW_GLANCE_MS);
	return follow_tell(f, code);
}

void
follow_end(struct follow *f)
{
	if (!f)
		return;
	clear_bar(f);
	cli_disconnect(f->c); /* with it the events that come here */
	for (size_t i = 0; i < f->count; i++) {
		earshot_value_free(f->all[i].file);
		free(f->all[i].id);
	}
	earshot_value_free(f->early);
	free(f);
}
