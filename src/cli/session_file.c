/* What can be typed about files. */
#include "base/str.h"
#include "base/tr.h"
#include "cli/attach.h"
#include "cli/session.h"
#include "cli/style_of.h"
#include "front/transfer_words.h"

#include <string.h>

enum { SENTENCE = 16 * 1024, PATH_BYTES = 8 * 1024 };

enum answer { ACCEPT, DECLINE };

static const char *const methods[] = {[ACCEPT] = "accept", [DECLINE] = "decline"};

void
file_news(struct session *s, const struct earshot_value *event)
{
	struct buf b = BUF_INIT(SENTENCE);
	if (transfer_news(&b, event, "/accept "))
		show_line(
		    s, transfer_asks(event) ? STYLE_WARN : style_of_transfer(event), buf_cstr(&b));
	buf_finish(&b);
}

static void
on_begun(struct session *s, int err, const struct earshot_value *file, uint64_t number)
{
	(void)number;
	if (err) {
		show_error(s, err, file);
		s->code = cli_exit_code(err, file);
	}
}

/* "~/x" as a shell would have it. */
static void
add_path(struct buf *path, const char *typed)
{
	const char *home = typed[0] == '~' && typed[1] == '/' ? screen_env("HOME") : NULL;
	buf_str(path, home ? home : "");
	buf_str(path, home ? typed + 1 : typed);
}

void
file_send(struct session *s, const char *rest)
{
	struct buf path = BUF_INIT(PATH_BYTES), why = BUF_INIT(SENTENCE);
	if (!session_need_peer(s))
		return;
	if (!*rest) {
		show_refusal(s, "Which file? /file PATH");
		return;
	}
	if (!s->c->link) {
		show_refusal(s, "The daemon is not running at present.");
		return;
	}
	struct earshot_value *params = cli_peer(s->peer);
	add_path(&path, rest);
	if (attach_file(s->c, params, buf_cstr(&path), NULL, &why) != CLI_OK) {
		earshot_value_free(params);
		struct buf clean = BUF_INIT(SENTENCE);
		cli_add(&clean, buf_cstr(&why));
		show_refusal(s, "%s", buf_cstr(&clean));
		buf_finish(&clean);
	} else {
		session_ask(s, "send-file", params, on_begun, 0);
	}
	buf_finish(&path);
	buf_finish(&why);
}

static struct earshot_value *
by_id(const char *id)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "id", id);
	return params;
}

/* Which of theirs was meant. */
static void
on_files(struct session *s, int err, const struct earshot_value *answer, uint64_t number)
{
	const struct earshot_value *files = earshot_value_get(answer, "files");
	const char *only = NULL;
	size_t count = 0;
	if (err) {
		show_error(s, err, answer);
		return;
	}
	for (size_t i = 0; i < earshot_value_count(files); i++) {
		const struct earshot_value *file = earshot_value_at(files, i);
		if (!transfer_asks(file))
			continue;
		count++;
		only = earshot_value_str(file, "id");
	}
	if (count == 0)
		show_refusal(s, "%s offers no file at present.", s->display);
	else if (count > 1)
		show_refusal(
		    s, "%s offers several files. Say which: /%s ID", s->display, methods[number]);
	else
		session_ask(s, methods[number], by_id(only), on_begun, 0);
}

static void
answer(struct session *s, const char *rest, enum answer how)
{
	if (*rest)
		session_ask(s, methods[how], by_id(rest), on_begun, 0);
	else if (session_need_peer(s))
		session_ask(s, "files", cli_peer(s->peer), on_files, how);
}

void
file_accept(struct session *s, const char *rest)
{
	answer(s, rest, ACCEPT);
}

void
file_decline(struct session *s, const char *rest)
{
	answer(s, rest, DECLINE);
}
