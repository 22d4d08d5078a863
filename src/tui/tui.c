/* The loop: the terminal, the front, a command that runs, and when to draw. Nothing wakes it that
 * is none of those. */
#include "tui/ui.h"

#include "base/clock.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "tui/overlay.h"
#include "tui/run.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRAME_MS = 33, /* between two drawings */
	FAILED = 1,    /* exit code of the command line: anything without a number of its own */
};

void
ui_touch(struct ui *ui)
{
	ui->dirty = true;
}

void
ui_quit(struct ui *ui, int code)
{
	ui->over = true;
	ui->code = code;
}

void
ui_notice(struct ui *ui, unsigned style, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	buf_clear(&ui->notice);
	buf_vfmt(&ui->notice, fmt, ap);
	va_end(ap);
	ui->notice_style = style;
	ui->notice_at = clock_now();
	ui_touch(ui);
}

void
ui_notice_clear(struct ui *ui)
{
	if (ui->notice.len == 0)
		return;
	buf_clear(&ui->notice);
	ui_touch(ui);
}

void
ui_error(struct ui *ui, int err, const struct earshot_value *answer)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	const char *sentence = earshot_error_message(err, answer);
	text_add(&b, TEXT_NAME, sentence, strlen(sentence));
	ui_notice(ui, TUI_BAD, "%s", buf_cstr(&b));
	buf_finish(&b);
}

struct earshot_value *
ui_peer(const struct front_person *p)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "peer", p->name);
	return params;
}

/* ---- what the front tells ---- */

static void
on_link(void *ctx, enum front_link link, const char *sentence)
{
	struct ui *ui = ctx;
	(void)link;
	(void)sentence;
	ui_touch(ui);
}

/* With the person that was named, once people are known. */
static void
start(struct ui *ui)
{
	char *name = ui->start_with;
	if (!name || !front_own(ui->front))
		return;
	ui->start_with = NULL;
	people_talk_with(ui, name);
	free(name);
}

static void
on_people(void *ctx)
{
	struct ui *ui = ctx;
	start(ui);
	lists_changed(ui);
	ui_touch(ui);
}

static void
on_person(void *ctx, struct front_person *p)
{
	(void)p;
	lists_changed(ctx);
	ui_touch(ctx);
}

static void
on_person_gone(void *ctx, struct front_person *p)
{
	struct ui *ui = ctx;
	if (ui->who == p) {
		talk_select_none(ui);
		keys_mode(ui, UI_SAY, NULL);
		ui->who = NULL;
	}
	if (ui->seek == p)
		ui->seek = NULL;
	talk_destroy(p->user);
	p->user = NULL;
	ui_touch(ui);
}

static void
on_message(void *ctx, struct front_person *p, size_t at)
{
	if (p->user)
		talk_added(p->user, at);
	ui_touch(ctx);
}

static void
on_message_changed(void *ctx, struct front_person *p, size_t at)
{
	(void)p;
	(void)at; /* its version tells the view */
	ui_touch(ctx);
}

static void
on_history(void *ctx, struct front_person *p, size_t added)
{
	struct ui *ui = ctx;
	if (p->user)
		talk_reloaded(p->user, added);
	if (ui->seek == p)
		talk_seek_on(ui);
	ui_touch(ui);
}

static void
on_trimmed(void *ctx, struct front_person *p, size_t gone)
{
	if (p->user)
		talk_trimmed(p->user, gone);
	ui_touch(ctx);
}

static bool
is_dnd(const struct ui *ui)
{
	return str_equal(earshot_value_str(front_own(ui->front), "status"), "dnd");
}

static void
// cppcheck-suppress constParameter ; as the listener has it
on_notice(void *ctx, struct front_person *p, const struct front_message *m)
{
	struct ui *ui = ctx;
	(void)m;
	if (p != ui->who && !is_dnd(ui))
		tui_screen_bell(ui->screen);
	ui_touch(ui);
}

static void
on_file(void *ctx, struct front_file *f, bool progress)
{
	(void)f; /* what is shown of it tells the view */
	(void)progress;
	lists_changed(ctx);
	ui_touch(ctx);
}

static void
on_file_gone(void *ctx, struct front_file *f)
{
	(void)f;
	lists_changed(ctx);
	ui_touch(ctx);
}

static void
on_own(void *ctx, const struct earshot_value *own)
{
	(void)own;
	start(ctx);
	ui_touch(ctx);
}

static void
on_attention(void *ctx, struct front_person *p)
{
	struct ui *ui = ctx;
	if (!is_dnd(ui))
		tui_screen_bell(ui->screen);
	ui_notice(ui, TUI_WARN, tr("%s asks for your attention."), p->display);
}

static void
on_event(void *ctx, const char *topic, const struct earshot_value *event)
{
	struct ui *ui = ctx;
	if (str_equal(topic, "verify") || str_equal(topic, "comparison"))
		verify_event(ui, event);
	else if (str_equal(topic, "introduction"))
		introduction_event(ui, event);
	ui_touch(ui);
}

static void
on_refusal(void *ctx, struct front_person *about, const char *sentence)
{
	struct ui *ui = ctx;
	if (about && about != ui->who)
		ui_notice(ui, TUI_BAD, tr("%s: %s"), about->display, sentence);
	else
		ui_notice(ui, TUI_BAD, "%s", sentence);
}

static const struct front_listener listener = {
    .on_link = on_link,
    .on_people = on_people,
    .on_person = on_person,
    .on_person_gone = on_person_gone,
    .on_message = on_message,
    .on_message_changed = on_message_changed,
    .on_history = on_history,
    .on_trimmed = on_trimmed,
    .on_notice = on_notice,
    .on_file = on_file,
    .on_file_gone = on_file_gone,
    .on_own = on_own,
    .on_attention = on_attention,
    .on_event = on_event,
    .on_refusal = on_refusal,
};

/* ---- the loop ---- */

static int
timeout(const struct ui *ui, uint64_t now)
{
	uint64_t at = ui->tick_at;
	if (ui->dirty)
		at = ui->drawn_at + FRAME_MS;
	if (!at)
		return -1;
	return at > now ? (int)(at - now) : 0;
}

static void
draw(struct ui *ui)
{
	uint64_t now = clock_now();
	if (ui->tick_at && now >= ui->tick_at)
		ui->dirty = true;
	if (!ui->dirty || now < ui->drawn_at + FRAME_MS)
		return;
	ui->dirty = false;
	ui->tick_at = 0;
	ui->drawn_at = now;
	ui_draw(ui);
}

static void
read_keys(struct ui *ui)
{
	struct tui_event e;
	while (!ui->over && tui_screen_read(ui->screen, &e))
		keys_event(ui, &e);
}

static void
run_loop(struct ui *ui)
{
	while (!ui->over) {
		struct pollfd fds[TUI_SCREEN_FDS + 2];
		int terminal[TUI_SCREEN_FDS];
		nfds_t count = 0;
		tui_screen_fds(ui->screen, terminal);
		for (; count < TUI_SCREEN_FDS; count++)
			fds[count] = (struct pollfd){.fd = terminal[count], .events = POLLIN};
		fds[count++] = (struct pollfd){.fd = front_fd(ui->front), .events = POLLIN};
		fds[count++] =
		    (struct pollfd){.fd = ui->run ? run_fd(ui->run) : -1, .events = POLLIN};
		if (poll(fds, count, timeout(ui, clock_now())) < 0 && errno != EINTR) {
			ui_quit(ui, FAILED);
			return;
		}
		if (fds[TUI_SCREEN_FDS].revents)
			front_dispatch(ui->front);
		/* what the front tells may have ended it: hits of a search take its place */
		if (ui->run && fds[TUI_SCREEN_FDS + 1].revents)
			outside_read(ui);
		read_keys(ui);
		if (!ui->over)
			outside_next(ui);
		draw(ui);
	}
}

/* ---- life ---- */

static void
finish(struct ui *ui)
{
	size_t count = 0;
	outside_end(ui);
	overlay_close(ui);
	struct front_person *const *people = ui->front ? front_people(ui->front, &count) : NULL;
	for (size_t i = 0; i < count; i++) {
		talk_destroy(people[i]->user);
		people[i]->user = NULL;
	}
	front_close(ui->front);
	input_destroy(ui->input);
	tui_screen_close(ui->screen);
	buf_finish(&ui->notice);
	free(ui->about);
	free(ui->about_text);
	free(ui->start_with);
	free(ui->run_next);
}

static int
open_all(struct ui *ui, const char **why)
{
	const struct tui_screen_options screen = {
	    .theme = ui->o.theme, .no_colour = ui->o.no_colour, .mouse = true};
	*why = tr("The terminal UI cannot start: out of memory.");
	if (ui->o.peer && !(ui->start_with = strdup(ui->o.peer)))
		return -ENOMEM;
	int err = input_create(command_complete, ui, &ui->input);
	if (err)
		return err;
	err = tui_screen_open(&screen, &ui->screen);
	if (err) {
		*why = err == -EINVAL
			   ? tr("There is no theme of that name. Say EARSHOT_THEME=default, "
				"mono or contrast.")
			   : tr("This terminal cannot show the terminal UI: use --plain.");
		return err;
	}
	return front_create(ui->o.socket_path, "earshot", &listener, ui, &ui->front);
}

int
tui_run(const struct tui_options *o)
{
	struct ui ui = {.o = *o, .dirty = true};
	const char *why = NULL;
	buf_init(&ui.notice, UI_SENTENCE);
	int err = open_all(&ui, &why);
	if (!err) {
		on_people(&ui);
		run_loop(&ui);
	}
	finish(&ui);
	if (!err)
		return ui.code;
	(void)fprintf(stderr, "earshot: %s\n", why);
	return FAILED;
}
