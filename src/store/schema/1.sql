-- What the store keeps. Times are ms of the wall clock; "n" are numbers of the log, given to
-- messages and events alike, ascending, never used twice.

CREATE TABLE meta (
	key TEXT PRIMARY KEY,
	value ANY
) STRICT, WITHOUT ROWID;

CREATE TABLE peer (
	id INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE COLLATE NOCASE, -- the instance name
	display TEXT NOT NULL,
	mark INTEGER NOT NULL DEFAULT 0           -- rows of ours up to this may have been sent
) STRICT;

CREATE TABLE message (
	n INTEGER PRIMARY KEY,
	peer INTEGER NOT NULL,
	direction INTEGER NOT NULL,               -- enum store_direction
	kind INTEGER NOT NULL,                    -- enum store_kind
	state INTEGER NOT NULL,                   -- enum store_state
	origin INTEGER NOT NULL,                  -- in: the id is an origin-id
	markable INTEGER NOT NULL,                -- in: a displayed marker is wanted (XEP-0333)
	retracted INTEGER NOT NULL DEFAULT 0,
	said_at INTEGER NOT NULL,
	stored_at INTEGER NOT NULL,
	edited_at INTEGER NOT NULL DEFAULT 0,
	expires INTEGER NOT NULL DEFAULT 0,       -- out: on the store's age, 0: never
	id TEXT NOT NULL,
	target TEXT,                              -- id of the message it is about
	token TEXT,                               -- out: of the client that said it
	reason TEXT,                              -- out: why it failed
	body TEXT NOT NULL,                       -- as it reads now
	stanza BLOB
) STRICT;

CREATE INDEX message_conversation ON message (peer, kind, n);
CREATE INDEX message_id ON message (peer, id) WHERE id <> '';
CREATE INDEX message_queued ON message (peer, state, n, kind) WHERE state = 0;
CREATE INDEX message_unread ON message (peer, state, n) WHERE state = 6;
CREATE INDEX message_correction ON message (peer, target) WHERE kind = 1;
CREATE UNIQUE INDEX message_token ON message (peer, token) WHERE token IS NOT NULL;

-- The latest reactions of either side to a message.
CREATE TABLE reaction (
	of INTEGER NOT NULL,
	by INTEGER NOT NULL,                      -- enum store_direction
	body TEXT NOT NULL,
	PRIMARY KEY (of, by)
) STRICT, WITHOUT ROWID;

-- What happened to messages; that they came stands in message itself. Events of messages that are no
-- more may be left for a while: who reads passes over them. value: of STATE the state;
-- of CORRECTED, RETRACTED and REACTION the direction of who did it; of FORGOTTEN `before`.
-- text: of STATE the reason; of FORGOTTEN the person's name, "" for everybody.
CREATE TABLE event (
	n INTEGER PRIMARY KEY,
	of INTEGER NOT NULL,                      -- message.n; 0: of none
	kind INTEGER NOT NULL,                    -- enum store_event_kind
	value INTEGER NOT NULL,
	text TEXT
) STRICT;

-- What was received and forgotten, and must not come back.
CREATE TABLE forgotten (
	hash INTEGER PRIMARY KEY,                 -- of peer and origin-id, with meta.salt
	at INTEGER NOT NULL
) STRICT;

CREATE TABLE cursor (
	name TEXT PRIMARY KEY,
	n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Filled behind the messages, up to meta.indexed; a search catches up first. peer and direction are
-- words too, so that whose messages are searched costs no look at each message.
CREATE VIRTUAL TABLE words USING fts5 (
	body,
	peer,
	direction,
	content = 'message',
	content_rowid = 'n',
	tokenize = "unicode61 remove_diacritics 2"
);

-- Between which times (said_at) the messages of 1,024 numbers were said, also up to meta.indexed. The
-- order of numbers is not that of times, but a page of a certain time need look at few blocks.
CREATE TABLE span (
	block INTEGER PRIMARY KEY,                -- n / 1024
	low INTEGER NOT NULL,
	high INTEGER NOT NULL
) STRICT;

-- What is being forgotten at present, in steps: one row or none.
CREATE TABLE forgetting (
	ticket INTEGER PRIMARY KEY,
	peer INTEGER NOT NULL,                    -- 0: everybody
	before INTEGER NOT NULL,                  -- stored_at
	queued INTEGER NOT NULL,                  -- what waits to be sent, too
	upto INTEGER NOT NULL,                    -- messages up to this number
	stage INTEGER NOT NULL,
	kind INTEGER NOT NULL,                    -- of a person's messages: those looked at next ...
	at INTEGER NOT NULL,                      -- ... up to this number it has been done
	count INTEGER NOT NULL                    -- messages deleted
) STRICT;
