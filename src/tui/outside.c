/* Commands of the command line, run by the program itself. */
#include "tui/ui.h"

#include "base/text.h"
#include "base/tr.h"
#include "tui/overlay.h"
#include "tui/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MARGINS = 4, NARROWEST = 20 };

/* earshot [--socket PATH] WORDS: an array that is freed, of strings that are not. */
static char **
make_argv(struct ui *ui, char *const *words, size_t count)
{
	char **argv = calloc(count + 4, sizeof(*argv));
	size_t n = 0;
	if (!argv)
		return NULL;
	static char name[] = "earshot", option[] = "--socket";
	argv[n++] = name;
	if (ui->o.socket_path) {
		argv[n++] = option;
		/* exec() does not write to it */
		memcpy(&argv[n++], &ui->o.socket_path, sizeof(*argv));
	}
	for (size_t i = 0; i < count; i++)
		argv[n++] = words[i];
	return argv;
}

/* With the whole terminal, as long as it takes. */
static void
run_with_terminal(struct ui *ui, char *const *argv)
{
	tui_screen_leave(ui->screen);
	int status = run_foreground(ui->o.program, argv);
	if (status < 0)
		(void)fprintf(stderr, "%s\n", tr("The command cannot be run."));
	(void)fprintf(stderr, "\n%s", tr("Press Enter to go back."));
	for (int c = getchar(); c != '\n' && c != EOF; c = getchar())
		;
	clearerr(stdin);
	tui_screen_enter(ui->screen);
	ui_touch(ui);
}

static void
run_beside(struct ui *ui, char *const *argv, const char *title)
{
	unsigned rows = 0, columns = 0;
	tui_screen_size(ui->screen, &rows, &columns);
	columns = columns > NARROWEST + MARGINS ? columns - MARGINS : NARROWEST;
	if (run_create(ui->o.program, argv, columns, &ui->run)) {
		ui_notice(ui, TUI_BAD, "%s", tr("The command cannot be run."));
		return;
	}
	ui->run_title = strdup(title);
	ui_notice(ui, TUI_DIM, tr("%s runs. Esc ends it."), title);
}

/* One can wait for the end of the one that runs. */
static void
put_off(struct ui *ui, const char *typed)
{
	struct buf title = BUF_INIT(UI_SENTENCE);
	if (!ui->run_next && (ui->run_next = strdup(typed))) {
		text_add(&title, TEXT_NAME, typed, strlen(typed));
		ui_notice(ui, TUI_DIM, tr("%s still runs, /%s comes next. Esc ends it."),
		    ui->run_title, buf_cstr(&title));
	} else {
		ui_notice(ui, TUI_WARN, tr("%s still runs. Esc ends it."), ui->run_title);
	}
	buf_finish(&title);
}

void
outside_run(struct ui *ui, char *const *words, size_t count, const char *typed, bool asks)
{
	struct buf title = BUF_INIT(UI_SENTENCE);
	if (ui->run) {
		put_off(ui, typed);
		return;
	}
	char **argv = make_argv(ui, words, count);
	buf_char(&title, '/');
	text_add(&title, TEXT_NAME, typed, strlen(typed));
	if (!argv)
		ui_notice(ui, TUI_BAD, "%s", tr("Out of memory."));
	else if (asks)
		run_with_terminal(ui, argv);
	else
		run_beside(ui, argv, buf_cstr(&title));
	free(argv);
	buf_finish(&title);
}

void
outside_end(struct ui *ui)
{
	run_destroy(ui->run);
	ui->run = NULL;
	free(ui->run_title);
	ui->run_title = NULL;
	ui_touch(ui);
}

/* With nothing above the panes, so that nothing takes the place of what is being read. */
void
outside_next(struct ui *ui)
{
	char *line = ui->run_next;
	if (!line || ui->run || ui->overlay)
		return;
	ui->run_next = NULL;
	command_outside(ui, line);
	free(line);
}

/* ---- what it writes ---- */

struct output {
	size_t shown; /* bytes of the text */
};

/* Whoever closes it has seen enough. */
static void
output_finish(struct overlay *o)
{
	free(o->data);
	outside_end(o->ui);
}

static const struct overlay_kind output_kind = {.finish = output_finish};

static void
show(struct ui *ui)
{
	struct overlay *o = ui->overlay;
	const struct buf *text = run_text(ui->run);
	if (!o || o->kind != &output_kind) {
		struct output *data = calloc(1, sizeof(*data));
		o = data ? overlay_open(ui, &output_kind, ui->run_title ? ui->run_title : "",
			       tr("Up and Down scroll   Esc back"), data)
			 : NULL;
	}
	if (!o)
		return;
	struct output *data = o->data;
	overlay_add(o, TUI_PLAIN, buf_cstr(text) + data->shown);
	data->shown = text->len;
}

static bool
is_short(const struct buf *text)
{
	const char *end = strchr(buf_cstr(text), '\n');
	return !end || !end[1];
}

void
outside_read(struct ui *ui)
{
	run_read(ui->run);
	const struct buf *text = run_text(ui->run);
	int status = run_status(ui->run);
	struct overlay *o = ui->overlay;
	bool shown = o && o->kind == &output_kind;
	if (!is_short(text) || shown)
		show(ui);
	if (status < 0)
		return;
	if (is_short(text) && !shown) {
		size_t len = strcspn(buf_cstr(text), "\n");
		unsigned style = status == 0 ? TUI_GOOD : TUI_BAD;
		if (len > 0)
			ui_notice(ui, style, "%.*s", (int)len, buf_cstr(text));
		else
			ui_notice(ui, style, "%s", status == 0 ? tr("Done.") : tr("It failed."));
	}
	outside_end(ui);
}
