#define _XOPEN_SOURCE 700 /* realpath */
#include "daemon/keeper.h"

#include "base/err.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/paths.h"
#include "daemon/config.h"
#include "daemon/ini_edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 256 * 1024, LIST_MAX = LIMIT_FIXED_PEERS };

/* Of a clean list: cuts it into its words. */
static size_t
cut(char *list, const char **words)
{
	size_t count = 0;
	char *rest = NULL;
	for (char *w = strtok_r(list, " ", &rest); w && count < LIST_MAX;
	     w = strtok_r(NULL, " ", &rest))
		words[count++] = w;
	return count;
}

/* value NULL: none. */
static int
change_text(const struct buf *old, const struct setting *s, struct buf *value, struct buf *out,
    unsigned *line)
{
	const char *words[LIST_MAX] = {value ? buf_cstr(value) : NULL};
	size_t count = value != NULL;
	struct buf section = BUF_INIT(64);
	const char *key = setting_split(s, &section);
	if (value && s->type == SETTING_LIST)
		count = value->len ? cut(value->data, words) : 0;
	int err =
	    ini_edit(buf_cstr(old), old->len, buf_cstr(&section), key, words, count, out, line);
	buf_finish(&section);
	return err;
}

/* What is a link to the file of somebody's collection stays one. */
static int
write_file(const char *path, const struct buf *text)
{
	char *target = realpath(path, NULL);
	int err = file_write(target ? target : path, buf_cstr(text), text->len);
	free(target);
	if (err != -ENOENT)
		return err;
	err = paths_make(PATHS_CONFIG);
	return err ? err : file_write(path, buf_cstr(text), text->len);
}

static int
rewrite(const char *path, const struct setting *s, struct buf *value, unsigned *line)
{
	struct buf old = BUF_INIT(FILE_LIMIT), text = BUF_INIT(FILE_LIMIT);
	int err = file_read(path, &old);
	if (!err || err == -ENOENT)
		err = change_text(&old, s, value, &text, line);
	if (!err && (text.len != old.len || memcmp(buf_cstr(&text), buf_cstr(&old), old.len) != 0))
		err = write_file(path, &text);
	buf_finish(&old);
	buf_finish(&text);
	return err;
}

int
keeper_keep(void *ctx, const char *key, const char *value, bool folder, unsigned *line)
{
	const struct config *c = ctx;
	const struct setting *s = setting_named(key);
	struct buf clean = BUF_INIT(LIMIT_PORTER_REQUEST);
	*line = 0;
	if (!s)
		return -ENOENT;
	if (config_is_locked(c, s) || folder != (s->type == SETTING_FOLDER && value))
		return -EACCES;
	int err = value ? setting_clean(s, value, &clean) : 0;
	if (!err && value && !setting_is_writable(s, buf_cstr(&clean)))
		err = -EINVAL;
	if (!err)
		err = rewrite(c->path, s, value ? &clean : NULL, line);
	buf_finish(&clean);
	return err == -EILSEQ ? -EINVAL : err;
}
