/* The porter: a process of the daemon's own that opens the user's files for it, because the daemon
 * itself may not (daemon/sandbox.h). It is forked before the daemon confines itself, before any
 * thread and any key; it has no network, no keys and runs no program. What it gives back are
 * descriptors; bytes it never reads.
 *
 * It serves a daemon that may have been taken over, and so does only this:
 * - A grant names one file, one folder to be read, or one folder to receive files in. It is made
 *   from a descriptor open for reading, which a confined daemon cannot have got but from a client
 *   (never O_PATH, and never one that the porter gave out); the porter finds the path by itself.
 *   What a grant is for is said when it is made, and never changes. One that was handed over to
 *   read is never written.
 * - It keeps grants in PATHS_DATA "grants/", which the daemon can neither read nor write: after the
 *   death of either, or of the machine, it opens the same again and nothing else.
 * - All names are resolved beneath the granted folder, by openat2(2) or one component after the
 *   other, and never through a symbolic link; only files and folders are opened, never devices,
 *   pipes or sockets, and for writing only files with no other name.
 * - In a folder to receive in, only what begins with ".earshot-" is made, opened or removed. It
 * gets its last name by porter_place(), which takes only names as transfer_name_clean() makes them,
 *   replaces nothing, and takes away the right to execute. Folders of the system and Earshot's own
 *   are not received in.
 * What remains to who has taken over the daemon: to read what was granted to be read, to put new
 * files into folders granted for that and the download folder, and to mislead about what a client
 * hands over meanwhile; and to change the user's settings as the keeper allows.
 *
 * Calls block for a file operation, any thread; but porter_grant(), porter_recall(),
 * porter_revoke() and porter_keep_setting() have a way of their own that waits for no slow one,
 * LIMIT_PORTER_WAIT ms at most, so that the loop thread may call them. A token is 32 hex digits, or
 * "downloads". All accept NULL for the porter. ERR_PORTER: it has ended; only another daemon can
 * start another. */
#ifndef TRANSFER_PORTER_H
#define TRANSFER_PORTER_H

#include "base/buf.h"
#include "base/compiler.h"
#include "base/confine.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PORTER_DOWNLOADS "downloads"

enum { PORTER_TOKEN_SIZE = 33, PORTER_NAME_SIZE = 256 };

struct porter;

/* What the porter does for the daemon's settings, which lie where the daemon may not write: it runs
 * in the porter, on what the daemon asks, which may be anything. value NULL: back to the default.
 * folder: value is the path of a folder that a client has handed over, and that may be received in.
 * Sets *line, of the file. 0 or an error. */
struct porter_keeper {
	int (*keep)(void *ctx, const char *key, const char *value, bool folder, unsigned *line);
	void *ctx; /* as it is when the porter starts */
};

/* Of what was granted. */
struct porter_granted {
	bool folder;
	char name[PORTER_NAME_SIZE]; /* its own; any bytes but / and NUL, not clean */
	uint64_t size;               /* bytes; of a folder 0 */
	int64_t mtime;               /* seconds since 1970 */
};

/* Forks. The caller has no other thread. downloads: the folder for "downloads", made when it is
 * needed first. CONFINE_STRICT: a system call that is refused ends it. 0 or an error. */
int porter_start(const char *downloads, struct porter **out) MUST_USE;
int
porter_start_confined(const char *downloads, enum confine_mode mode, struct porter **out) MUST_USE;
/* The same; keeper (NULL: none) is borrowed until it returns, its ctx for ever. */
int porter_start_keeping(const char *downloads, enum confine_mode mode,
    const struct porter_keeper *keeper, struct porter **out) MUST_USE;
void porter_stop(struct porter *p); /* no call may be under way */

/* Whether it lives, for people: "process 1234", "ended", "none". */
void porter_describe(struct porter *p, struct buf *out);

/* A file or folder to be read. fd moves. -EBADF: not open for reading, or of the porter's own;
 * -EINVAL: neither file nor folder; -ENOENT: it has no name any more; -EEXIST: the token is
 * taken. */
int porter_grant(struct porter *p, const char *token, int fd, struct porter_granted *out) MUST_USE;
/* A folder to receive in. The same, and -EACCES: it is not ours to write, or belongs to the system
 * or to Earshot. */
int porter_grant_target(
    struct porter *p, const char *token, int fd, struct porter_granted *out) MUST_USE;
/* Whether it is still what it was. -ENOENT: never granted, or revoked, or it is gone;
 * ERR_CHANGED_SOURCE: another one has its name. */
int porter_recall(struct porter *p, const char *token, struct porter_granted *out) MUST_USE;
void porter_revoke(struct porter *p, const char *token);
/* Asks the keeper. fd moves: a folder, which then is the value; -1: none. kept (NULL: not asked):
 * the value, appended. ERR_UNSUPPORTED: there is no keeper; -EACCES: it is not to be received in,
 * or the keeper refuses. Waits as little as porter_grant(). */
int porter_keep_setting(struct porter *p, const char *key, const char *value, int fd,
    struct buf *kept, unsigned *line) MUST_USE;
/* Revokes all grants but these (at start: those of transfers that nobody knows any more). */
int porter_keep_grants(struct porter *p, const char *const *tokens, size_t count) MUST_USE;

/* Opens for reading; path NULL or "": what was granted itself. -EINVAL: neither file nor folder;
 * -ELOOP: a symbolic link; ERR_CHANGED_SOURCE as for porter_recall(). */
int porter_open(struct porter *p, const char *token, const char *path, int *fd) MUST_USE;

/* In a folder to receive in; the first component of path begins with ".earshot-". A regular file,
 * 0600, open for reading and writing: a new one (-EEXIST), or with `exists` the one that is there
 * (-ENOENT; -EACCES: it is not ours alone). */
int
porter_create(struct porter *p, const char *token, const char *path, bool exists, int *fd) MUST_USE;
/* 0700. -EEXIST. */
int porter_mkdir(struct porter *p, const char *token, const char *path) MUST_USE;
/* Several in one call, in this order, until one fails: many small files go several times as fast.
 */
enum { PORTER_BATCH = 32 };
struct porter_batch {
	size_t count, done;    /* of these so many are made, or open */
	int fds[PORTER_BATCH]; /* the caller's, of those that are done; -1: a folder */
	bool folder[PORTER_BATCH];
	size_t starts[PORTER_BATCH]; /* of each path in paths */
	struct buf paths;            /* each with its NUL */
};
void porter_batch_init(struct porter_batch *b);
void porter_batch_finish(struct porter_batch *b); /* accepts zeroed; the descriptors stay */
void porter_batch_clear(struct porter_batch *b);
/* false: it is full (or out of memory). */
bool porter_batch_add(struct porter_batch *b, const char *path, bool folder) MUST_USE;
const char *porter_batch_path(const struct porter_batch *b, size_t index);
/* Those that are not yet done. An error is of the one at b->done, where it may go on later. As
 * porter_create() of new files, and porter_mkdir(). -EMFILE: some were made that are not open. */
int porter_make(struct porter *p, const char *token, struct porter_batch *b) MUST_USE;
/* As porter_open(). */
int porter_open_batch(struct porter *p, const char *token, struct porter_batch *b) MUST_USE;

/* Gives a part its name, or "name (2)" and so on before the last ".": nothing is ever replaced.
 * On disk when it returns (what is in a folder, too). final_name: appended; NULL: not asked. */
int porter_place(struct porter *p, const char *token, const char *part, const char *name,
    struct buf *final_name) MUST_USE;
/* The whole tree. What is not there is removed. */
int porter_remove(struct porter *p, const char *token, const char *path) MUST_USE;
/* Bytes of the file system: what we may still use, and all. */
int
porter_space(struct porter *p, const char *token, uint64_t *free_bytes, uint64_t *total) MUST_USE;
/* Removes the parts of all transfers but these (32 hex digits each). */
int
porter_sweep(struct porter *p, const char *token, const char *const *ids, size_t count) MUST_USE;

/* The absolute path of what was granted, of name in it if not NULL: for people. */
int porter_path(struct porter *p, const char *token, const char *name, struct buf *out) MUST_USE;

#endif
