#include "harness.h"

#include "disk.h"
#include "store/migrate.h"
#include "store/open.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static int
set_up(void **state)
{
	(void)state;
	return disk.real ? 0 : disk_begin();
}

/* Changes the file while no store has it. */
static void
change(const struct harness *h, const char *sql)
{
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(h->path, &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	char *said = NULL;
	int rc = sqlite3_exec(db, sql, NULL, NULL, &said);
	if (rc)
		print_error("%s\n", said);
	assert_int_equal(rc, SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static int64_t
ask_file(const struct harness *h, const char *sql)
{
	sqlite3 *db;
	sqlite3_stmt *stmt;
	assert_int_equal(sqlite3_open_v2(h->path, &db, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int64_t value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return value;
}

static void
write_at(const char *path, long at, const char *bytes, size_t len)
{
	int fd = open(path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, len, at), (ssize_t)len);
	(void)close(fd);
}

/* Files in the folder whose names begin with these letters. */
static int
count_files(const struct harness *h, const char *begin)
{
	DIR *dir = opendir(h->folder);
	int count = 0;
	assert_non_null(dir);
	// NOLINTNEXTLINE(concurrency-mt-unsafe): a stream of its own
	for (const struct dirent *e; (e = readdir(dir));)
		count += strncmp(e->d_name, begin, strlen(begin)) == 0;
	(void)closedir(dir);
	return count;
}

/* A file with something in it, closed. */
static void
make_one(struct harness *h)
{
	harness_start(h);
	assert_int_equal(harness_write(h, "test", 7), 0);
	harness_close(h);
}

static void
assert_kept(struct harness *h)
{
	harness_open(h);
	assert_int_equal(h->opened, 0);
	assert_string_equal(h->report.moved_to, "");
	assert_int_equal(harness_read(h, "test"), 7);
}

static void
assert_moved(struct harness *h)
{
	struct stat st;
	harness_open(h);
	assert_int_equal(h->opened, 0);
	assert_string_not_equal(h->report.moved_to, "");
	assert_int_equal(stat(h->report.moved_to, &st), 0);
	assert_int_equal(harness_read(h, "test"), -1);
	assert_int_equal(harness_write(h, "test", 8), 0);
}

static void
what_was_answered_is_there_after_a_restart(void **state)
{
	(void)state;
	struct harness h;
	harness_start(&h);
	assert_string_equal(h.report.moved_to, "");
	assert_int_equal(harness_read(&h, "test"), -1);
	assert_int_equal(harness_write(&h, "test", 7), 0);
	assert_int_equal(harness_read(&h, "test"), 7);
	harness_close(&h);
	assert_kept(&h);
	harness_finish(&h);
}

static int
run_look(struct store_db *db, struct store_job *job)
{
	static const char *const settings[][2] = {{"PRAGMA journal_mode", "wal"},
	    {"PRAGMA synchronous", "2"}, {"PRAGMA locking_mode", "exclusive"},
	    {"PRAGMA secure_delete", "1"}, {"PRAGMA foreign_keys", "0"},
	    {"PRAGMA trusted_schema", "0"}, {"PRAGMA cell_size_check", "1"},
	    {"PRAGMA temp_store", "2"}, {"PRAGMA cache_size", "-4096"}};
	(void)job;
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		sqlite3_stmt *stmt;
		if (sqlite3_prepare_v2(db->sql, settings[i][0], -1, &stmt, NULL) ||
		    sqlite3_step(stmt) != SQLITE_ROW ||
		    strcmp((const char *)sqlite3_column_text(stmt, 0), settings[i][1]) != 0)
			return -(int)i - 1;
		(void)sqlite3_finalize(stmt);
	}
	int on = 0;
	(void)sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, -1, &on);
	return on ? 0 : -100;
}

static void
l7_the_file_is_ours_alone_and_set_up_with_care(void **state)
{
	(void)state;
	struct harness h;
	struct stat st;
	char wal[128];
	harness_start(&h);
	struct harness_number look = {.job.run = run_look};
	assert_int_equal(HARNESS_ASK(&h, harness_submit, &look), 0);
	assert_int_equal(harness_write(&h, "test", 7), 0);
	assert_int_equal(stat(h.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	(void)snprintf(wal, sizeof(wal), "%s-wal", h.path);
	assert_int_equal(stat(wal, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	/* neither shared memory nor anything else */
	assert_int_equal(count_files(&h, "earshot.db"), 2);
	harness_close(&h);
	assert_int_equal(chmod(h.path, 0644), 0);
	assert_kept(&h);
	assert_int_equal(stat(h.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	harness_finish(&h);
}

static void
a_second_process_is_refused(void **state)
{
	(void)state;
	struct harness h;
	struct store_report report;
	struct store_db db = {0};
	harness_start(&h);
	assert_int_equal(harness_write(&h, "test", 7), 0);
	/* locks of one process do not exclude itself */
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(open_db(h.path, store_schema, &db, &report) == -EADDRINUSE ? 0 : 1);
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(harness_read(&h, "test"), 7);
	harness_finish(&h);
}

static void
l7_what_is_not_ours_is_moved_aside(void **state)
{
	(void)state;
	static const char *const changes[] = {
	    "PRAGMA application_id = 1",
	    "PRAGMA user_version = 0",
	    "CREATE TRIGGER t AFTER INSERT ON message BEGIN DELETE FROM peer; END",
	    "CREATE VIEW v AS SELECT 1",
	    "CREATE TABLE more (x)",
	    "DROP INDEX message_id",
	    "ALTER TABLE forgotten ADD COLUMN x INTEGER GENERATED ALWAYS AS (hash + 1)",
	    "DROP TABLE meta; CREATE TABLE meta (key TEXT PRIMARY KEY, value)",
	    "DROP TABLE meta; CREATE VIEW meta AS SELECT 'a' AS key, 1 AS value",
	};
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		struct harness h;
		make_one(&h);
		change(&h, changes[i]);
		assert_moved(&h);
		harness_finish(&h);
	}
}

static void
l7_a_damaged_file_is_moved_aside(void **state)
{
	(void)state;
	struct harness h;
	char garbage[4096];
	memset(garbage, 0xa5, sizeof(garbage));
	/* not a database at all */
	harness_init(&h);
	write_at(h.path, 0, garbage, sizeof(garbage));
	assert_moved(&h);
	harness_finish(&h);
	/* the first page, the schema, is cut; then pages behind it are overwritten */
	for (int page = -1; page < 12; page++) {
		make_one(&h);
		if (page < 0)
			assert_int_equal(truncate(h.path, 3000), 0);
		else
			write_at(h.path, page * 4096L, garbage, sizeof(garbage));
		assert_moved(&h);
		harness_finish(&h);
	}
}

static void
what_belongs_to_it_goes_with_it_and_nothing_is_overwritten(void **state)
{
	(void)state;
	struct harness h;
	char name[320];
	struct stat st;
	harness_init(&h);
	for (int i = 0; i < 4; i++) {
		write_at(h.path, 0, "no database, however long you look at it", 40);
		(void)snprintf(name, sizeof(name), "%s-wal", h.path);
		write_at(name, 0, "also none", 9);
		assert_moved(&h);
		(void)snprintf(name, sizeof(name), "%.256s-wal", h.report.moved_to);
		assert_int_equal(stat(name, &st), 0);
		assert_int_equal(st.st_size, 9);
		harness_close(&h);
		assert_int_equal(count_files(&h, "earshot.db.damaged-"), 2 * (i + 1));
		assert_int_equal(unlink(h.path), 0);
	}
	harness_finish(&h);
}

static void
a_newer_file_is_left_alone(void **state)
{
	(void)state;
	struct harness h;
	struct stat before, after;
	make_one(&h);
	change(&h, "CREATE TABLE more (x); PRAGMA user_version = 99");
	assert_int_equal(stat(h.path, &before), 0);
	harness_open(&h);
	assert_int_equal(h.opened, ERR_NEWER);
	assert_int_equal(stat(h.path, &after), 0);
	assert_int_equal(before.st_size, after.st_size);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	assert_int_equal(ask_file(&h, "PRAGMA user_version"), 99);
	assert_int_equal(count_files(&h, "earshot.db"), 1);
	harness_finish(&h);
}

static int
run_corrupt(struct store_db *db, struct store_job *job)
{
	(void)job;
	return db_err(db, SQLITE_CORRUPT);
}

/* As if a page had been found damaged while the store was used. */
static void
find_damage(struct harness *h)
{
	struct harness_number job = {.job.run = run_corrupt};
	harness_open(h);
	assert_int_equal(h->opened, 0);
	h->fatals = 0;
	harness_submit(h->store, &job);
	while (!h->fatals)
		uv_run(&h->loop, UV_RUN_ONCE);
	assert_int_equal(h->fatal, ERR_DAMAGED);
	assert_int_equal(count_files(h, "earshot.db.check"), 1);
	harness_close(h);
}

static void
l7_damage_found_in_use_is_looked_for_at_the_next_start(void **state)
{
	(void)state;
	struct harness h;
	char garbage[512];
	memset(garbage, 0xa5, sizeof(garbage));
	make_one(&h);
	/* too big to be checked each time */
	change(&h, "INSERT INTO meta VALUES ('big', zeroblob(6000000))");
	int64_t root = ask_file(&h, "SELECT rootpage FROM sqlite_schema WHERE name = 'message_id'");
	find_damage(&h);
	/* there was none */
	assert_kept(&h);
	assert_int_equal(count_files(&h, "earshot.db.check"), 0);
	harness_close(&h);
	write_at(h.path, (root - 1) * 4096, garbage, sizeof(garbage));
	assert_kept(&h);
	harness_close(&h);
	find_damage(&h);
	assert_moved(&h);
	assert_int_equal(count_files(&h, "earshot.db.check"), 0);
	harness_finish(&h);
}

/* Versions as they may come. */
static const char *const fourth[] = {"ALTER TABLE peer ADD COLUMN note TEXT;",
    "CREATE TABLE more (x INTEGER PRIMARY KEY) STRICT;", "INSERT INTO more VALUES (1);", NULL};
static const char *const fifth[] = {"CREATE INDEX peer_note ON peer (note);",
    "INSERT INTO more VALUES (2);", "UPDATE peer SET note = 'n';", NULL};

static int
open_with(const struct harness *h, const char *const *const *schema, struct store_db *db)
{
	struct store_report report;
	memset(db, 0, sizeof(*db));
	int err = open_db(h->path, schema, db, &report);
	assert_string_equal(report.moved_to, "");
	return err;
}

/* Whatever write fails, the file is of one version or of the other, and the next start goes on. */
static void
a_migration_that_fails_anywhere_is_done_later(void **state)
{
	(void)state;
	const char *const *const schema[] = {
	    store_schema[0], store_schema[1], store_schema[2], fourth, fifth, NULL};
	unsigned failed = 0;
	for (unsigned after = 0;; after++) {
		struct harness h;
		struct store_db db;
		make_one(&h);
		disk_fail(after, 0, SQLITE_FULL, ENOSPC);
		unsigned writes = disk_writes();
		int err = open_with(&h, schema, &db);
		bool reached = disk_writes() > writes + after;
		disk_heal();
		if (err)
			assert_int_equal(err, -ENOSPC);
		else
			db_finish(&db);
		failed += err != 0;
		int64_t version = ask_file(&h, "PRAGMA user_version");
		assert_in_range(version, 3, 5);
		assert_int_equal(
		    ask_file(&h, "SELECT count(*) FROM sqlite_schema WHERE name = 'more'"),
		    version > 3);
		assert_int_equal(open_with(&h, schema, &db), 0);
		assert_int_equal(db_meta_int(&db, "test", -1), 7);
		db_finish(&db);
		assert_int_equal(ask_file(&h, "PRAGMA user_version"), 5);
		assert_int_equal(ask_file(&h, "SELECT count(*) FROM more"), 2);
		/* to the older program it is newer */
		assert_int_equal(open_with(&h, store_schema, &db), ERR_NEWER);
		harness_finish(&h);
		if (!reached)
			break;
	}
	assert_true(failed > 3);
}

/* A file of the first version, with a person, a message and an event. */
static void
make_first_version(struct harness *h)
{
	const char *const *const schema[] = {store_schema[0], NULL};
	struct store_db db;
	harness_init(h);
	int fd = open(h->path, O_RDWR | O_CREAT, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	assert_int_equal(open_with(h, schema, &db), 0);
	assert_int_equal(
	    db_exec(&db,
		"INSERT INTO peer (name, display) VALUES ('juliet@capulet', 'Juliet');"
		"INSERT INTO message (n, peer, direction, kind, state, origin, markable, said_at,"
		" stored_at, id, body, stanza)"
		" VALUES (1, 1, 0, 0, 6, 1, 0, 7, 8, 'a', 'Good night', zeroblob(9000));"
		"INSERT INTO event (n, of, kind, value) VALUES (2, 1, 2, 7);"
		"INSERT INTO meta (key, value) VALUES ('test', 7)"),
	    0);
	db_finish(&db);
	assert_int_equal(ask_file(h, "PRAGMA user_version"), 1);
}

/* What there was before trust was kept is plain, however often the way there was cut short. */
static void
the_first_version_becomes_the_newest_wherever_it_fails(void **state)
{
	(void)state;
	unsigned failed = 0;
	for (unsigned after = 0;; after++) {
		struct harness h;
		struct store_db db;
		make_first_version(&h);
		disk_fail(after, 0, SQLITE_FULL, ENOSPC);
		unsigned writes = disk_writes();
		int err = open_with(&h, store_schema, &db);
		bool reached = disk_writes() > writes + after;
		disk_heal();
		if (err)
			assert_int_equal(err, -ENOSPC);
		else
			db_finish(&db);
		failed += err != 0;
		assert_in_range(ask_file(&h, "PRAGMA user_version"), err ? 1 : 3, 3);
		assert_kept(&h);
		harness_close(&h);
		assert_int_equal(ask_file(&h, "PRAGMA user_version"), 3);
		assert_int_equal(
		    ask_file(&h, "SELECT count(*) FROM message WHERE file = 0 AND trust = 0"), 1);
		assert_int_equal(ask_file(&h, "SELECT length(stanza) FROM message"), 9000);
		assert_int_equal(ask_file(&h, "SELECT count(*) FROM peer WHERE key IS NULL AND"
					      " trust = 0 AND blocked = 0 AND seen_at = 0"),
		    1);
		harness_finish(&h);
		if (!reached)
			break;
	}
	assert_true(failed > 3);
}

static void
a_new_file_that_fails_anywhere_is_made_later(void **state)
{
	(void)state;
	for (unsigned after = 0;; after++) {
		struct harness h;
		harness_init(&h);
		disk_fail(after, 0, SQLITE_FULL, ENOSPC);
		unsigned writes = disk_writes();
		harness_open(&h);
		bool reached = disk_writes() > writes + after;
		if (!h.opened)
			harness_close(&h);
		else
			assert_int_equal(h.opened, -ENOSPC);
		disk_heal();
		harness_open(&h);
		assert_int_equal(h.opened, 0);
		assert_string_equal(h.report.moved_to, "");
		assert_int_equal(harness_write(&h, "test", 7), 0);
		harness_finish(&h);
		if (!reached)
			break;
	}
}

static void
what_cannot_be_opened_says_why(void **state)
{
	(void)state;
	struct harness h;
	harness_init(&h);
	(void)snprintf(h.path, sizeof(h.path), "%s", h.folder);
	harness_open(&h);
	assert_int_equal(h.opened, -EISDIR);
	(void)snprintf(h.path, sizeof(h.path), "%s/none/earshot.db", h.folder);
	harness_open(&h);
	assert_int_equal(h.opened, -ENOENT);
	harness_finish(&h);
}

static void
the_age_grows_over_restarts_by_a_day_at_most(void **state)
{
	(void)state;
	struct harness h;
	const int64_t hour = INT64_C(3600) * 1000;
	harness_start(&h);
	int64_t age = store_age(h.store);
	assert_in_range(age, 0, 10000);
	assert_int_equal(harness_write(&h, "test", 7), 0);
	harness_close(&h);
	/* three hours have passed */
	change(&h, "UPDATE meta SET value = value - 3 * 3600000 WHERE key = 'age_at'");
	harness_open(&h);
	int64_t later = store_age(h.store);
	assert_in_range(later, age + 3 * hour, age + 3 * hour + 10000);
	harness_close(&h);
	change(&h, "UPDATE meta SET value = value - 100 * 24 * 3600000 WHERE key = 'age_at'");
	harness_open(&h);
	age = store_age(h.store);
	assert_in_range(age, later + 24 * hour, later + 24 * hour + 10000);
	harness_close(&h);
	/* the clock was set back */
	change(&h, "UPDATE meta SET value = value + 100 * 24 * 3600000 WHERE key = 'age_at'");
	harness_open(&h);
	later = store_age(h.store);
	assert_in_range(later, age, age + 10000);
	harness_close(&h);
	/* who writes nonsense into the file gets a new one, not an overflow */
	change(&h, "UPDATE meta SET value = 9223372036854775807 WHERE key = 'age'");
	assert_moved(&h);
	harness_finish(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_answered_is_there_after_a_restart),
	    cmocka_unit_test(l7_the_file_is_ours_alone_and_set_up_with_care),
	    cmocka_unit_test(a_second_process_is_refused),
	    cmocka_unit_test(l7_what_is_not_ours_is_moved_aside),
	    cmocka_unit_test(l7_a_damaged_file_is_moved_aside),
	    cmocka_unit_test(what_belongs_to_it_goes_with_it_and_nothing_is_overwritten),
	    cmocka_unit_test(a_newer_file_is_left_alone),
	    cmocka_unit_test(l7_damage_found_in_use_is_looked_for_at_the_next_start),
	    cmocka_unit_test(a_migration_that_fails_anywhere_is_done_later),
	    cmocka_unit_test(the_first_version_becomes_the_newest_wherever_it_fails),
	    cmocka_unit_test(a_new_file_that_fails_anywhere_is_made_later),
	    cmocka_unit_test(what_cannot_be_opened_says_why),
	    cmocka_unit_test(the_age_grows_over_restarts_by_a_day_at_most),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
