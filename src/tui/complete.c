/* What Tab offers: commands, people, files. */
#include "tui/ui.h"

#include "base/str.h"
#include "base/text.h"
#include "front/front.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct offer {
	input_add_fn *add;
	void *list;
	const char *word; /* what the candidates begin with, as typed */
	size_t len;
};

static void
offer(const struct offer *o, const char *candidate)
{
	if (strncmp(candidate, o->word, o->len) == 0)
		o->add(o->list, candidate);
}

/* ---- commands ---- */

static bool
is_native(const char *name)
{
	for (const struct command *c = command_native; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return true;
	return false;
}

static void
offer_slashed(const struct offer *o, const char *name)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	buf_fmt(&b, "/%s", name);
	offer(o, buf_cstr(&b));
	buf_finish(&b);
}

static void
offer_commands(const struct ui *ui, const struct offer *o)
{
	const char *parent = "";
	for (const struct command *c = command_native; c->name; c++)
		offer_slashed(o, c->name);
	for (const struct tui_command *c = ui->o.commands; c->name; c++) {
		if (!c->parent && !is_native(c->name))
			offer_slashed(o, c->name);
		else if (c->parent && strcmp(c->parent, parent) != 0 && !is_native(c->parent)) {
			/* those that do something themselves came already */
			const struct tui_command *p = ui->o.commands;
			while (p->name && (p->parent || strcmp(p->name, c->parent) != 0))
				p++;
			if (!p->name)
				offer_slashed(o, c->parent);
		}
		parent = c->parent ? c->parent : "";
	}
}

static bool
offer_children(const struct ui *ui, const char *line, size_t len, const struct offer *o)
{
	bool any = false;
	for (const struct tui_command *c = ui->o.commands; c->name; c++)
		if (c->parent && strlen(c->parent) == len && strncmp(c->parent, line, len) == 0) {
			offer(o, c->name);
			any = true;
		}
	return any;
}

/* ---- people ---- */

/* A name is offered if it begins so in any letter case. whole: it is all that follows, so it needs
 * no quotation marks. */
static void
offer_people(const struct ui *ui, const struct offer *o, bool whole)
{
	size_t count = 0;
	struct front_person *const *people = front_people(ui->front, &count);
	char *typed = strndup(o->word, o->len);
	char *folded = typed ? text_fold(typed + (*typed == '"' || *typed == '\'')) : NULL;
	for (size_t i = 0; folded && i < count; i++) {
		struct buf b = BUF_INIT(UI_SENTENCE);
		const char *name = people[i]->display;
		char *other = text_fold(name);
		if (whole)
			buf_str(&b, name);
		else
			text_argument(&b, name);
		if (other && strncmp(other, folded, strlen(folded)) == 0)
			o->add(o->list, buf_cstr(&b));
		free(other);
		buf_finish(&b);
	}
	free(folded);
	free(typed);
}

/* ---- files ---- */

static bool
is_folder(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

/* Names that a terminal may not show, or that are no text, are typed in another way. */
static bool
is_clean(const char *name)
{
	struct buf b = BUF_INIT(UI_SENTENCE);
	text_add(&b, TEXT_NAME, name, strlen(name));
	bool same = str_equal(buf_cstr(&b), name);
	buf_finish(&b);
	return same;
}

static void
offer_files(const struct offer *o)
{
	enum { MOST = 500 };
	struct buf folder = BUF_INIT(UI_SENTENCE), typed = BUF_INIT(UI_SENTENCE);
	size_t n = o->len;
	int offered = 0;
	while (n > 0 && o->word[n - 1] != '/')
		n--;
	buf_add(&typed, o->word, n);
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): never set after start */
	const char *home = strncmp(buf_cstr(&typed), "~/", 2) == 0 ? getenv("HOME") : NULL;
	buf_fmt(&folder, "%s%s", home ? home : "", buf_cstr(&typed) + (home ? 1 : 0));
	DIR *dir = opendir(folder.len > 0 ? buf_cstr(&folder) : ".");
	bool hidden = n < o->len && o->word[n] == '.';
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): the folder is this function's own */
	for (struct dirent *d = dir ? readdir(dir) : NULL; d && offered < MOST; d = readdir(dir)) {
		if ((d->d_name[0] == '.' && !hidden) || !is_clean(d->d_name) ||
		    strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		struct buf path = BUF_INIT(UI_SENTENCE);
		buf_fmt(&path, "%s%s%s", buf_cstr(&typed), d->d_name,
		    is_folder(dirfd(dir), d->d_name) ? "/" : "");
		offer(o, buf_cstr(&path));
		offered++;
		buf_finish(&path);
	}
	if (dir)
		closedir(dir);
	buf_finish(&folder);
	buf_finish(&typed);
}

/* ---- which of them ---- */

static const char *
args_of(const struct ui *ui, const char *line, size_t len)
{
	for (const struct command *c = command_native; c->name; c++)
		if (strlen(c->name) == len && strncmp(c->name, line, len) == 0)
			return c->args;
	for (const struct tui_command *c = ui->o.commands; c->name; c++)
		if (!c->parent && strlen(c->name) == len && strncmp(c->name, line, len) == 0)
			return c->args;
	return "";
}

static void
offer_words(const struct offer *o, const char *const *words)
{
	for (; *words; words++)
		offer(o, *words);
}

/* All that follows the command is one thing: these take no other words. */
static bool
takes_all(const char *line, size_t len)
{
	static const char *const all[] = {"to", "chat", "verify", "nudge"};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strlen(all[i]) == len && strncmp(all[i], line, len) == 0)
			return true;
	return false;
}

void
command_complete(
    void *ctx, const char *text, size_t cursor, size_t *from, input_add_fn *add, void *list)
{
	static const char *const statuses[] = {"available", "away", "dnd", NULL};
	const struct ui *ui = ctx;
	struct offer o = {add, list, text + *from, cursor - *from};
	if (*text != '/' || text[1] == '/') {
		if (o.len > 0)
			offer_people(ui, &o, true);
		return;
	}
	size_t len = strcspn(text + 1, " ");
	if (cursor <= len + 1) {
		o = (struct offer){add, list, text, cursor};
		*from = 0;
		offer_commands(ui, &o);
		return;
	}
	size_t rest = len + 1 + strspn(text + 1 + len, " ");
	const char *args = args_of(ui, text + 1, len);
	bool first = *from <= rest;
	if (strncmp(args, "PATH", 4) == 0 || strncmp(args, "FILE", 4) == 0 ||
	    takes_all(text + 1, len)) {
		*from = rest;
		o = (struct offer){add, list, text + rest, cursor > rest ? cursor - rest : 0};
		if (takes_all(text + 1, len))
			offer_people(ui, &o, true);
		else
			offer_files(&o);
	} else if (first && offer_children(ui, text + 1, len, &o)) {
		return;
	} else if (first && strncmp(text + 1, "status", len) == 0) {
		offer_words(&o, statuses);
	} else if (first && strncmp(text + 1, "theme", len) == 0) {
		offer_words(&o, tui_themes);
	} else if (!first && strstr(args, "PATH")) {
		offer_files(&o);
	} else {
		offer_people(ui, &o, false);
	}
}
