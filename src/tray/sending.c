#include "tray/sending.h"

#include "base/err.h"
#include "base/paths.h"
#include "base/random.h"
#include "base/text.h"
#include "base/tr.h"
#include "front/picture.h"
#include "tray/ui.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MAX = 100, SPOOL_BYTES = 32 };

struct item {
	char *path, *name; /* owned; name is UTF-8 */
	int fd;            /* owned; -1: could not be opened, or was handed over */
	int err;
	struct earshot_value *params; /* owned until it is handed over */
};

/* What one drop brings. */
struct load {
	struct front *f;
	char *peer;
	GPtrArray *items;
	GdkPixbuf *picture; /* owned; NULL: there are items */
	sending_failed_fn *failed;
};

static void
item_free(gpointer data)
{
	struct item *i = data;
	if (i->fd >= 0)
		close(i->fd);
	earshot_value_free(i->params);
	g_free(i->path);
	g_free(i->name);
	g_free(i);
}

static void
load_free(gpointer data)
{
	struct load *l = data;
	g_ptr_array_unref(l->items);
	g_clear_object(&l->picture);
	g_free(l->peer);
	g_free(l);
}

/* ---- in the other thread ---- */

static void
item_open(struct item *i)
{
	struct stat st;
	/* a pipe must not keep us waiting */
	i->fd = open(i->path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (i->fd < 0 || fstat(i->fd, &st) < 0)
		i->err = -errno;
	else if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		i->err = -EINVAL;
	else if (S_ISREG(st.st_mode))
		picture_describe(i->params, i->fd);
}

/* A file of our own; the daemon deletes it when it is through. */
static int
spool_path(char **path)
{
	char *folder = NULL, id[RANDOM_ID_SIZE], file[RANDOM_ID_SIZE + SPOOL_BYTES];
	int err = paths_make(PATHS_STATE);
	random_id(id);
	(void)snprintf(file, sizeof(file), "spool/%s", id);
	if (!err)
		err = paths_get(PATHS_STATE, "spool", &folder);
	if (!err && mkdir(folder, 0700) < 0 && errno != EEXIST)
		err = -errno;
	free(folder);
	return err ? err : paths_get(PATHS_STATE, file, path);
}

static void
keep_picture(struct load *l)
{
	struct item *i = g_ptr_array_index(l->items, 0);
	char *path = NULL;
	gchar *data = NULL;
	gsize len = 0;
	i->err = spool_path(&path);
	if (!i->err && !gdk_pixbuf_save_to_buffer(l->picture, &data, &len, "png", NULL, NULL))
		i->err = -ENOMEM;
	if (!i->err) {
		int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		ssize_t n = fd < 0 ? -1 : write(fd, data, len);
		if (n < 0 || (size_t)n != len)
			i->err = errno ? -errno : -ENOSPC;
		if (fd >= 0)
			close(fd);
	}
	g_free(data);
	if (!i->err) {
		g_free(i->path);
		i->path = g_strdup(path);
		item_open(i);
	}
	if (i->err && path)
		(void)unlink(path);
	free(path);
}

static void
look(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct load *l = data;
	(void)source;
	(void)cancellable;
	if (l->picture)
		keep_picture(l);
	else
		for (guint i = 0; i < l->items->len; i++)
			item_open(g_ptr_array_index(l->items, i));
	g_task_return_boolean(task, TRUE);
}

/* ---- in GTK's ---- */

static void
complain(struct load *l, GObject *ctx, const struct item *i)
{
	char *name = text_clean(TEXT_NAME, i->name);
	g_autofree char *sentence =
	    i->err == -EINVAL
		? g_strdup_printf(tr("%s is neither a file nor a folder."), name ? name : "")
		: g_strdup_printf(
		      tr("%s cannot be opened: %s."), name ? name : "", err_str(i->err));
	l->failed(ctx, sentence);
	free(name);
}

static void
on_looked(GObject *ctx, GAsyncResult *result, gpointer data)
{
	struct load *l = g_task_get_task_data(G_TASK(result));
	(void)data;
	for (guint n = 0; n < l->items->len; n++) {
		struct item *i = g_ptr_array_index(l->items, n);
		if (i->err) {
			complain(l, ctx, i);
			continue;
		}
		earshot_value_set_str(i->params, "peer", l->peer);
		earshot_value_set_str(i->params, "name", i->name);
		front_call_fd(l->f, "send-file", i->params, i->fd, NULL, NULL);
		i->params = NULL;
		i->fd = -1;
	}
}

static struct load *
load_new(struct front *f, const struct front_person *p, sending_failed_fn *failed)
{
	struct load *l = g_new0(struct load, 1);
	l->f = f;
	l->peer = g_strdup(p->name);
	l->items = g_ptr_array_new_with_free_func(item_free);
	l->failed = failed;
	return l;
}

/* moves path and name */
static void
load_add(struct load *l, char *path, char *name)
{
	struct item *i = g_new0(struct item, 1);
	i->path = path;
	i->name = name;
	i->fd = -1;
	i->params = earshot_value_object();
	g_ptr_array_add(l->items, i);
}

static void
load_start(struct load *l, GObject *ctx)
{
	GTask *task = g_task_new(ctx, NULL, on_looked, NULL);
	g_task_set_task_data(task, l, load_free);
	g_task_run_in_thread(task, look);
	g_object_unref(task);
}

void
sending_uris(struct front *f, const struct front_person *p, char *const *uris,
    sending_failed_fn *failed, GObject *ctx)
{
	struct load *l = load_new(f, p, failed);
	for (; *uris; uris++) {
		char *path = g_filename_from_uri(*uris, NULL, NULL);
		char *name = path ? g_path_get_basename(path) : NULL;
		if (!path) {
			failed(ctx,
			    tr("Only files of this computer can be sent. Copy it here first."));
			continue;
		}
		if (l->items->len == FILES_MAX) {
			g_free(path);
			g_free(name);
			failed(ctx,
			    tr("At most 100 files go at once. Put more of them into a folder."));
			break;
		}
		/* names of files are bytes, what travels is UTF-8 */
		load_add(l, path, g_utf8_make_valid(name, -1));
		g_free(name);
	}
	if (l->items->len > 0)
		load_start(l, ctx);
	else
		load_free(l);
}

void
sending_picture(struct front *f, const struct front_person *p, GdkPixbuf *picture,
    sending_failed_fn *failed, GObject *ctx)
{
	struct load *l = load_new(f, p, failed);
	l->picture = g_object_ref(picture);
	load_add(l, NULL, g_strdup(tr("Picture.png")));
	struct item *i = g_ptr_array_index(l->items, 0);
	earshot_value_set_bool(i->params, "spooled", true);
	load_start(l, ctx);
}

/* ---- letting go of files ---- */

struct drop {
	sending_drop_fn *fn;
	void *ctx;
};

static void
on_drop(GtkWidget *w, GdkDragContext *drag, int x, int y, GtkSelectionData *data, guint info,
    guint when, gpointer ctx)
{
	const struct drop *d = ctx;
	char **uris = gtk_selection_data_get_uris(data);
	(void)drag; /* GTK_DEST_DEFAULT_DROP finishes it */
	(void)info;
	(void)when;
	(void)w;
	if (uris)
		d->fn(d->ctx, x, y, uris);
	g_strfreev(uris);
}

static void
drop_free(gpointer d, GClosure *closure)
{
	(void)closure;
	g_free(d);
}

void
sending_accept_drops(GtkWidget *w, sending_drop_fn *fn, void *ctx)
{
	struct drop *d = g_new0(struct drop, 1);
	d->fn = fn;
	d->ctx = ctx;
	gtk_drag_dest_set(w, GTK_DEST_DEFAULT_ALL, NULL, 0, GDK_ACTION_COPY);
	gtk_drag_dest_add_uri_targets(w);
	g_signal_connect_data(w, "drag-data-received", G_CALLBACK(on_drop), d, drop_free, 0);
}
