#include "store/contact.h"
#include "base/err.h"
#include "base/str.h"
#include "base/tr.h"
#include "store/queue.h"
#include "store/row.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- putting ---- */

static bool
too_long(const char *text, size_t most)
{
	return text && strlen(text) > most;
}

static int
is_valid(const struct store_contact_put *put)
{
	const struct store_contact *c = &put->contact;
	bool keyless = c->trust == STORE_TRUST_PLAIN || c->trust == STORE_TRUST_NEW;
	if (str_empty(c->name) || (c->has_key ? c->trust == STORE_TRUST_PLAIN : !keyless))
		return -EINVAL;
	return too_long(c->name, LIMIT_LABEL) || too_long(c->display, LIMIT_LABEL) ||
		       too_long(c->instance, LIMIT_LABEL) || too_long(c->via, LIMIT_LABEL) ||
		       too_long(put->cause, LIMIT_LABEL) ||
		       too_long(c->addresses, LIMIT_ADDRESSES_TEXT)
		   ? ERR_TOO_BIG
		   : 0;
}

/* What there is of it. */
struct known {
	int64_t id; /* 0: nothing */
	bool has_key, blocked, same_key;
	enum store_trust trust;
};

static int
look(struct store_db *db, const struct store_contact *c, struct known *out)
{
	sqlite3_stmt *stmt;
	*out = (struct known){0};
	int got = db_stmt(db,
	    "SELECT id, key IS NOT NULL, key IS ?2, trust, blocked FROM peer WHERE name = ?1",
	    &stmt);
	if (got)
		return got;
	db_bind_text(stmt, 1, c->name);
	if (c->has_key)
		(void)sqlite3_bind_blob(stmt, 2, c->key, STORE_KEY_SIZE, SQLITE_STATIC);
	got = db_step(db, stmt);
	if (got <= 0)
		return got;
	out->id = sqlite3_column_int64(stmt, 0);
	out->has_key = sqlite3_column_int(stmt, 1) != 0;
	out->same_key = sqlite3_column_int(stmt, 2) != 0;
	out->trust = store_trust_from(sqlite3_column_int64(stmt, 3));
	out->blocked = sqlite3_column_int(stmt, 4) != 0;
	(void)sqlite3_reset(stmt);
	return 0;
}

/* One number; the fallback where there is none. */
static int
ask(struct store_db *db, sqlite3_stmt *stmt, int64_t *out)
{
	int got = db_step(db, stmt);
	if (got > 0)
		*out = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_reset(stmt);
	return got < 0 ? got : 0;
}

static int
run_of(struct store_db *db, const char *sql, int64_t id)
{
	sqlite3_stmt *stmt;
	int err = db_stmt(db, sql, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, id);
	return db_run(db, stmt);
}

/* What the log is to tell of it: its name as it is written there, and what it is called. */
static int
read_names(struct store_db *db, int64_t id, void **blocks, struct store_contact *out)
{
	sqlite3_stmt *stmt;
	int got = db_stmt(db, "SELECT name, display FROM peer WHERE id = ?", &stmt);
	if (got)
		return got;
	(void)sqlite3_bind_int64(stmt, 1, id);
	got = db_step(db, stmt);
	if (got <= 0)
		return got < 0 ? got : -ENOENT;
	int err = row_text(stmt, 0, blocks, &out->name);
	if (!err)
		err = row_text(stmt, 1, blocks, &out->display);
	(void)sqlite3_reset(stmt);
	return err;
}

static int
forget_known(struct store_db *db, const struct known *known, const char *cause)
{
	struct store_contact is = {.trust = STORE_TRUST_PLAIN, .blocked = known->blocked};
	void *blocks = NULL;
	int err = read_names(db, known->id, &blocks, &is);
	/* it was meant for that key, and must not be said to whoever comes next */
	if (!err && known->has_key)
		err = queue_fail_all(db, known->id,
		    TR("the key that it was for was forgotten; it may have arrived"));
	/* whose files were accepted was that key */
	if (!err)
		err = run_of(db, "DELETE FROM transfer_rule WHERE peer = ?", known->id);
	if (!err)
		err = run_of(db,
		    "UPDATE peer SET key = NULL, trust = 0, via = NULL, instance = NULL,"
		    " addresses = NULL, seen_at = 0 WHERE id = ?",
		    known->id);
	if (!err)
		err = run_of(db,
		    "DELETE FROM peer WHERE id = ? AND blocked = 0"
		    " AND NOT EXISTS (SELECT 1 FROM message WHERE peer = peer.id)"
		    " AND NOT EXISTS (SELECT 1 FROM transfer WHERE peer = peer.id)",
		    known->id);
	if (!err && known->has_key)
		err = contact_changed(db, &is, known->trust, cause);
	db_forget_peer(db);
	/* where it was, who introduced it: nothing of that may be left in the file */
	db->now.wipe = true;
	blocks_free(blocks);
	return err;
}

/* Another contact has the key: one that was but refused under it gives it up, for it is known now
 * whose it is. -EEXIST: it is somebody else's. */
static int
claim_key(struct store_db *db, const struct store_contact *c, int64_t id)
{
	sqlite3_stmt *stmt;
	struct known holder = {.has_key = true};
	int err = db_stmt(db,
	    "SELECT id, trust, blocked FROM peer WHERE key = ? AND key IS NOT NULL AND id <> ?",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_blob(stmt, 1, c->key, STORE_KEY_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 2, id);
	int got = db_step(db, stmt);
	if (got <= 0)
		return got;
	holder.id = sqlite3_column_int64(stmt, 0);
	holder.trust = store_trust_from(sqlite3_column_int64(stmt, 1));
	holder.blocked = sqlite3_column_int(stmt, 2) != 0;
	(void)sqlite3_reset(stmt);
	bool refused = holder.trust == STORE_TRUST_CHANGED && c->trust != STORE_TRUST_CHANGED;
	return refused ? forget_known(db, &holder, NULL) : -EEXIST;
}

/* Names and keys cost an attacker nothing. What a human has looked at, or spoken with, stays. */
static int
make_room(struct store_db *db)
{
	sqlite3_stmt *stmt;
	int64_t count = 0;
	int err = db_stmt(db, "SELECT count(*) FROM peer WHERE key IS NOT NULL", &stmt);
	if (!err)
		err = ask(db, stmt, &count);
	if (err || count < LIMIT_PEOPLE_KNOWN)
		return err;
	err = db_stmt(db,
	    "DELETE FROM peer WHERE id = (SELECT id FROM peer WHERE key IS NOT NULL AND trust IN"
	    " (?, ?) AND blocked = 0 AND NOT EXISTS (SELECT 1 FROM message WHERE peer = peer.id)"
	    " AND NOT EXISTS (SELECT 1 FROM transfer WHERE peer = peer.id)"
	    " ORDER BY seen_at, id LIMIT 1)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRUST_NEW);
	(void)sqlite3_bind_int(stmt, 2, STORE_TRUST_CHANGED);
	err = db_run(db, stmt);
	db_forget_peer(db);
	return err ? err : sqlite3_changes(db->sql) > 0 ? 0 : ERR_TOO_BIG;
}

static int
write(struct store_db *db, const struct store_contact *c, int64_t id)
{
	sqlite3_stmt *stmt;
	int err =
	    id ? db_stmt(db,
		     "UPDATE peer SET display = ?, instance = ?, key = ?, trust = ?, via = ?,"
		     " blocked = ?, addresses = ?, seen_at = ? WHERE id = ?",
		     &stmt)
	       : db_stmt(db,
		     "INSERT INTO peer (display, instance, key, trust, via, blocked, addresses,"
		     " seen_at, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		     &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, c->display ? c->display : c->name);
	db_bind_text(stmt, 2, c->instance);
	if (c->has_key)
		(void)sqlite3_bind_blob(stmt, 3, c->key, STORE_KEY_SIZE, SQLITE_STATIC);
	(void)sqlite3_bind_int64(stmt, 4, c->trust);
	db_bind_text(stmt, 5, c->via);
	(void)sqlite3_bind_int(stmt, 6, c->blocked);
	db_bind_text(stmt, 7, c->addresses);
	(void)sqlite3_bind_int64(stmt, 8, c->seen_at);
	if (id)
		(void)sqlite3_bind_int64(stmt, 9, id);
	else
		db_bind_text(stmt, 9, c->name);
	db_forget_peer(db);
	return db_run(db, stmt);
}

static int
put_run(struct store_db *db, struct store_job *job)
{
	struct store_contact_put *put = container_of(job, struct store_contact_put, job);
	const struct store_contact *c = &put->contact;
	struct known known = {0};
	put->changed = false;
	int err = is_valid(put);
	if (!err)
		err = look(db, c, &known);
	if (!err && known.has_key && !c->has_key)
		err = -EINVAL;
	if (!err && c->has_key)
		err = claim_key(db, c, known.id);
	if (!err && c->has_key && !known.has_key)
		err = make_room(db);
	/* whose files were accepted was the key that it had */
	if (!err && known.has_key && !known.same_key)
		err = run_of(db, "DELETE FROM transfer_rule WHERE peer = ?", known.id);
	if (!err)
		err = write(db, c, known.id);
	if (err)
		return err;
	put->changed = c->trust != known.trust || (c->has_key && !known.same_key) ||
		       c->blocked != known.blocked;
	return put->changed ? contact_changed(db, c, known.trust, put->cause) : 0;
}

void
store_contact_put(struct store *s, struct store_contact_put *put)
{
	put->job.run = put_run;
	put->job.reads = false;
	put->job.first = true;
	store_submit(s, &put->job);
}

/* ---- listing ---- */

static int
contact_read(sqlite3_stmt *stmt, void **blocks, struct store_contact *out)
{
	*out = (struct store_contact){
	    .trust = store_trust_from(sqlite3_column_int64(stmt, 4)),
	    .blocked = sqlite3_column_int(stmt, 6) != 0,
	    .seen_at = sqlite3_column_int64(stmt, 8),
	};
	const char **const text[] = {
	    &out->name, &out->display, &out->instance, &out->via, &out->addresses};
	static const int column[] = {0, 1, 2, 5, 7};
	for (size_t i = 0; i < ARRAY_LEN(column); i++)
		if (row_text(stmt, column[i], blocks, text[i]))
			return -ENOMEM;
	const void *key = sqlite3_column_blob(stmt, 3);
	out->has_key = key && sqlite3_column_bytes(stmt, 3) == STORE_KEY_SIZE;
	if (out->has_key)
		memcpy(out->key, key, STORE_KEY_SIZE);
	/* another process may have written anything: nobody is more than waited for without a key
	 */
	if (!out->has_key && out->trust != STORE_TRUST_NEW)
		out->trust = STORE_TRUST_PLAIN;
	else if (out->has_key && out->trust == STORE_TRUST_PLAIN)
		out->trust = STORE_TRUST_NEW;
	return 0;
}

static int
fill(struct store_db *db, sqlite3_stmt *stmt, struct store_contacts *contacts)
{
	int got;
	size_t cap = 0;
	while ((got = db_step(db, stmt)) == 1) {
		contacts->more = contacts->count == contacts->limit;
		if (contacts->more) {
			got = 0;
			break;
		}
		if (contacts->count == cap) {
			cap = cap ? 2 * cap : 64;
			struct store_contact *at = realloc(contacts->at, cap * sizeof(*at));
			if (!at) {
				got = -ENOMEM;
				break;
			}
			contacts->at = at;
		}
		got = contact_read(stmt, &contacts->blocks, &contacts->at[contacts->count]);
		if (got)
			break;
		contacts->count++;
	}
	(void)sqlite3_reset(stmt);
	return got;
}

static int
contacts_run(struct store_db *db, struct store_job *job)
{
	struct store_contacts *contacts = container_of(job, struct store_contacts, job);
	sqlite3_stmt *stmt;
	store_contacts_finish(contacts);
	int err = db_stmt(db,
	    "SELECT name, display, instance, key, trust, via, blocked, addresses, seen_at FROM peer"
	    " ORDER BY key IS NULL, NOT (blocked OR trust = ?), seen_at DESC, id LIMIT ?",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int(stmt, 1, STORE_TRUST_NEW);
	(void)sqlite3_bind_int64(stmt, 2, (int64_t)contacts->limit + 1);
	err = fill(db, stmt, contacts);
	if (err)
		store_contacts_finish(contacts);
	return err;
}

void
store_contacts(struct store *s, struct store_contacts *contacts)
{
	if (contacts->limit > STORE_CONTACTS_MAX)
		contacts->limit = STORE_CONTACTS_MAX;
	contacts->at = NULL;
	contacts->blocks = NULL;
	contacts->job.run = contacts_run;
	contacts->job.reads = true;
	store_submit(s, &contacts->job);
}

void
store_contacts_finish(struct store_contacts *contacts)
{
	free(contacts->at);
	blocks_free(contacts->blocks);
	contacts->at = NULL;
	contacts->blocks = NULL;
	contacts->count = 0;
	contacts->more = false;
}

/* ---- forgetting ---- */

static int
forget_run(struct store_db *db, struct store_job *job)
{
	struct store_contact_forget *forget = container_of(job, struct store_contact_forget, job);
	const struct store_contact named = {.name = forget->name};
	struct known known;
	forget->changed = false;
	if (too_long(forget->cause, LIMIT_LABEL))
		return ERR_TOO_BIG;
	int err = look(db, &named, &known);
	if (err || !known.id)
		return err;
	forget->changed = known.has_key;
	return forget_known(db, &known, forget->cause);
}

void
store_contact_forget(struct store *s, struct store_contact_forget *forget)
{
	forget->job.run = forget_run;
	forget->job.reads = false;
	forget->job.fence = true; /* what was said before it is among what fails */
	store_submit(s, &forget->job);
}
