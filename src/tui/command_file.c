/* What is typed about files. */

#include "tui/ui.h"

#include "base/err.h"
#include "base/str.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/transfer_words.h"
#include "tui/split.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- sending ---- */

/* "~/x" as a shell would have it. */
static void
add_path(struct buf *path, const char *typed)
{
	const char *home = NULL;
	if (typed[0] == '~' && (typed[1] == '/' || !typed[1]))
		home = getenv("HOME"); /* NOLINT(concurrency-mt-unsafe): never set after start */
	buf_str(path, home ? home : "");
	buf_str(path, home ? typed + 1 : typed);
}

/* As it stands; or, as windows that are dragged into a terminal write it, with quotation marks. */
static void
find_path(struct buf *path, const char *typed)
{
	struct split words;
	size_t len = strlen(typed);
	add_path(path, typed);
	while (len > 0 && typed[len - 1] == ' ')
		len--;
	if (access(buf_cstr(path), F_OK) == 0 || split_line(typed, &words))
		return;
	if (words.count == 1) {
		buf_clear(path);
		add_path(path, words.words[0]);
	}
	split_finish(&words);
}

static int
open_file(struct ui *ui, const char *path)
{
	struct stat st;
	struct buf clean = BUF_INIT(UI_SENTENCE);
	text_add(&clean, TEXT_NAME, path, strlen(path));
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		ui_notice(ui, TUI_BAD, tr("%s cannot be opened: %s."), buf_cstr(&clean),
		    tr_error(err_str(-errno)));
	} else if (fstat(fd, &st) || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))) {
		ui_notice(ui, TUI_BAD, tr("%s is neither a file nor a folder."), buf_cstr(&clean));
		close(fd);
		fd = -1;
	}
	buf_finish(&clean);
	return fd;
}

/* What the other is told that it is called; NULL, for the daemon to look, if the path does not say:
 * ".", "a/..", "/". */
static const char *
name_in(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return !*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ? NULL : name;
}

void
command_file(struct ui *ui, const char *rest)
{
	struct buf path = BUF_INIT(UI_SENTENCE);
	if (!command_need_who(ui))
		return;
	if (!*rest) {
		ui_notice(ui, TUI_WARN, "%s", tr("Which file? /file PATH"));
		return;
	}
	find_path(&path, rest);
	int fd = open_file(ui, buf_cstr(&path));
	if (fd >= 0) {
		while (path.len > 1 && path.data[path.len - 1] == '/')
			path.data[--path.len] = '\0';
		front_send_file(ui->front, ui->who, fd, name_in(buf_cstr(&path)));
	}
	buf_finish(&path);
}

/* ---- what becomes of one ---- */

static void
on_done(void *ctx, int err, const struct earshot_value *answer)
{
	if (err)
		ui_error(ctx, err, answer);
}

void
command_file_do(struct ui *ui, const char *method, const struct front_file *f)
{
	struct earshot_value *params = earshot_value_object();
	earshot_value_set_str(params, "id", f->id);
	front_call(ui->front, method, params, on_done, ui);
}

static bool
is_state(const struct front_file *f, const char *state)
{
	return str_equal(earshot_value_str(f->info, "state"), state);
}

static bool
fits(const struct front_file *f, const char *method)
{
	if (strcmp(method, "pause") == 0)
		return is_state(f, "active") || is_state(f, "waiting");
	if (strcmp(method, "resume") == 0)
		return is_state(f, "paused");
	return transfer_asks(f->info);
}

/* The one that is meant without an id: the chosen one, else the only one that waits for this, of
 * the one talked with or of all. */
static const struct front_file *
only_one(struct ui *ui, const char *method)
{
	size_t count = 0, of_who = 0, of_all = 0;
	const struct front_message *m = talk_chosen(ui);
	const struct front_file *theirs = NULL, *any = NULL;
	struct front_file *const *files = front_files(ui->front, &count);
	if (m && m->file)
		return front_file_of(ui->front, ui->who, m);
	for (size_t i = 0; i < count; i++) {
		if (!fits(files[i], method))
			continue;
		any = files[i];
		of_all++;
		if (ui->who && str_equal(files[i]->peer, ui->who->name)) {
			theirs = files[i];
			of_who++;
		}
	}
	if (of_who == 1 || (of_who == 0 && of_all == 1))
		return of_who == 1 ? theirs : any;
	if (of_all == 0)
		ui_notice(ui, TUI_WARN, "%s", tr("There is no file that waits for this."));
	else
		ui_notice(
		    ui, TUI_WARN, "%s", tr("Several files wait. /files shows them; say the id."));
	return NULL;
}

static void
answer(struct ui *ui, const char *method, const char *rest)
{
	const struct front_file *f = NULL;
	if (!*rest) {
		f = only_one(ui, method);
		if (!f)
			return;
	} else {
		f = front_file_find(ui->front, rest);
	}
	if (f) {
		command_file_do(ui, method, f);
		return;
	}
	/* a name, or one that is over: the command line finds out */
	struct buf line = BUF_INIT(UI_SENTENCE);
	buf_fmt(&line, "%s %s", method, rest);
	command_outside(ui, buf_cstr(&line));
	buf_finish(&line);
}

void
command_accept(struct ui *ui, const char *rest)
{
	answer(ui, "accept", rest);
}

void
command_decline(struct ui *ui, const char *rest)
{
	answer(ui, "decline", rest);
}

void
command_pause(struct ui *ui, const char *rest)
{
	answer(ui, "pause", rest);
}

void
command_resume(struct ui *ui, const char *rest)
{
	answer(ui, "resume", rest);
}
