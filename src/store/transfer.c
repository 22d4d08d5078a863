#include "store/transfer.h"

#include "base/compiler.h"
#include "base/err.h"
#include "base/str.h"
#include "store/put.h"
#include "store/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- writing ---- */

static void
bind_digest(sqlite3_stmt *stmt, int index, bool has, const uint8_t *digest)
{
	if (has)
		(void)sqlite3_bind_blob(stmt, index, digest, STORE_DIGEST_SIZE, SQLITE_STATIC);
}

enum { CHANGING = 18 }; /* columns that bind_changing() fills */

static void
bind_changing(sqlite3_stmt *stmt, const struct store_transfer *t)
{
	const int64_t numbers[] = {(int64_t)t->size, t->files, t->state, t->prepared, t->accepted,
	    t->told, t->paused_us, t->paused_them, t->from_start, t->expires, (int64_t)t->offset};
	int at = 1;
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
		(void)sqlite3_bind_int64(stmt, at++, numbers[i]);
	db_bind_text(stmt, at++, t->token);
	db_bind_text(stmt, at++, t->reason);
	db_bind_text(stmt, at++, t->method);
	db_bind_text(stmt, at++, t->place);
	bind_digest(stmt, at++, t->has_prefix, t->prefix);
	bind_digest(stmt, at++, t->has_hash, t->hash);
	if (t->thumbnail)
		(void)sqlite3_bind_blob64(stmt, at, t->thumbnail, t->thumbnail_len, SQLITE_STATIC);
}

static int
insert(struct store_db *db, struct store_transfer *t, int64_t peer)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db,
	    "INSERT INTO transfer (size, files, state, prepared, accepted, told, paused_us,"
	    " paused_them, from_start, expires, offset, token, reason, method, place,"
	    " prefix, hash, thumbnail, peer, direction, sid, name, media, description, folder, "
	    "mtime, width,"
	    " height, duration, thumbnail_media, trust, at, automatic, spool)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
	    " ?, ?, ?, ?, ?, ?, ?, ?)",
	    &stmt);
	if (err)
		return err;
	bind_changing(stmt, t);
	int at = CHANGING + 1;
	(void)sqlite3_bind_int64(stmt, at++, peer);
	(void)sqlite3_bind_int64(stmt, at++, t->direction);
	db_bind_text(stmt, at++, t->sid);
	db_bind_text(stmt, at++, t->name);
	db_bind_text(stmt, at++, t->media);
	db_bind_text(stmt, at++, t->description);
	(void)sqlite3_bind_int(stmt, at++, t->folder);
	(void)sqlite3_bind_int64(stmt, at++, t->mtime);
	(void)sqlite3_bind_int64(stmt, at++, t->width);
	(void)sqlite3_bind_int64(stmt, at++, t->height);
	(void)sqlite3_bind_int64(stmt, at++, t->duration);
	db_bind_text(stmt, at++, t->thumbnail_media);
	(void)sqlite3_bind_int64(stmt, at++, t->trust);
	(void)sqlite3_bind_int64(stmt, at++, t->at);
	(void)sqlite3_bind_int(stmt, at++, t->automatic);
	db_bind_text(stmt, at, t->spool);
	err = db_run(db, stmt);
	t->id = sqlite3_last_insert_rowid(db->sql);
	return err;
}

/* 1, 0 or an error: there is a row. */
static int
is_there(struct store_db *db, const struct store_transfer *t, int64_t peer)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(
	    db, "SELECT 1 FROM transfer WHERE peer = ? AND direction = ? AND sid = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	(void)sqlite3_bind_int64(stmt, 2, t->direction);
	db_bind_text(stmt, 3, t->sid);
	int got = db_step(db, stmt);
	(void)sqlite3_reset(stmt);
	return got;
}

static int
has_room(struct store_db *db)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "SELECT count(*) FROM transfer WHERE state < ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRANSFER_FINAL);
	int got = db_step(db, stmt);
	int64_t count = got > 0 ? sqlite3_column_int64(stmt, 0) : 0;
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : count < LIMIT_TRANSFERS ? 0 : ERR_TOO_BIG;
}

static int
add_run(struct store_db *db, struct store_job *job)
{
	struct store_transfer_add *add = container_of(job, struct store_transfer_add, job);
	struct store_transfer *t = &add->transfer;
	int64_t peer = 0;
	if (str_empty(t->peer) || str_empty(t->sid) || str_empty(t->name) || t->size > INT64_MAX)
		return -EINVAL;
	int err = has_room(db);
	if (!err)
		err = db_peer(db, t->peer, t->display, &peer);
	int got = err ? err : is_there(db, t, peer);
	if (got)
		return got < 0 ? got : -EEXIST;
	err = insert(db, t, peer);
	add->message.peer = t->peer;
	add->message.display = t->display;
	add->message.id = t->sid;
	add->message.body = t->name;
	add->message.kind = STORE_CHAT;
	add->message.direction = t->direction;
	add->message.file = true;
	if (!err)
		err = put_add(db, &add->message);
	add->n = add->message.n;
	return err;
}

void
store_transfer_add(struct store *s, struct store_transfer_add *add)
{
	add->job.run = add_run;
	add->job.reads = false;
	add->job.first = add->transfer.direction == STORE_IN;
	store_submit(s, &add->job);
}

static int
set_run(struct store_db *db, struct store_job *job)
{
	const struct store_transfer_set *set = container_of(job, struct store_transfer_set, job);
	sqlite3_stmt *stmt;
	if (set->transfer.size > INT64_MAX)
		return -EINVAL;
	int err = db_stmt(db,
	    "UPDATE transfer SET size = ?, files = ?, state = ?, prepared = ?, accepted = ?,"
	    " told = ?, paused_us = ?, paused_them = ?, from_start = ?, expires = ?,"
	    " offset = ?, token = ?, reason = ?, method = ?, place = ?, prefix = ?, hash = ?, "
	    "thumbnail = coalesce(?, thumbnail)"
	    " WHERE id = ?",
	    &stmt);
	if (err)
		return err;
	bind_changing(stmt, &set->transfer);
	(void)sqlite3_bind_int64(stmt, CHANGING + 1, set->transfer.id);
	err = db_run(db, stmt);
	return err ? err : sqlite3_changes(db->sql) > 0 ? 0 : -ENOENT;
}

void
store_transfer_set(struct store *s, struct store_transfer_set *set)
{
	set->job.run = set_run;
	set->job.reads = false;
	store_submit(s, &set->job);
}

static int
reached_run(struct store_db *db, struct store_job *job)
{
	const struct store_transfer_set *set = container_of(job, struct store_transfer_set, job);
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "UPDATE transfer SET offset = ?, prefix = ? WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, (int64_t)set->transfer.offset);
	bind_digest(stmt, 2, set->transfer.has_prefix, set->transfer.prefix);
	(void)sqlite3_bind_int64(stmt, 3, set->transfer.id);
	err = db_run(db, stmt);
	return err ? err : sqlite3_changes(db->sql) > 0 ? 0 : -ENOENT;
}

void
store_transfer_reached(struct store *s, struct store_transfer_set *set)
{
	set->job.run = reached_run;
	set->job.reads = false;
	set->job.late = true;
	store_submit(s, &set->job);
}

static int
forget_run(struct store_db *db, struct store_job *job)
{
	const struct store_transfer_forget *f =
	    container_of(job, struct store_transfer_forget, job);
	sqlite3_stmt *stmt;
	int err = db_stmt(db, "DELETE FROM transfer WHERE id = ?", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, f->id);
	db->now.wipe = true;
	return db_run(db, stmt);
}

void
store_transfer_forget(struct store *s, struct store_transfer_forget *forget)
{
	forget->job.run = forget_run;
	forget->job.reads = false;
	store_submit(s, &forget->job);
}

/* ---- reading ---- */

enum column {
	C_ID,
	C_PEER,
	C_DISPLAY,
	C_DIRECTION,
	C_SID,
	C_NAME,
	C_MEDIA,
	C_DESCRIPTION,
	C_SIZE,
	C_FOLDER,
	C_FILES,
	C_MTIME,
	C_WIDTH,
	C_HEIGHT,
	C_DURATION,
	C_THUMBNAIL,
	C_THUMBNAIL_MEDIA,
	C_TOKEN,
	C_SPOOL,
	C_TRUST,
	C_AT,
	C_AUTOMATIC,
	C_STATE,
	C_PREPARED,
	C_ACCEPTED,
	C_TOLD,
	C_PAUSED_US,
	C_PAUSED_THEM,
	C_FROM_START,
	C_REASON,
	C_METHOD,
	C_PLACE,
	C_EXPIRES,
	C_OFFSET,
	C_PREFIX,
	C_HASH,
};

#define COLUMNS \
	"t.id, p.name, p.display, t.direction, t.sid, t.name, t.media, t.description, t.size," \
	" t.folder, t.files, t.mtime, t.width, t.height, t.duration, t.thumbnail," \
	" t.thumbnail_media, t.token, t.spool, t.trust, t.at, t.automatic, t.state, t.prepared," \
	" t.accepted, t.told, t.paused_us, t.paused_them, t.from_start, t.reason," \
	" t.method, t.place, t.expires, t.offset, t.prefix, t.hash"

static bool
read_digest(sqlite3_stmt *stmt, int column, uint8_t out[STORE_DIGEST_SIZE])
{
	const void *blob = sqlite3_column_blob(stmt, column);
	if (!blob || sqlite3_column_bytes(stmt, column) != STORE_DIGEST_SIZE)
		return false;
	memcpy(out, blob, STORE_DIGEST_SIZE);
	return true;
}

/* Another process may have written anything: what is not a number of its kind is none. */
static uint32_t
read_u32(sqlite3_stmt *stmt, int column)
{
	int64_t n = sqlite3_column_int64(stmt, column);
	return n < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

static uint64_t
read_u64(sqlite3_stmt *stmt, int column)
{
	int64_t n = sqlite3_column_int64(stmt, column);
	return n < 0 ? 0 : (uint64_t)n;
}

static int
read_texts(sqlite3_stmt *stmt, void **blocks, struct store_transfer *t)
{
	const char **const text[] = {&t->peer, &t->display, &t->sid, &t->name, &t->media,
	    &t->description, &t->thumbnail_media, &t->token, &t->spool, &t->reason, &t->method,
	    &t->place};
	static const int column[] = {C_PEER, C_DISPLAY, C_SID, C_NAME, C_MEDIA, C_DESCRIPTION,
	    C_THUMBNAIL_MEDIA, C_TOKEN, C_SPOOL, C_REASON, C_METHOD, C_PLACE};
	for (size_t i = 0; i < ARRAY_LEN(column); i++)
		if (row_text(stmt, column[i], blocks, text[i]))
			return -ENOMEM;
	const void *blob = sqlite3_column_blob(stmt, C_THUMBNAIL);
	int len = sqlite3_column_bytes(stmt, C_THUMBNAIL);
	if (!blob || len <= 0 || len > LIMIT_THUMBNAIL)
		return 0;
	t->thumbnail = blocks_add(blocks, blob, (size_t)len);
	t->thumbnail_len = (size_t)len;
	return t->thumbnail ? 0 : -ENOMEM;
}

static int
transfer_read(sqlite3_stmt *stmt, void **blocks, struct store_transfer *out)
{
	*out = (struct store_transfer){
	    .id = sqlite3_column_int64(stmt, C_ID),
	    .direction = sqlite3_column_int(stmt, C_DIRECTION) == STORE_OUT ? STORE_OUT : STORE_IN,
	    .size = read_u64(stmt, C_SIZE),
	    .folder = sqlite3_column_int(stmt, C_FOLDER) != 0,
	    .files = read_u32(stmt, C_FILES),
	    .mtime = sqlite3_column_int64(stmt, C_MTIME),
	    .width = read_u32(stmt, C_WIDTH),
	    .height = read_u32(stmt, C_HEIGHT),
	    .duration = read_u32(stmt, C_DURATION),
	    .trust = store_trust_from(sqlite3_column_int64(stmt, C_TRUST)),
	    .at = sqlite3_column_int64(stmt, C_AT),
	    .automatic = sqlite3_column_int(stmt, C_AUTOMATIC) != 0,
	    .state = sqlite3_column_int(stmt, C_STATE),
	    .prepared = sqlite3_column_int(stmt, C_PREPARED) != 0,
	    .accepted = sqlite3_column_int(stmt, C_ACCEPTED) != 0,
	    .told = sqlite3_column_int(stmt, C_TOLD) != 0,
	    .paused_us = sqlite3_column_int(stmt, C_PAUSED_US) != 0,
	    .paused_them = sqlite3_column_int(stmt, C_PAUSED_THEM) != 0,
	    .from_start = sqlite3_column_int(stmt, C_FROM_START) != 0,
	    .expires = sqlite3_column_int64(stmt, C_EXPIRES),
	    .offset = read_u64(stmt, C_OFFSET),
	};
	out->has_prefix = read_digest(stmt, C_PREFIX, out->prefix);
	out->has_hash = read_digest(stmt, C_HASH, out->hash);
	return read_texts(stmt, blocks, out);
}

static int
fill(struct store_db *db, sqlite3_stmt *stmt, struct store_transfers *all)
{
	int got;
	size_t cap = 0;
	while ((got = db_step(db, stmt)) == 1) {
		if (all->count == cap) {
			cap = cap ? 2 * cap : 64;
			struct store_transfer *at = realloc(all->at, cap * sizeof(*at));
			if (!at) {
				got = -ENOMEM;
				break;
			}
			all->at = at;
		}
		got = transfer_read(stmt, &all->blocks, &all->at[all->count]);
		if (got)
			break;
		all->count++;
	}
	(void)sqlite3_reset(stmt);
	return got;
}

static int
list_run(struct store_db *db, struct store_job *job)
{
	struct store_transfers *all = container_of(job, struct store_transfers, job);
	sqlite3_stmt *stmt;
	store_transfers_finish(all);
	int err = db_stmt(db,
	    "DELETE FROM transfer WHERE state >= ?1 AND id <= (SELECT id FROM transfer"
	    " WHERE state >= ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRANSFER_FINAL);
	(void)sqlite3_bind_int64(stmt, 2, (int64_t)all->limit);
	err = db_run(db, stmt);
	/* unfinished ones first, so that a file with too many of others holds none of them up */
	if (!err)
		err = db_stmt(db,
		    "SELECT " COLUMNS " FROM transfer t CROSS JOIN peer p ON p.id = t.peer"
		    " ORDER BY t.state >= ?1, t.id LIMIT ?2",
		    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRANSFER_FINAL);
	(void)sqlite3_bind_int64(stmt, 2, (int64_t)all->limit + LIMIT_TRANSFERS);
	err = fill(db, stmt, all);
	if (err)
		store_transfers_finish(all);
	return err;
}

void
store_transfers(struct store *s, struct store_transfers *all)
{
	all->at = NULL;
	all->blocks = NULL;
	all->job.run = list_run;
	all->job.reads = false;
	store_submit(s, &all->job);
}

void
store_transfers_finish(struct store_transfers *all)
{
	free(all->at);
	blocks_free(all->blocks);
	all->at = NULL;
	all->blocks = NULL;
	all->count = 0;
}

/* ---- rules ---- */

static int
rule_set_run(struct store_db *db, struct store_job *job)
{
	const struct store_transfer_rule_set *set =
	    container_of(job, struct store_transfer_rule_set, job);
	const struct store_transfer_rule *rule = &set->rule;
	sqlite3_stmt *stmt = NULL;
	int64_t peer;
	if (rule->size > INT64_MAX || rule->daily > INT64_MAX)
		return -EINVAL;
	int err = db_peer_find(db, rule->peer, &peer);
	if (err == -ENOENT && set->off)
		return 0;
	if (!err)
		err = set->off
			  ? db_stmt(db, "DELETE FROM transfer_rule WHERE peer = ?", &stmt)
			  : db_stmt(
				db, "INSERT OR REPLACE INTO transfer_rule VALUES (?, ?, ?)", &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, peer);
	if (!set->off) {
		(void)sqlite3_bind_int64(stmt, 2, (int64_t)rule->size);
		(void)sqlite3_bind_int64(stmt, 3, (int64_t)rule->daily);
	}
	return db_run(db, stmt);
}

void
store_transfer_rule_set(struct store *s, struct store_transfer_rule_set *set)
{
	set->job.run = rule_set_run;
	set->job.reads = false;
	store_submit(s, &set->job);
}

static int
rules_run(struct store_db *db, struct store_job *job)
{
	struct store_transfer_rules *rules = container_of(job, struct store_transfer_rules, job);
	sqlite3_stmt *stmt;
	int got = 0;
	store_transfer_rules_finish(rules);
	rules->at = calloc(LIMIT_PEOPLE_KNOWN, sizeof(*rules->at));
	if (!rules->at)
		return -ENOMEM;
	int err = db_stmt(db,
	    "SELECT p.name, r.size, r.daily FROM transfer_rule r CROSS JOIN peer p"
	    " ON p.id = r.peer LIMIT ?",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, LIMIT_PEOPLE_KNOWN);
	while (!err && rules->count < LIMIT_PEOPLE_KNOWN && (got = db_step(db, stmt)) == 1) {
		struct store_transfer_rule *rule = &rules->at[rules->count++];
		err = row_text(stmt, 0, &rules->blocks, &rule->peer);
		rule->size = read_u64(stmt, 1);
		rule->daily = read_u64(stmt, 2);
	}
	(void)sqlite3_reset(stmt);
	if (!err && got < 0)
		err = got;
	if (err)
		store_transfer_rules_finish(rules);
	return err;
}

void
store_transfer_rules(struct store *s, struct store_transfer_rules *rules)
{
	rules->at = NULL;
	rules->blocks = NULL;
	rules->job.run = rules_run;
	rules->job.reads = true;
	store_submit(s, &rules->job);
}

void
store_transfer_rules_finish(struct store_transfer_rules *rules)
{
	free(rules->at);
	blocks_free(rules->blocks);
	rules->at = NULL;
	rules->blocks = NULL;
	rules->count = 0;
}
