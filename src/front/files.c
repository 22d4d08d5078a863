/* Files on their way, and over. */
#include "base/limits.h"
#include "base/str.h"
#include "front/model.h"
#include "front/transfer_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
	struct front_file f;        /* first: the listener's pointer */
	struct earshot_value *info; /* owned; the same as f.info */
	char *key;                  /* owned; among the transfers; NULL: it is not there */
	unsigned met;               /* the load that told of it */
};

static struct file *
file_of(struct front_file *f)
{
	return container_of(f, struct file, f);
}

/* What the message about it has in common with it. Both sides make up such ids: direction and
 * person belong to them. */
static char *
make_key(bool ours, const char *peer, const char *transfer)
{
	struct buf key = BUF_INIT(SCRATCH_MAX);
	buf_fmt(&key, "%c%zu:%s%s", ours ? 'o' : 'i', strlen(peer), peer, transfer);
	return buf_take(&key);
}

static char *
key_of(const struct front_file *f)
{
	return make_key(!transfer_incoming(f->info), f->peer, f->transfer);
}

static void
take_info(struct file *file, const struct earshot_value *info)
{
	struct earshot_value *before = file->info;
	file->info = earshot_value_ref(info);
	file->f.info = file->info;
	words_copy(&file->f.id, earshot_value_str(info, "id"));
	words_copy(&file->f.transfer, earshot_value_str(info, "transfer"));
	words_copy(&file->f.peer, earshot_value_str(info, "peer"));
	earshot_value_free(before);
}

/* Without memory its message does not find it. */
static void
remember_key(struct front *f, struct file *file)
{
	file->key = key_of(&file->f);
	if (file->key && map_set(&f->transfers, file->key, file) == 0)
		return;
	free(file->key);
	file->key = NULL;
}

/* Another may have come to the same. */
static void
forget_key(struct front *f, struct file *file)
{
	if (file->key && map_get(&f->transfers, file->key) == file)
		(void)map_remove(&f->transfers, file->key);
	free(file->key);
	file->key = NULL;
}

static void
file_free(struct file *file)
{
	free(file->key);
	words_free(file->f.id);
	words_free(file->f.transfer);
	words_free(file->f.peer);
	earshot_value_free(file->info);
	free(file);
}

static int
make_room(struct front *f)
{
	if (f->file_count < f->file_cap)
		return 0;
	size_t cap = f->file_cap ? 2 * f->file_cap : 64;
	struct front_file **all = realloc(f->file_order, cap * sizeof(struct front_file *));
	if (!all)
		return -1;
	f->file_order = all;
	f->file_cap = cap;
	return 0;
}

static struct file *
file_create(struct front *f, const struct earshot_value *info)
{
	struct file *file = calloc(1, sizeof(*file));
	if (!file)
		return NULL;
	file->f.id = file->f.transfer = file->f.peer = words_none;
	take_info(file, info);
	if (make_room(f) || map_set(&f->files, file->f.id, file)) {
		file_free(file);
		return NULL;
	}
	remember_key(f, file);
	f->file_order[f->file_count++] = &file->f;
	return file;
}

static void
file_remove(struct front *f, struct file *file)
{
	(void)map_remove(&f->files, file->f.id);
	forget_key(f, file);
	for (size_t i = 0; i < f->file_count; i++)
		if (f->file_order[i] == &file->f) {
			f->file_count--;
			memmove(&f->file_order[i], &f->file_order[i + 1],
			    (f->file_count - i) * sizeof(struct front_file *));
			break;
		}
	TELL(f, on_file_gone, &file->f);
	file_free(file);
}

/* As many of those that are over as the daemon remembers. */
static void
limit(struct front *f)
{
	size_t over = 0;
	for (size_t i = 0; i < f->file_count; i++)
		over += transfer_over(f->file_order[i]->info);
	for (size_t i = 0; i < f->file_count && over > LIMIT_TRANSFERS; i++)
		if (transfer_over(f->file_order[i]->info)) {
			file_remove(f, file_of(f->file_order[i--]));
			over--;
		}
}

static struct file *
take(struct front *f, const struct earshot_value *info)
{
	const char *id = earshot_value_str(info, "id");
	if (str_empty(id))
		return NULL;
	struct file *file = map_get(&f->files, id);
	if (file) {
		/* who sends or takes it may have another name by now, and so has its message */
		forget_key(f, file);
		take_info(file, info);
		remember_key(f, file);
	} else
		file = file_create(f, info);
	if (file)
		file->met = f->load;
	return file;
}

void
file_update(struct front *f, const struct earshot_value *info)
{
	size_t before = f->file_count;
	struct file *file = take(f, info);
	if (!file)
		return;
	TELL(f, on_file, &file->f, false);
	if (f->file_count > before && f->file_count > LIMIT_TRANSFERS)
		limit(f);
}

/* The description is ours alone, so it can be changed in place. */
void
file_progress(struct front *f, const struct earshot_value *event)
{
	static const char *const members[] = {"done", "size", "rate", "left"};
	const char *id = earshot_value_str(event, "id");
	struct file *file = id ? map_get(&f->files, id) : NULL;
	if (!file)
		return;
	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (earshot_value_has(event, members[i]))
			earshot_value_set_int(
			    file->info, members[i], earshot_value_int(event, members[i], 0));
	TELL(f, on_file, &file->f, true);
}

void
files_loaded(struct front *f, const struct earshot_value *answer)
{
	const struct earshot_value *all = earshot_value_get(answer, "files");
	for (size_t i = 0; i < earshot_value_count(all); i++) {
		struct file *file = take(f, earshot_value_at(all, i));
		if (file)
			TELL(f, on_file, &file->f, false);
	}
	for (size_t i = f->file_count; i > 0; i--)
		if (file_of(f->file_order[i - 1])->met != f->load)
			file_remove(f, file_of(f->file_order[i - 1]));
}

void
files_finish(struct front *f)
{
	for (size_t i = 0; i < f->file_count; i++)
		file_free(file_of(f->file_order[i]));
	free(f->file_order);
	map_finish(&f->files);
	map_finish(&f->transfers);
}

/* ---- what the listener asks ---- */

struct front_file *const *
front_files(const struct front *f, size_t *count)
{
	*count = f->file_count;
	return f->file_order;
}

struct front_file *
front_file_find(const struct front *f, const char *id)
{
	struct file *file = map_get(&f->files, id);
	return file ? &file->f : NULL;
}

struct front_file *
front_file_of(const struct front *f, const struct front_person *p, const struct front_message *m)
{
	char *key = m->file ? make_key(m->ours, p->name, m->id) : NULL;
	struct file *file = key ? map_get(&f->transfers, key) : NULL;
	free(key);
	return file ? &file->f : NULL;
}

unsigned
front_file_asks(const struct front *f)
{
	unsigned count = 0;
	for (size_t i = 0; i < f->file_count; i++)
		count += transfer_asks(f->file_order[i]->info);
	return count;
}
