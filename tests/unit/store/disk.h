/* A disk that counts, waits and fails as it is told: SQLite's default VFS with another in front of
 * it. The store's thread uses it while the test looks at it. */
#ifndef TESTS_STORE_DISK_H
#define TESTS_STORE_DISK_H

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

struct disk {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	sqlite3_vfs vfs, *real;
	unsigned writes, syncs, opens; /* so far; writes also count what makes a file shorter */
	unsigned fail_write;           /* from this write on, 0: never */
	unsigned fail_count;           /* so many; 0: all */
	int write_code, write_errno;
	unsigned fail_sync; /* from this sync on, 0: never */
	int sync_code;
	bool hold;     /* syncs wait */
	unsigned held; /* that wait */
};

static struct disk disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

struct disk_file {
	sqlite3_file base;
	sqlite3_file *real; /* behind this struct */
};

static inline sqlite3_file *
disk_real(sqlite3_file *f)
{
	return ((struct disk_file *)(void *)f)->real;
}

/* Counts a write; whether it is to fail. */
static inline int
disk_count_write(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned n = ++disk.writes;
	bool fails = disk.fail_write && n >= disk.fail_write &&
		     (!disk.fail_count || n < disk.fail_write + disk.fail_count);
	int code = fails ? disk.write_code : SQLITE_OK;
	int err = disk.write_errno;
	pthread_mutex_unlock(&disk.lock);
	if (code)
		errno = err;
	return code;
}

static inline int
disk_close(sqlite3_file *f)
{
	return disk_real(f)->pMethods->xClose(disk_real(f));
}

static inline int
disk_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
	return disk_real(f)->pMethods->xRead(disk_real(f), to, len, at);
}

static inline int
disk_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
	int code = disk_count_write();
	return code ? code : disk_real(f)->pMethods->xWrite(disk_real(f), from, len, at);
}

static inline int
disk_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int code = disk_count_write();
	return code ? code : disk_real(f)->pMethods->xTruncate(disk_real(f), size);
}

static inline int
disk_sync(sqlite3_file *f, int flags)
{
	pthread_mutex_lock(&disk.lock);
	unsigned n = ++disk.syncs;
	disk.held++;
	pthread_cond_broadcast(&disk.changed);
	while (disk.hold)
		pthread_cond_wait(&disk.changed, &disk.lock);
	disk.held--;
	int code = disk.fail_sync && n >= disk.fail_sync ? disk.sync_code : SQLITE_OK;
	pthread_mutex_unlock(&disk.lock);
	if (code)
		errno = EIO;
	return code ? code : disk_real(f)->pMethods->xSync(disk_real(f), flags);
}

static inline int
disk_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return disk_real(f)->pMethods->xFileSize(disk_real(f), size);
}

static inline int
disk_take_lock(sqlite3_file *f, int level)
{
	return disk_real(f)->pMethods->xLock(disk_real(f), level);
}

static inline int
disk_unlock(sqlite3_file *f, int level)
{
	return disk_real(f)->pMethods->xUnlock(disk_real(f), level);
}

static inline int
disk_is_reserved(sqlite3_file *f, int *out)
{
	return disk_real(f)->pMethods->xCheckReservedLock(disk_real(f), out);
}

static inline int
disk_control(sqlite3_file *f, int op, void *arg)
{
	return disk_real(f)->pMethods->xFileControl(disk_real(f), op, arg);
}

static inline int
disk_sector(sqlite3_file *f)
{
	return disk_real(f)->pMethods->xSectorSize(disk_real(f));
}

static inline int
disk_character(sqlite3_file *f)
{
	return disk_real(f)->pMethods->xDeviceCharacteristics(disk_real(f));
}

static inline int
disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	/* no shared memory: a database that asked for it would not open */
	static const sqlite3_io_methods methods = {1, disk_close, disk_read, disk_write,
	    disk_truncate, disk_sync, disk_size, disk_take_lock, disk_unlock, disk_is_reserved,
	    disk_control, disk_sector, disk_character, NULL, NULL, NULL, NULL, NULL, NULL};
	struct disk_file *file = (void *)f;
	(void)vfs;
	file->real = (sqlite3_file *)(void *)(file + 1);
	pthread_mutex_lock(&disk.lock);
	disk.opens++;
	pthread_mutex_unlock(&disk.lock);
	int rc = disk.real->xOpen(disk.real, name, file->real, flags, out);
	file->base.pMethods = file->real->pMethods ? &methods : NULL;
	return rc;
}

/* From now on every file SQLite opens is on this disk. */
static inline int
disk_begin(void)
{
	disk.real = sqlite3_vfs_find(NULL);
	if (!disk.real)
		return -1;
	disk.vfs = *disk.real;
	disk.vfs.zName = "test-disk";
	disk.vfs.pNext = NULL;
	disk.vfs.szOsFile = (int)sizeof(struct disk_file) + disk.real->szOsFile;
	disk.vfs.xOpen = disk_open;
	return sqlite3_vfs_register(&disk.vfs, 1);
}

/* Writes fail, after `after` more of them; count of them, 0: all. */
static inline void
disk_fail(unsigned after, unsigned count, int code, int err)
{
	pthread_mutex_lock(&disk.lock);
	disk.fail_write = disk.writes + after + 1;
	disk.fail_count = count;
	disk.write_code = code;
	disk.write_errno = err;
	pthread_mutex_unlock(&disk.lock);
}

static inline void
disk_heal(void)
{
	pthread_mutex_lock(&disk.lock);
	disk.fail_write = 0;
	disk.fail_sync = 0;
	pthread_mutex_unlock(&disk.lock);
}

/* Syncs fail, after `after` more of them. */
static inline void
disk_fail_syncs(unsigned after, int code)
{
	pthread_mutex_lock(&disk.lock);
	disk.fail_sync = disk.syncs + after + 1;
	disk.sync_code = code;
	pthread_mutex_unlock(&disk.lock);
}

/* hold: syncs wait from now on. Not: those that wait go on. */
static inline void
disk_hold(bool hold)
{
	pthread_mutex_lock(&disk.lock);
	disk.hold = hold;
	pthread_cond_broadcast(&disk.changed);
	pthread_mutex_unlock(&disk.lock);
}

/* Returns when somebody waits for a sync. */
static inline void
disk_wait_held(void)
{
	pthread_mutex_lock(&disk.lock);
	while (!disk.held)
		pthread_cond_wait(&disk.changed, &disk.lock);
	pthread_mutex_unlock(&disk.lock);
}

static inline unsigned
disk_syncs(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned n = disk.syncs;
	pthread_mutex_unlock(&disk.lock);
	return n;
}

static inline unsigned
disk_writes(void)
{
	pthread_mutex_lock(&disk.lock);
	unsigned n = disk.writes;
	pthread_mutex_unlock(&disk.lock);
	return n;
}

#endif
