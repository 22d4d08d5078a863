/* What can be typed after a slash: what the UI does itself, and whom or what it hands the rest to.
 */
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/words.h"
#include "tui/overlay.h"
#include "tui/split.h"
#include "tui/ui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool
command_need_who(struct ui *ui)
{
	if (ui->who)
		return true;
	ui_notice(ui, TUI_WARN, "%s",
	    tr("Choose somebody first: Alt+Down, Alt and a number, or /to NAME."));
	return false;
}

/* ---- people ---- */

static void
do_to(struct ui *ui, const char *rest)
{
	if (*rest)
		people_talk_with(ui, rest);
	else
		who_show(ui);
}

/* /msg NAME TEXT: the name is one word, or stands in quotation marks. */
static void
do_msg(struct ui *ui, const char *rest)
{
	char *name = NULL;
	const char *text = NULL;
	bool several = false;
	if (split_first(rest, &name, &text) || !name) {
		ui_notice(ui, TUI_WARN, "%s", tr("To whom? /msg NAME TEXT"));
		return;
	}
	struct front_person *p = people_find(ui, name, &several);
	if (!p || !*text) {
		people_talk_with(ui, name);
		if (*text)
			ui_notice(
			    ui, TUI_WARN, tr("%s is not in the list. Nothing was sent."), name);
	} else {
		people_choose(ui, p);
		front_say(ui->front, p, text, NULL);
	}
	free(name);
}

static void
do_who(struct ui *ui, const char *rest)
{
	(void)rest;
	who_show(ui);
}

static void
do_verify(struct ui *ui, const char *rest)
{
	bool several = false;
	struct front_person *p = *rest ? people_find(ui, rest, &several) : ui->who;
	if (p)
		verify_start(ui, p);
	else if (several)
		ui_notice(ui, TUI_WARN, tr("%s fits several people."), rest);
	else if (*rest)
		ui_notice(ui, TUI_WARN, tr("Nobody is called %s."), rest);
	else
		command_need_who(ui);
}

static void
on_nudged(void *ctx, int err, const struct earshot_value *answer)
{
	if (err)
		ui_error(ctx, err, answer);
	else
		ui_notice(ctx, TUI_DIM, "%s", tr("You nudged."));
}

static void
do_nudge(struct ui *ui, const char *rest)
{
	bool several = false;
	struct front_person *p = *rest ? people_find(ui, rest, &several) : ui->who;
	if (p)
		front_call(ui->front, "attention", ui_peer(p), on_nudged, ui);
	else if (*rest)
		ui_notice(ui, TUI_WARN, tr("Nobody is called %s."), rest);
	else
		command_need_who(ui);
}

static void
do_seen(struct ui *ui, const char *rest)
{
	(void)rest;
	if (command_need_who(ui))
		front_seen(ui->front, ui->who);
}

/* ---- oneself ---- */

static void
on_own(void *ctx, int err, const struct earshot_value *own)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	if (err) {
		ui_error(ctx, err, own);
		return;
	}
	words_own(&b, own);
	ui_notice(ctx, TUI_GOOD, tr("You are %s."), buf_cstr(&b));
	buf_finish(&b);
}

static void
do_status(struct ui *ui, const char *rest)
{
	struct earshot_value *params = earshot_value_object();
	struct buf status = BUF_INIT(UI_SENTENCE);
	size_t n = strcspn(rest, " ");
	if (n > 0) {
		buf_add(&status, rest, n);
		earshot_value_set_str(params, "status", buf_cstr(&status));
		earshot_value_set_str(params, "text", rest + n + strspn(rest + n, " "));
	}
	buf_finish(&status);
	front_call(ui->front, "status", params, on_own, ui);
}

static void
do_nick(struct ui *ui, const char *rest)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "text", rest);
	front_call(ui->front, "set.nick", params, on_own, ui);
}

/* ---- the UI ---- */

static void
do_search(struct ui *ui, const char *rest)
{
	if (*rest)
		search_start(ui, rest);
	else
		search_ask(ui);
}

static void
do_history(struct ui *ui, const char *rest)
{
	if (*rest) {
		struct buf line = BUF_INIT(UI_SENTENCE);
		buf_fmt(&line, "history %s", rest);
		command_outside(ui, buf_cstr(&line));
		buf_finish(&line);
	} else if (command_need_who(ui)) {
		view_home(((struct talk *)ui->who->user)->view);
		talk_more(ui);
	}
}

static void
do_clear(struct ui *ui, const char *rest)
{
	(void)rest;
	if (command_need_who(ui))
		front_trim(ui->front, ui->who);
	tui_screen_redraw(ui->screen);
}

static void
do_theme(struct ui *ui, const char *rest)
{
	struct buf names = BUF_INIT(UI_SENTENCE);
	for (size_t i = 0; tui_themes[i]; i++)
		buf_fmt(&names, "%s%s", i > 0 ? ", " : "", tui_themes[i]);
	if (!*rest)
		ui_notice(ui, TUI_PLAIN, tr("The theme is %s. There are: %s."),
		    tui_screen_theme(ui->screen), buf_cstr(&names));
	else if (tui_screen_set_theme(ui->screen, rest))
		ui_notice(
		    ui, TUI_WARN, tr("There is no such theme. There are: %s."), buf_cstr(&names));
	buf_finish(&names);
}

static void
do_files(struct ui *ui, const char *rest)
{
	(void)rest;
	files_show(ui);
}

static void
do_help(struct ui *ui, const char *rest)
{
	struct buf line = BUF_INIT(UI_SENTENCE);
	buf_fmt(&line, "help %s", rest);
	if (*rest)
		command_outside(ui, buf_cstr(&line));
	else
		help_open(ui);
	buf_finish(&line);
}

static void
do_quit(struct ui *ui, const char *rest)
{
	(void)rest;
	ui_quit(ui, 0);
}

const struct command command_native[] = {
    {"to", "[NAME]", TR("talk with somebody"), do_to, false},
    {"chat", "NAME", TR("the same"), do_to, false},
    {"msg", "NAME [TEXT]", TR("say something to somebody"), do_msg, false},
    {"who", "", TR("who is here, to choose from"), do_who, true},
    {"me", "TEXT", TR("say what you do"), command_me, false},
    {"reply", "[-N] TEXT", TR("answer a message"), command_reply, false},
    {"react", "[-N] [EMOJI...]", TR("react to a message; none: no more"), command_react, false},
    {"edit", "[-N] [TEXT]", TR("correct a message of yours"), command_edit, false},
    {"retract", "[-N]", TR("take a message of yours back"), command_retract, false},
    {"cancel", "[FILE-ID]", TR("do not send what still waits, or end a file"), command_cancel,
	false},
    {"file", "PATH", TR("send a file or a folder"), command_file, false},
    {"files", "", TR("the files that wait or are on their way"), do_files, true},
    {"accept", "[ID]", TR("take a file that is offered"), command_accept, true},
    {"decline", "[ID]", TR("refuse it"), command_decline, true},
    {"pause", "[ID]", TR("halt a file"), command_pause, true},
    {"resume", "[ID]", TR("go on with it"), command_resume, true},
    {"search", "WORDS", TR("find what was said"), do_search, true},
    {"history", "[NAME]", TR("the oldest that is loaded; of somebody else"), do_history, true},
    {"seen", "", TR("mark all as read"), do_seen, false},
    {"verify", "[NAME]", TR("compare keys, to know that nobody is between you"), do_verify, true},
    {"nudge", "[NAME]", TR("ask for attention"), do_nudge, false},
    {"status", "[available|away|dnd [TEXT]]", TR("how others see you"), do_status, true},
    {"nick", "[TEXT]", TR("your nickname; none: no more"), do_nick, true},
    {"theme", "[NAME]", TR("how this looks"), do_theme, false},
    {"clear", "", TR("let go of all but the newest"), do_clear, false},
    {"help", "[COMMAND]", TR("keys and commands"), do_help, true},
    {"quit", "", TR("leave"), do_quit, false},
    {0},
};

/* ---- those of the command line ---- */

static const struct tui_command *
find_outside(const struct ui *ui, const struct split *words, size_t *used)
{
	const struct tui_command *found = NULL;
	for (const struct tui_command *c = ui->o.commands; c->name; c++) {
		if (!c->parent && str_equal(c->name, words->words[0])) {
			found = found ? found : c;
			*used = *used ? *used : 1;
		} else if (c->parent && words->count > 1 && str_equal(c->parent, words->words[0]) &&
			   str_equal(c->name, words->words[1])) {
			found = c;
			*used = 2;
		}
	}
	return found;
}

/* Where just a name is missing the one talked with is meant. */
static int
fill_in(struct ui *ui, const struct tui_command *c, struct split *words, size_t used)
{
	size_t given = 0;
	for (size_t i = used; i < words->count; i++)
		given += words->words[i][0] != '-';
	bool alone = strcmp(c->args, "NAME") == 0 || strncmp(c->args, "NAME [", 6) == 0;
	if (!alone || given > 0 || !ui->who)
		return 0;
	/* after the options, as a name may begin with a dash */
	int err = split_insert(words, words->count, "--");
	return err ? err : split_insert(words, words->count, ui->who->name);
}

void
command_outside(struct ui *ui, const char *line)
{
	struct split words;
	size_t used = 0;
	int err = split_line(line, &words);
	if (err) {
		ui_notice(ui, TUI_WARN, "%s",
		    err == -EINVAL ? tr("A quotation mark is not closed.") : tr("Out of memory."));
		return;
	}
	if (words.count == 0) {
		split_finish(&words);
		return;
	}
	const struct tui_command *c = find_outside(ui, &words, &used);
	if (!c) {
		struct buf name = BUF_INIT(UI_SENTENCE);
		text_add(&name, TEXT_NAME, words.words[0], strlen(words.words[0]));
		ui_notice(ui, TUI_WARN, tr("There is no /%s. /help shows what there is."),
		    buf_cstr(&name));
		buf_finish(&name);
	} else if (fill_in(ui, c, &words, used)) {
		ui_notice(ui, TUI_BAD, "%s", tr("Out of memory."));
	} else {
		outside_run(ui, words.words, words.count, line, c->asks);
	}
	split_finish(&words);
}

void
command_line(struct ui *ui, const char *line)
{
	size_t n = strcspn(line, " ");
	const char *rest = line + n + strspn(line + n, " ");
	for (const struct command *c = command_native; c->name; c++) {
		if (strlen(c->name) != n || strncmp(c->name, line, n) != 0)
			continue;
		if (c->options && *rest == '-')
			break;
		/* "/files limit" is another command */
		if (strcmp(c->name, "files") == 0 && *rest)
			break;
		c->run(ui, rest);
		return;
	}
	command_outside(ui, line);
}
