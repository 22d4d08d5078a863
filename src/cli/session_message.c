/* What can be typed about messages. */
#include "base/clock.h"
#include "base/str.h"
#include "base/tr.h"
#include "cli/say.h"
#include "cli/session.h"
#include "cli/talk.h"

#include <string.h>

enum { HISTORY_COUNT = 50, HISTORY_MAX = 1000 };

/* "-2 words": which message, counted back from the newest, and what follows; without a number
 * the newest. `plain`: a number alone needs no dash, as no words may follow. -1: no number. */
static int64_t
take_count(const char **rest, bool plain)
{
	const char *p = *rest;
	int64_t n = 1;
	bool dash = *p == '-';
	size_t digits = strspn(p + dash, "0123456789");
	struct buf number = BUF_INIT(32);
	if (digits == 0 || (!dash && !plain) || (p[dash + digits] && p[dash + digits] != ' '))
		return plain && *p ? -1 : 1;
	buf_add(&number, p + dash, digits);
	int err = buf_err(&number) ? -1 : str_to_int(buf_cstr(&number), 1, INT64_MAX, &n);
	buf_finish(&number);
	*rest = p + dash + digits;
	*rest += strspn(*rest, " ");
	return err ? -1 : n;
}

static const struct recent *
find(struct session *s, bool ours, int64_t n)
{
	if (!session_need_peer(s))
		return NULL;
	const struct recent *r = n > 0 ? session_recent(s, ours, n) : NULL;
	if (!r && ours)
		show_refusal(s, "There is no such message of yours here.");
	else if (!r)
		show_refusal(s, "There is no such message of %s here.", s->display);
	return r;
}

/* The event that follows tells what was done. */
static void
on_done(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	(void)number;
	if (!err)
		return;
	show_error(s, err, answer);
	s->code = cli_exit_code(err, answer);
}

static struct earshot_value *
about(struct session *s, const struct recent *r)
{
	struct earshot_value *params = cli_peer(s->peer);
	char token[RANDOM_ID_SIZE];
	random_id_ordered(token, clock_wall());
	earshot_value_set_str(params, "id", r->id);
	earshot_value_set_str(params, "token", token);
	return params;
}

void
message_edit(struct session *s, const char *rest)
{
	int64_t n = take_count(&rest, false);
	if (!*rest) {
		show_refusal(s, "What should it read? /edit TEXT");
		return;
	}
	const struct recent *r = find(s, true, n);
	if (!r)
		return;
	struct earshot_value *params = about(s, r);
	earshot_value_set_str(params, "text", rest);
	session_ask(s, "edit", params, on_done, 0);
}

void
message_reply(struct session *s, const char *rest)
{
	int64_t n = take_count(&rest, false);
	if (!*rest) {
		show_refusal(s, "What do you answer? /reply TEXT");
		return;
	}
	const struct recent *r = find(s, false, n);
	if (r)
		session_say(s, rest, r);
}

void
message_react(struct session *s, const char *rest)
{
	int64_t n = take_count(&rest, false);
	const struct recent *r = find(s, false, n);
	if (!r)
		return;
	struct earshot_value *params = about(s, r), *all = earshot_value_array();
	while (*rest) {
		struct buf one = BUF_INIT(SESSION_BEGIN);
		size_t len = strcspn(rest, " ");
		buf_add(&one, rest, len);
		earshot_value_append_str(all, buf_cstr(&one));
		buf_finish(&one);
		rest += len;
		rest += strspn(rest, " ");
	}
	earshot_value_set(params, "reactions", all);
	session_ask(s, "react", params, on_done, 0);
}

void
message_retract(struct session *s, const char *rest)
{
	const struct recent *r = find(s, true, take_count(&rest, true));
	if (r)
		session_ask(s, "retract", about(s, r), on_done, 0);
}

/* ---- cancel ---- */

static void
on_waiting(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	(void)number;
	const struct earshot_value *messages = earshot_value_get(answer, "messages");
	size_t count = earshot_value_count(messages);
	if (err) {
		show_error(s, err, answer);
		return;
	}
	if (count == 0) {
		show_line(s, STYLE_DIM, tr("Nothing waits: what went out cannot be cancelled."));
		return;
	}
	const struct earshot_value *last = earshot_value_at(messages, count - 1);
	struct earshot_value *params = cli_peer(earshot_value_str(last, "peer"));
	earshot_value_set_str(params, "id", earshot_value_str(last, "id"));
	session_ask(s, "cancel", params, on_done, 0);
}

void
message_cancel(struct session *s, const char *rest)
{
	(void)rest;
	if (!session_need_peer(s))
		return;
	struct earshot_value *params = cli_peer(s->peer);
	earshot_value_set_int(params, "limit", HISTORY_MAX);
	session_ask(s, "outbox", params, on_waiting, 0);
}

/* ---- looking back ---- */

static void
add_past(struct session *s, struct buf *b, const struct earshot_value *m, unsigned flags)
{
	int64_t day = 0;
	if (s->by_hand) {
		say_message(b, m, flags);
		buf_char(b, '\n');
	} else if (flags & SAY_DATE)
		talk_snippet(&s->c->out, b, m);
	else
		talk_add(&s->c->out, b, m, 0, &day);
}

static void
on_messages(struct session *s, int err, const struct earshot_value *answer, uint64_t search)
{
	const struct earshot_value *messages = earshot_value_get(answer, "messages");
	size_t count = earshot_value_count(messages);
	struct buf b = BUF_INIT(SCREEN_MAX);
	if (err) {
		show_error(s, err, answer);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_past(s, &b, earshot_value_at(messages, i),
		    search ? SAY_TIME | SAY_DATE : (unsigned)SAY_TIME);
	show_block(s, &b);
	if (count == 0)
		show_line(s, STYLE_DIM, search ? tr("Nothing found.") : tr("Nothing was said."));
}

void
message_history(struct session *s, const char *rest)
{
	int64_t n = *rest ? take_count(&rest, true) : HISTORY_COUNT;
	if (!session_need_peer(s))
		return;
	if (n < 1 || n > HISTORY_MAX) {
		show_refusal(s, "How many messages, from 1 to %d?", HISTORY_MAX);
		return;
	}
	struct earshot_value *params = cli_peer(s->peer);
	earshot_value_set_int(params, "limit", n);
	session_ask(s, "history", params, on_messages, 0);
}

void
message_search(struct session *s, const char *rest)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "words", rest);
	earshot_value_set_str(params, "peer", *s->peer ? s->peer : NULL);
	session_ask(s, "search", params, on_messages, 1);
}
