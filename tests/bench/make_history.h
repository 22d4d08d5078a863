/* A history of many messages, made in the store's own file without its thread: about fifty people,
 * of whom some say far more than others, words as unevenly frequent as those of a language,
 * corrections and reactions among them. The same seed makes the same history. */
#ifndef TESTS_BENCH_MAKE_HISTORY_H
#define TESTS_BENCH_MAKE_HISTORY_H

#include "base/err.h"
#include "store/index.h"
#include "store/log.h"
#include "store/open.h"
#include "store/row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	HISTORY_PEOPLE = 50, /* the last of them says one message in 10,000 */
	HISTORY_WORDS = 30000,
	HISTORY_BATCH = 20000, /* messages of one transaction */
	HISTORY_SPECIAL = 40,  /* one in so many is corrected, or reacted to */
};

struct history {
	struct store_db db;
	uint64_t random;
	char word[HISTORY_WORDS][24];
	double weight[HISTORY_WORDS]; /* sums, for a search */
	double share[HISTORY_PEOPLE];
	int64_t peer[HISTORY_PEOPLE];
	int64_t time;
};

static inline uint32_t
history_random(struct history *h, uint32_t below)
{
	h->random ^= h->random << 13;
	h->random ^= h->random >> 7;
	h->random ^= h->random << 17;
	return (uint32_t)(h->random >> 32) % below;
}

static inline size_t
history_pick(struct history *h, const double *sums, size_t count)
{
	double at = sums[count - 1] * history_random(h, 1u << 30) / (1u << 30);
	size_t low = 0, high = count - 1;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (sums[middle] > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Frequent words are short ones. */
static inline void
history_make_words(struct history *h)
{
	static const char consonants[] = "bcdfghklmnprstvwz", vowels[] = "aeiou";
	double sum = 0;
	for (uint32_t i = 0; i < HISTORY_WORDS; i++) {
		unsigned syllables = (i > 600 ? 3 : i > 20 ? 2 : 1) + history_random(h, 2);
		size_t len = 0;
		for (unsigned k = 0; k < syllables; k++) {
			h->word[i][len++] = consonants[history_random(h, sizeof(consonants) - 1)];
			h->word[i][len++] = vowels[history_random(h, sizeof(vowels) - 1)];
			if (history_random(h, 5) < 2)
				h->word[i][len++] = "nrstl"[history_random(h, 5)];
		}
		h->word[i][len] = '\0';
		h->weight[i] = sum += 1 / (i + 2.7);
	}
}

static inline int
history_make_people(struct history *h)
{
	double sum = 0;
	for (int i = 0; i < HISTORY_PEOPLE; i++) {
		char name[64], display[64];
		(void)snprintf(name, sizeof(name), "person%d@desk%d", i, i);
		(void)snprintf(display, sizeof(display), "Person %d", i);
		int err = db_peer(&h->db, name, display, &h->peer[i]);
		if (err)
			return err;
		h->share[i] = sum += i == HISTORY_PEOPLE - 1 ? sum / 10000 : 1.0 / (i + 1);
	}
	return 0;
}

static inline void
history_say(struct history *h, char *out, size_t size)
{
	static const unsigned lengths[] = {2, 4, 6, 9, 12, 16, 22};
	unsigned words = lengths[history_random(h, ARRAY_LEN(lengths))];
	size_t len = 0;
	for (unsigned i = 0; i < words && len + 24 < size; i++)
		len += (size_t)snprintf(out + len, size - len, "%s%s", i ? " " : "",
		    h->word[history_pick(h, h->weight, HISTORY_WORDS)]);
}

struct history_row {
	int64_t n, peer;
	int direction, kind;
	const char *id, *target, *body;
};

static inline int
history_insert(struct history *h, const struct history_row *row)
{
	sqlite3_stmt *stmt;
	char stanza[2048];
	int len = snprintf(stanza, sizeof(stanza),
	    "<message type='chat' id='%s'><body>%s</body><html "
	    "xmlns='http://jabber.org/protocol/xhtml-im'><body>%s</body></html></message>",
	    row->id, row->body, row->body);
	int err = db_stmt(&h->db,
	    "INSERT INTO message (n, peer, direction, kind, state, origin, markable, said_at, "
	    "stored_at, id, target, body, stanza) VALUES (?, ?, ?, ?, ?, 1, 0, ?, ?, ?, ?, ?, ?)",
	    &stmt);
	if (err)
		return err;
	(void)sqlite3_bind_int64(stmt, 1, row->n);
	(void)sqlite3_bind_int64(stmt, 2, row->peer);
	(void)sqlite3_bind_int(stmt, 3, row->direction);
	(void)sqlite3_bind_int(stmt, 4, row->kind);
	(void)sqlite3_bind_int(stmt, 5, row->direction == STORE_OUT ? STORE_DELIVERED : STORE_SEEN);
	(void)sqlite3_bind_int64(stmt, 6, h->time - (int64_t)history_random(h, 3000));
	(void)sqlite3_bind_int64(stmt, 7, h->time);
	db_bind_text(stmt, 8, row->id);
	db_bind_text(stmt, 9, row->target);
	db_bind_text(stmt, 10, row->body);
	(void)sqlite3_bind_blob(stmt, 11, stanza, len, SQLITE_STATIC);
	return db_run(&h->db, stmt);
}

static inline int
history_special(struct history *h, const struct history_row *of)
{
	sqlite3_stmt *stmt = NULL;
	char body[512] = "\xf0\x9f\x91\x8d", id[40];
	struct history_row row = {db_next(&h->db), of->peer, of->direction,
	    history_random(h, 2) ? STORE_CORRECTION : STORE_REACTION, id, of->id, body};
	bool corrected = row.kind == STORE_CORRECTION;
	(void)snprintf(id, sizeof(id), "%016" PRIx64 "%08" PRIx32, h->random, (uint32_t)row.n);
	if (corrected)
		history_say(h, body, sizeof(body));
	int err = history_insert(h, &row);
	if (!err)
		err = corrected
			  ? db_stmt(&h->db,
				"UPDATE message SET body = ?1, edited_at = stored_at WHERE n = ?2",
				&stmt)
			  : db_stmt(&h->db,
				"INSERT INTO reaction (body, of, by) VALUES (?1, ?2, 0)", &stmt);
	if (err)
		return err;
	db_bind_text(stmt, 1, body);
	(void)sqlite3_bind_int64(stmt, 2, of->n);
	err = db_run(&h->db, stmt);
	return err ? err
		   : row_event(&h->db, corrected ? STORE_EVENT_CORRECTED : STORE_EVENT_REACTION,
			 of->n, of->direction, body);
}

static inline int
history_message(struct history *h)
{
	char body[512], id[40];
	struct history_row row = {.n = db_next(&h->db), .id = id, .body = body};
	row.peer = h->peer[history_pick(h, h->share, HISTORY_PEOPLE)];
	row.direction = (int)history_random(h, 2);
	h->time += history_random(h, 200000);
	(void)snprintf(id, sizeof(id), "%016" PRIx64 "%08" PRIx32, h->random, (uint32_t)row.n);
	history_say(h, body, sizeof(body));
	int err = history_insert(h, &row);
	if (!err && history_random(h, HISTORY_SPECIAL) == 0)
		err = history_special(h, &row);
	return err;
}

static inline int
history_fill(struct history *h, long count)
{
	int err = db_exec(&h->db, "BEGIN");
	history_make_words(h);
	if (!err)
		err = history_make_people(h);
	for (long i = 0; !err && i < count; i++) {
		if (i % HISTORY_BATCH == HISTORY_BATCH - 1)
			err = db_exec(&h->db, "COMMIT; BEGIN");
		if (!err)
			err = history_message(h);
	}
	return err ? err : db_exec(&h->db, "COMMIT");
}

static inline int
history_index(struct history *h)
{
	bool more = true;
	int err = 0;
	while (!err && more) {
		err = db_exec(&h->db, "BEGIN");
		if (!err)
			err = index_step(&h->db, HISTORY_BATCH, &more);
		if (!err)
			err = db_exec(&h->db, "COMMIT");
	}
	return err;
}

static inline int
history_make(const char *path, long count, uint64_t seed, bool indexed)
{
	struct store_report report;
	struct history *h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->random = seed * 0x9e3779b97f4a7c15u + 1;
	h->time = 1500000000000;
	int err = open_db(path, store_schema, &h->db, &report);
	/* a file that is only being made may be lost */
	if (!err)
		err =
		    db_exec(&h->db, "PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 20000;");
	if (!err)
		err = history_fill(h, count);
	if (!err && indexed)
		err = history_index(h);
	db_finish(&h->db);
	free(h);
	return err;
}

#endif
