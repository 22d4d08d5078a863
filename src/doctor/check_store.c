/* The history, and the disks it and your downloads lie on. */
#define _DEFAULT_SOURCE
#include "base/clock.h"
#include "base/err.h"
#include "base/paths.h"
#include "base/str.h"
#include "doctor/exam.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { DISK_MS = 1500 };
#define MIB         (INT64_C(1) << 20)
#define FULL        (8 * MIB)    /* with less nothing can be kept */
#define LOW         (200 * MIB)  /* with less it will not be long */
#define LOW_FILES   (1024 * MIB) /* what receiving leaves free, unless settings say else */
#define LOG_TOO_BIG (256 * MIB)

/* ---- disks ---- */

struct disk {
	int err;
	bool writable;
	int64_t free;
};

/* The nearest folder that is there: downloads are made when they are needed. */
static void
look(const void *path, void *out)
{
	struct disk *d = out;
	struct statvfs fs;
	char *at = strdup(path);
	*d = (struct disk){.err = at ? 0 : -ENOMEM};
	while (at && access(at, F_OK) != 0 && errno == ENOENT) {
		char *slash = strrchr(at, '/');
		if (!slash || slash == at)
			break;
		*slash = '\0';
	}
	if (at && statvfs(at, &fs) < 0)
		d->err = -errno;
	else if (at) {
		d->free = (int64_t)(fs.f_bavail * fs.f_frsize);
		d->writable = access(at, W_OK | X_OK) == 0;
	}
	free(at);
}

/* A server that is gone keeps whoever asks for its disk for minutes. */
static void
ask_disk(struct exam *e, const char *path, struct disk *d)
{
	if (!exam_apart(e, look, path, d, sizeof(*d), DISK_MS))
		*d = (struct disk){.err = -ETIMEDOUT};
}

static void
add_size(struct buf *out, int64_t bytes)
{
	if (bytes >= INT64_C(10240) * MIB)
		buf_fmt(out, tr("%lld GiB"), (long long)bytes >> 30);
	else if (bytes >= 10 * MIB)
		buf_fmt(out, tr("%lld MiB"), (long long)bytes >> 20);
	else
		buf_fmt(out, tr("%lld KiB"), (long long)bytes >> 10);
}

static void
check_state_disk(struct exam *e, const char *folder)
{
	struct disk d;
	struct buf size = BUF_INIT(64);
	ask_disk(e, folder, &d);
	add_size(&size, d.free);
	if (d.err) {
		found(e, DOCTOR_WARNING, "disk-unknown",
		    tr("The disk of %s cannot be looked at: %s."), folder, err_str(d.err));
	} else if (d.free < FULL) {
		found(e, DOCTOR_PROBLEM, "disk-full",
		    tr("The disk of your history is full (%s free): nothing can be sent or "
		       "received, "
		       "as nothing can be kept."),
		    buf_cstr(&size));
		remedy(e, tr("Make room on the disk of %s."), folder);
		command(e, "df -h %s", folder);
	} else if (d.free < LOW) {
		found(e, DOCTOR_WARNING, "disk-low",
		    tr("The disk of your history is nearly full: %s free."), buf_cstr(&size));
		remedy(e, tr("Make room on the disk of %s."), folder);
	} else if (!d.writable) {
		found(e, DOCTOR_PROBLEM, "state-unwritable",
		    tr("Nothing can be written to %s, where your history is."), folder);
		remedy(e, tr("Let it belong to you, and be open to nobody else."));
		command(e, "sudo chown -R \"$USER\" %s && chmod 700 %s", folder, folder);
	}
	if (e->report->count > e->found) {
		earshot_value_set_str(evidence(e), "folder", folder);
		earshot_value_set_int(evidence(e), "free", d.free);
	} else
		seen(e, tr("%s free"), buf_cstr(&size));
	buf_finish(&size);
}

static void
check_downloads(struct exam *e, const char *folder)
{
	struct disk d;
	struct buf size = BUF_INIT(64);
	size_t before = e->report->count;
	if (str_empty(folder))
		return;
	ask_disk(e, folder, &d);
	add_size(&size, d.free);
	if (!d.err && !d.writable) {
		found(e, DOCTOR_WARNING, "downloads-unwritable",
		    tr("Files cannot be received: nothing can be written to %s."), folder);
		remedy(
		    e, tr("Make it yours, or choose another one: \"folder\" under [files] in the "
			  "settings."));
	} else if (!d.err && d.free < LOW_FILES) {
		found(e, DOCTOR_WARNING, "downloads-low",
		    tr("There is little room for files you receive: %s are free at %s."),
		    buf_cstr(&size), folder);
		remedy(e, tr("Make room, or choose another folder: \"folder\" under [files] in the "
			     "settings."));
	}
	if (e->report->count > before) {
		earshot_value_set_str(evidence(e), "folder", folder);
		earshot_value_set_int(evidence(e), "free", d.free);
	}
	buf_finish(&size);
}

/* ---- the file ---- */

static void
check_file(struct exam *e, const struct earshot_value *store, const char *path)
{
	char log[PATH_MAX];
	struct stat st;
	const char *damage = earshot_value_str(store, "damage");
	if (str_equal(earshot_value_str(store, "check"), "damaged")) {
		found(e, DOCTOR_PROBLEM, "store-damaged", tr("The history is damaged: %s"),
		    damage ? damage : "?");
		remedy(e, tr("Save what can be read (earshot export NAME), then start the daemon "
			     "anew: it puts the damaged file aside and begins a new one."));
		command(e, "earshot daemon stop; earshot daemon start");
		earshot_value_set_str(evidence(e), "path", path);
	} else {
		struct buf size = BUF_INIT(64);
		int64_t messages = earshot_value_int(store, "messages", -1);
		add_size(&size, earshot_value_int(store, "size", 0));
		if (messages >= 0)
			seen(e,
			    tr_n("%lld message in %s", "%lld messages in %s",
				(unsigned long)messages),
			    (long long)messages, buf_cstr(&size));
		else
			seen(e, "%s", buf_cstr(&size));
		buf_finish(&size);
	}
	int n = snprintf(log, sizeof(log), "%s-wal", path);
	if (n > 0 && n < (int)sizeof(log) && stat(log, &st) == 0 && st.st_size > LOG_TOO_BIG) {
		found(e, DOCTOR_WARNING, "store-log-big",
		    tr("The history's log of changes has grown to %lld MiB: it cannot be emptied."),
		    (long long)st.st_size / MIB);
		remedy(e, tr("Make room on the disk, then start the daemon anew."));
		command(e, "earshot daemon stop; earshot daemon start");
		earshot_value_set_int(evidence(e), "size", (int64_t)st.st_size);
	}
}

void
check_store(struct exam *e)
{
	const struct earshot_value *store = earshot_value_get(e->state, "store");
	const char *path = earshot_value_str(store, "path");
	char *folder = NULL;
	/* the daemon's own, or where it would be */
	if (path) {
		folder = strdup(path);
		char *slash = folder ? strrchr(folder, '/') : NULL;
		if (slash)
			*slash = '\0';
	} else
		(void)!paths_get(PATHS_STATE, NULL, &folder);
	if (store && path)
		check_file(e, store, path);
	if (folder && (store || !e->root))
		check_state_disk(e, folder);
	check_downloads(e, earshot_value_str(e->state, "downloads"));
	free(folder);
}
