#include "store/open.h"

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/random.h"
#include "store/aside.h"
#include "store/migrate.h"
#include "store/search.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	VALUE_MAX = 16 << 20, /* bytes of the biggest text or blob a file may make us load */
	DAY_MS = 24 * 60 * 60 * 1000,
};

/* Before anything is read. EXCLUSIVE must come before the write-ahead log is touched: then there is
 * no shared memory, and no second process gets in. */
static const char first[] = "PRAGMA locking_mode = EXCLUSIVE;"
			    "PRAGMA trusted_schema = OFF;"
			    "PRAGMA cell_size_check = ON;"
			    "PRAGMA mmap_size = 0;"
			    "PRAGMA temp_store = MEMORY;"
			    "PRAGMA cache_size = -4096;"
			    "PRAGMA foreign_keys = OFF;";
/* The thread makes the checkpoints itself: SQLite's own would hide their errors. */
static const char then[] = "PRAGMA journal_mode = WAL;"
			   "PRAGMA synchronous = FULL;"
			   "PRAGMA secure_delete = ON;"
			   "PRAGMA wal_autocheckpoint = 0;"
			   "PRAGMA journal_size_limit = 16777216;";

/* Makes an empty one for us alone; SQLite gives its other files the same mode. */
static int
make_file(const char *path, bool *made, bool *small)
{
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
	*made = fd >= 0;
	if (fd >= 0)
		(void)close(fd);
	else if (errno != EEXIST)
		return -errno;
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	if (st.st_mode & (S_IRWXG | S_IRWXO) && chmod(path, S_IRUSR | S_IWUSR))
		return -errno;
	*small = st.st_size <= OPEN_CHECKED;
	return 0;
}

static int
configure(struct store_db *db)
{
	/* closing must not change a file before it is known to be ours */
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	(void)sqlite3_limit(db->sql, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	(void)sqlite3_limit(db->sql, SQLITE_LIMIT_ATTACHED, 0);
	return db_exec(db, first);
}

static int
check_whole(struct store_db *db)
{
	sqlite3_stmt *stmt;
	int err = db_err(db, sqlite3_prepare_v2(db->sql, "PRAGMA quick_check(1)", -1, &stmt, NULL));
	if (err)
		return err;
	int got = db_step(db, stmt);
	const unsigned char *said = got > 0 ? sqlite3_column_text(stmt, 0) : NULL;
	if (got >= 0)
		got = said && strcmp((const char *)said, "ok") == 0 ? 0 : ERR_DAMAGED;
	(void)sqlite3_finalize(stmt);
	return got;
}

/* Whether it is ours, and whole. */
static int
check(struct store_db *db, const char *const *const *schema, bool whole, int64_t *version)
{
	struct migrate_state is = {0};
	int err = migrate_look(db, &is);
	if (err)
		return err;
	*version = is.version;
	/* new, or we died before it became anything */
	if (!is.application && !is.version && !is.objects)
		return 0;
	if (is.application != OPEN_APPLICATION || is.version < 1)
		return ERR_DAMAGED;
	if (is.version > migrate_newest(schema))
		return ERR_NEWER;
	err = migrate_check(db, schema, is.version);
	if (!err && whole)
		err = check_whole(db);
	return err;
}

static int
ask(struct store_db *db, const char *sql, int64_t *out)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	int got = db_step(db, stmt);
	if (got > 0)
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

/* How long the store was in use until now, and how long it lay there. */
static int
load_age(struct store_db *db)
{
	int64_t now = clock_wall(), age = db_meta_int(db, "age", 0);
	int64_t at = db_meta_int(db, "age_at", now);
	if (age < 0 || age > INT64_MAX / 4)
		return ERR_DAMAGED;
	int64_t gap = at < 0 || at > now ? 0 : now - at;
	db->age = age + (gap > DAY_MS ? DAY_MS : gap);
	db->age_at = clock_now();
	return 0;
}

/* What is in memory while the store runs. */
static int
load(struct store_db *db)
{
	int64_t message = 0, event = 0, forgotten = 0;
	int err = ask(db, "SELECT max(n) FROM message", &message);
	if (!err)
		err = ask(db, "SELECT max(n) FROM event", &event);
	if (err)
		return err;
	db->now.last_n = db_meta_int(db, "last_n", 0);
	if (db->now.last_n < message)
		db->now.last_n = message;
	if (db->now.last_n < event)
		db->now.last_n = event;
	db->now.indexed = db_meta_int(db, "indexed", 0);
	/* a number that can hardly grow any more was put there by somebody else */
	if (db->now.last_n < 0 || db->now.last_n > INT64_MAX / 2)
		return ERR_DAMAGED;
	err = ask(db, "SELECT count(*) FROM (SELECT 1 FROM forgotten LIMIT 1)", &forgotten);
	db->none_forgotten = !err && !forgotten;
	if (!err)
		err = load_age(db);
	db->salt = db_meta_int(db, "salt", 0);
	while (!db->salt && !err) {
		random_bytes(&db->salt, sizeof(db->salt));
		err = db_meta_set(db, "salt", db->salt);
	}
	return err;
}

/* Damage found in use may be in the full-text index alone, which quick_check does not see through.
 * It is filled again from the messages. */
static int
empty_index(struct store_db *db)
{
	return db_exec(db,
	    "BEGIN IMMEDIATE; INSERT INTO words (words) VALUES ('delete-all');"
	    "INSERT OR REPLACE INTO meta (key, value) VALUES ('indexed', 0); COMMIT");
}

/* suspect: it was found damaged; whole: all of it is read. */
static int
try_open(const char *path, const char *const *const *schema, bool suspect, bool whole,
    struct store_db *db)
{
	int64_t version = 0;
	errno = 0;
	int rc = sqlite3_open_v2(path, &db->sql,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	int err = rc && !db->sql ? -ENOMEM : db_err(db, rc);
	/* SQLite opens what it may not write for reading, and fails later for odder reasons */
	if (!err && sqlite3_db_readonly(db->sql, "main"))
		err = access(path, W_OK) ? -errno : -EROFS;
	if (!err)
		err = configure(db);
	if (!err)
		err = check(db, schema, whole || suspect, &version);
	if (!err)
		err = db_exec(db, then);
	if (!err)
		err = migrate_run(db, schema, version);
	if (!err && suspect)
		err = empty_index(db);
	if (!err)
		err = load(db);
	if (!err)
		err = search_attach(db);
	/* the names of the file and of its write-ahead log */
	if (!err)
		err = aside_sync_folder(path);
	if (err)
		return err;
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	db->failed = 0;
	return 0;
}

int
open_db(const char *path, const char *const *const *schema, struct store_db *db,
    struct store_report *report)
{
	bool made = false, small = false;
	memset(report, 0, sizeof(*report));
	if (strlen(path) > OPEN_PATH_MAX)
		return -ENAMETOOLONG;
	/* counting its memory would cost a lock an allocation; refused if SQLite runs already */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	int err = make_file(path, &made, &small);
	if (err)
		return err;
	/* Reading all of a big file takes seconds, so that is done only if there is a reason; what
	 * is small may as well be checked every time. */
	bool marked = aside_marked(path);
	err = try_open(path, schema, marked, small, db);
	if (err)
		db_finish(db);
	if (err == ERR_DAMAGED) {
		err = aside_move(path, report->moved_to, sizeof(report->moved_to));
		if (err)
			return err;
		log_error(NULL,
		    "the file of messages is damaged or not ours; it is now %s, and a "
		    "new one is begun",
		    report->moved_to);
		err = make_file(path, &made, &small);
		if (!err)
			err = try_open(path, schema, false, false, db);
		if (err)
			db_finish(db);
	}
	if (!err && marked)
		aside_unmark(path);
	return err;
}
