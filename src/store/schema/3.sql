-- Files and folders on their way, offered and done. What it all means stands in store/transfer.h.

CREATE TABLE transfer (
	id INTEGER PRIMARY KEY AUTOINCREMENT,     -- f1, f2, ... for people: never used twice
	peer INTEGER NOT NULL,
	direction INTEGER NOT NULL,               -- enum store_direction
	sid TEXT NOT NULL,                        -- what both sides call it
	name TEXT NOT NULL,
	media TEXT,
	description TEXT,
	size INTEGER NOT NULL,
	folder INTEGER NOT NULL,
	files INTEGER NOT NULL,
	mtime INTEGER NOT NULL,                   -- s since 1970, 0: not known
	width INTEGER NOT NULL,
	height INTEGER NOT NULL,
	duration INTEGER NOT NULL,                -- ms
	thumbnail BLOB,
	thumbnail_media TEXT,
	token TEXT,                               -- of the porter
	spool TEXT,                               -- out: a file of ours, to be deleted
	trust INTEGER NOT NULL,                   -- in the person when it was offered
	at INTEGER NOT NULL,                      -- ms, wall clock
	automatic INTEGER NOT NULL,               -- in: a rule accepted it
	state INTEGER NOT NULL,                   -- enum job_state
	prepared INTEGER NOT NULL,
	accepted INTEGER NOT NULL,
	told INTEGER NOT NULL,
	paused_us INTEGER NOT NULL,
	paused_them INTEGER NOT NULL,
	from_start INTEGER NOT NULL,
	reason TEXT,
	method TEXT,
	place TEXT,                               -- in: what it is called in the end
	expires INTEGER NOT NULL,                 -- on the store's age
	offset INTEGER NOT NULL,                  -- in: so much is surely on disk ...
	prefix BLOB,                              -- ... with this SHA-256
	hash BLOB                                 -- SHA-256 of all of it, as the sender says
) STRICT;

CREATE UNIQUE INDEX transfer_sid ON transfer (peer, direction, sid);
CREATE INDEX transfer_state ON transfer (state);

-- Whose files are accepted without asking, up to which size and how much of a day.
CREATE TABLE transfer_rule (
	peer INTEGER PRIMARY KEY,
	size INTEGER NOT NULL,
	daily INTEGER NOT NULL
) STRICT;

-- It tells of a file: the text is its name, the id the transfer's.
ALTER TABLE message ADD COLUMN file INTEGER NOT NULL DEFAULT 0;
