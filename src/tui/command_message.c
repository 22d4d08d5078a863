/* What is typed about messages: the chosen one is meant, else the last one, or the one before with
 * -2, and so on. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/tr.h"

#include <stdlib.h>
#include <string.h>

enum { FAR = 1000000, TEXT = 256 << 10 };

/* The message that is meant, NULL (told) if there is none; *rest goes on behind "-2". */
static const struct front_message *
find(struct ui *ui, bool ours, const char **rest)
{
	const struct front_message *m = talk_chosen(ui);
	int64_t n = 1;
	struct buf word = BUF_INIT(UI_SENTENCE);
	size_t len = strcspn(*rest, " ");
	bool numbered = false;
	if (!command_need_who(ui))
		return NULL;
	if (**rest == '-' && len > 1) {
		buf_add(&word, *rest + 1, len - 1);
		numbered = str_to_int(buf_cstr(&word), 1, FAR, &n) == 0;
		buf_finish(&word);
	}
	if (numbered)
		*rest += len + strspn(*rest + len, " ");
	if (numbered || !m)
		m = talk_recent(ui, ours, n);
	if (!m || !*m->id) {
		ui_notice(ui, TUI_WARN, "%s",
		    ours ? tr("There is no such message of yours.")
			 : tr("There is no such message of theirs."));
		return NULL;
	}
	return m;
}

static bool
is_ours(struct ui *ui, const struct front_message *m)
{
	if (m->ours)
		return true;
	ui_notice(ui, TUI_WARN, "%s", tr("That message is not yours."));
	return false;
}

void
command_me(struct ui *ui, const char *rest)
{
	struct buf b = BUF_INIT(TEXT);
	if (!command_need_who(ui))
		return;
	buf_fmt(&b, "/me %s", rest);
	front_say(ui->front, ui->who, buf_cstr(&b), NULL);
	buf_finish(&b);
}

void
command_reply(struct ui *ui, const char *rest)
{
	const struct front_message *m = find(ui, false, &rest);
	if (m && *rest)
		front_say(ui->front, ui->who, rest, m);
	else if (m)
		keys_mode(ui, UI_REPLY, m);
}

void
command_react(struct ui *ui, const char *rest)
{
	const struct front_message *m = find(ui, false, &rest);
	if (m)
		front_react(ui->front, ui->who, m, rest);
}

void
command_edit(struct ui *ui, const char *rest)
{
	const struct front_message *m = find(ui, true, &rest);
	if (!m || !is_ours(ui, m))
		return;
	if (*rest)
		front_edit(ui->front, ui->who, m, rest);
	else
		keys_mode(ui, UI_EDIT, m);
}

void
command_retract(struct ui *ui, const char *rest)
{
	const struct front_message *m = find(ui, true, &rest);
	if (m && is_ours(ui, m))
		front_retract(ui->front, ui->who, m);
}

/* The newest that waits. */
static const struct front_message *
find_queued(struct ui *ui)
{
	for (size_t i = ui->who->count; i > 0; i--) {
		const struct front_message *m = ui->who->messages[i - 1];
		if (m->ours && m->mark == FRONT_QUEUED && !m->file)
			return m;
	}
	return NULL;
}

void
command_cancel(struct ui *ui, const char *rest)
{
	struct front_file *f = *rest ? front_file_find(ui->front, rest) : NULL;
	if (f) {
		command_file_do(ui, "files.cancel", f);
		return;
	}
	if (*rest) {
		struct buf line = BUF_INIT(UI_SENTENCE);
		buf_fmt(&line, "cancel %s", rest);
		command_outside(ui, buf_cstr(&line));
		buf_finish(&line);
		return;
	}
	if (!command_need_who(ui))
		return;
	const struct front_message *m = talk_chosen(ui);
	f = m && m->file ? front_file_of(ui->front, ui->who, m) : NULL;
	if (!m)
		m = find_queued(ui);
	if (f)
		command_file_do(ui, "files.cancel", f);
	else if (m)
		front_cancel(ui->front, ui->who, m);
	else
		ui_notice(ui, TUI_WARN, "%s", tr("Nothing waits to be sent here."));
}
