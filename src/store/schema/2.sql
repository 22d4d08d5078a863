-- Whose words they are: a contact is a key, or a name alone. What there was before is plain.

ALTER TABLE peer ADD COLUMN key BLOB;                            -- its id; NULL: a name alone
ALTER TABLE peer ADD COLUMN trust INTEGER NOT NULL DEFAULT 0;    -- enum store_trust
ALTER TABLE peer ADD COLUMN via TEXT;                            -- who introduced it
ALTER TABLE peer ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE peer ADD COLUMN instance TEXT;                       -- announced as; NULL: name
ALTER TABLE peer ADD COLUMN addresses TEXT;                      -- where it was last
ALTER TABLE peer ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;  -- ms, wall clock; 0: not known

CREATE UNIQUE INDEX peer_key ON peer (key) WHERE key IS NOT NULL;

-- What was known of the other side when it was said (enum store_trust). Never changed.
ALTER TABLE message ADD COLUMN trust INTEGER NOT NULL DEFAULT 0;

-- What became of trust: only added to, and the oldest of very many go. n is that of an event.
CREATE TABLE trust_change (
	n INTEGER PRIMARY KEY,
	name TEXT NOT NULL,                       -- of the contact, at that time
	display TEXT NOT NULL,
	key BLOB,                                 -- since then; NULL: none
	was INTEGER NOT NULL,                     -- enum store_trust
	became INTEGER NOT NULL,
	cause TEXT NOT NULL,
	at INTEGER NOT NULL                       -- ms, wall clock
) STRICT;
