#include "store/row.h"

#include <errno.h>
#include <stdlib.h>

/* Counts and the newest come from indexes alone; only the newest row of each is read. Left to
 * itself SQLite counts by way of all messages of the person. */
#define PEERS \
	"SELECT p.name, p.display, " \
	"(SELECT count(*) FROM message m INDEXED BY message_unread " \
	"WHERE m.peer = p.id AND m.state = 6), " \
	"(SELECT count(*) FROM message m INDEXED BY message_queued " \
	"WHERE m.peer = p.id AND m.state = 0 AND m.kind = 0), " \
	"q.last, l.said_at, q.waits, p.trust, " \
	"?2 AND p.key IS NULL AND EXISTS (SELECT 1 FROM message m INDEXED BY " \
	"message_conversation " \
	"WHERE m.peer = p.id AND m.direction = 1) FROM (SELECT id, (SELECT max(n) FROM message m " \
	"WHERE m.peer = peer.id AND m.kind = 0) AS last, EXISTS (SELECT 1 FROM message m " \
	"INDEXED BY message_queued WHERE m.peer = peer.id AND m.state = 0) AS waits FROM peer) q " \
	"CROSS JOIN peer p ON p.id = q.id LEFT JOIN message l ON l.n = q.last " \
	"WHERE q.last IS NOT NULL OR (?2 AND q.waits) " \
	"ORDER BY (?2 AND q.waits) DESC, q.last DESC LIMIT ?1"

static int
peer_read(sqlite3_stmt *stmt, void **blocks, struct store_peer *out)
{
	*out = (struct store_peer){
	    .unread = sqlite3_column_int64(stmt, 2),
	    .queued = sqlite3_column_int64(stmt, 3),
	    .last_n = sqlite3_column_int64(stmt, 4),
	    .last_at = sqlite3_column_int64(stmt, 5),
	    .waits = sqlite3_column_int(stmt, 6) != 0,
	    .trust = store_trust_from(sqlite3_column_int64(stmt, 7)),
	    .spoken = sqlite3_column_int(stmt, 8) != 0,
	};
	int err = row_text(stmt, 0, blocks, &out->name);
	return err ? err : row_text(stmt, 1, blocks, &out->display);
}

static int
peers_fill(struct store_db *db, sqlite3_stmt *stmt, struct store_peers *peers)
{
	int err;
	size_t cap = 0;
	while ((err = db_step(db, stmt)) == 1) {
		if (peers->count == cap) {
			cap = cap ? 2 * cap : 64;
			struct store_peer *at = realloc(peers->at, cap * sizeof(*at));
			if (!at) {
				err = -ENOMEM;
				break;
			}
			peers->at = at;
		}
		err = peer_read(stmt, &peers->blocks, &peers->at[peers->count]);
		if (err)
			break;
		peers->count++;
	}
	(void)sqlite3_reset(stmt);
	return err;
}

static int
peers_run(struct store_db *db, struct store_job *job)
{
	struct store_peers *peers = container_of(job, struct store_peers, job);
	sqlite3_stmt *stmt;
	store_peers_finish(peers);
	int err = db_stmt(db, PEERS, &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, (int64_t)peers->limit);
	(void)sqlite3_bind_int(stmt, 2, peers->waiting_first);
	err = peers_fill(db, stmt, peers);
	if (err)
		store_peers_finish(peers);
	return err;
}

void
store_peers(struct store *s, struct store_peers *peers)
{
	if (peers->limit > LIMIT_PEOPLE_KNOWN)
		peers->limit = LIMIT_PEOPLE_KNOWN;
	peers->at = NULL;
	peers->count = 0;
	peers->blocks = NULL;
	peers->job.run = peers_run;
	peers->job.reads = true;
	store_submit(s, &peers->job);
}

void
store_peers_finish(struct store_peers *peers)
{
	free(peers->at);
	blocks_free(peers->blocks);
	peers->at = NULL;
	peers->blocks = NULL;
	peers->count = 0;
}
