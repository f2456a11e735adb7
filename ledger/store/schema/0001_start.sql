-- The first shape of a ledger. Never edited once released: a change is a new numbered file.
--
-- Three families, told apart because they live by different rules:
--   journal, payload, payload_erasure   what was said: append-only, chained, the only memory
--   folded tables                       what the journal means; `ledger rebuild` makes them again
--   caches and marks                    dirty, wake_*, cursor, seen, runtime: may be lost, costs a look

-------------------------------------------------------------------------------------------- memory

CREATE TABLE journal (
  seq   INTEGER PRIMARY KEY,
  at    TEXT NOT NULL,                 -- RFC 3339, UTC, microseconds
  actor TEXT NOT NULL,
  cycle TEXT NOT NULL,
  type  TEXT NOT NULL,                 -- the entry's name
  body  BLOB NOT NULL,                 -- the entry, canonical JSON: ids, versions, digests
  prev  BLOB NOT NULL,                 -- hash of the entry before; 32 zero bytes for the first
  hash  BLOB NOT NULL                  -- SHA-256 over prev and all of the above
) STRICT;

-- INSERT OR REPLACE slips past delete triggers of a careless connection, so order is checked here.
CREATE TRIGGER journal_continues BEFORE INSERT ON journal BEGIN
  SELECT RAISE(ABORT, 'journal: seq is not the next one')
  WHERE NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal);
  SELECT RAISE(ABORT, 'journal: prev is not the hash of the last entry')
  WHERE NEW.prev <> coalesce((SELECT hash FROM journal ORDER BY seq DESC LIMIT 1), zeroblob(32));
END;

CREATE TRIGGER journal_is_not_updated BEFORE UPDATE ON journal BEGIN
  SELECT RAISE(ABORT, 'journal: entries are never changed');
END;

CREATE TRIGGER journal_is_not_deleted BEFORE DELETE ON journal BEGIN
  SELECT RAISE(ABORT, 'journal: entries are never removed');
END;

CREATE TABLE payload (
  digest BLOB PRIMARY KEY,             -- HMAC-SHA256 of body under the ledger key
  key_id TEXT NOT NULL,
  body   BLOB NOT NULL
) STRICT;

-- Why a body is gone: a row here comes first, the body may go afterwards.
CREATE TABLE payload_erasure (
  digest BLOB PRIMARY KEY,
  at     TEXT NOT NULL,
  by     TEXT NOT NULL,
  reason TEXT NOT NULL
) STRICT;

CREATE TRIGGER payload_is_not_replaced BEFORE INSERT ON payload
WHEN EXISTS (SELECT 1 FROM payload WHERE digest = NEW.digest) BEGIN
  SELECT CASE WHEN (SELECT body FROM payload WHERE digest = NEW.digest) = NEW.body
    THEN RAISE(IGNORE)
    ELSE RAISE(ABORT, 'payload: a digest names one body for ever') END;
END;

CREATE TRIGGER payload_is_not_updated BEFORE UPDATE ON payload BEGIN
  SELECT RAISE(ABORT, 'payload: bodies are never changed');
END;

CREATE TRIGGER payload_is_not_deleted BEFORE DELETE ON payload
WHEN NOT EXISTS (SELECT 1 FROM payload_erasure WHERE digest = OLD.digest) BEGIN
  SELECT RAISE(ABORT, 'payload: a body goes only after its erasure is recorded');
END;

CREATE TRIGGER erasure_is_not_updated BEFORE UPDATE ON payload_erasure BEGIN
  SELECT RAISE(ABORT, 'payload_erasure: an erasure is never changed');
END;

CREATE TRIGGER erasure_is_not_deleted BEFORE DELETE ON payload_erasure BEGIN
  SELECT RAISE(ABORT, 'payload_erasure: an erasure is never removed');
END;

-------------------------------------------------------------------------------------------- folded

-- References interned: an integer in every other table instead of three texts.
CREATE TABLE object (
  id          INTEGER PRIMARY KEY,
  system      TEXT NOT NULL,
  kind        TEXT NOT NULL,
  external_id TEXT NOT NULL,
  UNIQUE (system, kind, external_id)
) STRICT;

-- The latest of each reference; narrow, the body is in payload.
CREATE TABLE head (
  object       INTEGER PRIMARY KEY REFERENCES object (id),
  version      TEXT NOT NULL,
  comparable   BLOB,                   -- NULL until readable content was seen
  payload      BLOB,
  seq          INTEGER NOT NULL,       -- entry that showed this content (not a mere version)
  tombstone    TEXT NOT NULL,          -- evidence of removal, '' while alive
  problem      BLOB,                   -- Problem as JSON while unreadable
  out_of_scope TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN
    ('live', 'inactive', 'removed', 'unreadable', 'out_of_scope'))
) STRICT;

-- Every reference belongs to exactly one record, and a record has one reference per system.
CREATE TABLE link (
  object INTEGER PRIMARY KEY REFERENCES object (id),
  record TEXT NOT NULL,
  system TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  UNIQUE (record, system)
) STRICT;

-- Keys under which a record is found again (names, SKU, code, e-mail), folded.
CREATE TABLE key (
  system TEXT NOT NULL,
  kind   TEXT NOT NULL,
  name   TEXT NOT NULL,
  value  TEXT NOT NULL,
  object INTEGER NOT NULL REFERENCES object (id),
  PRIMARY KEY (system, kind, name, value, object)
) STRICT, WITHOUT ROWID;
CREATE INDEX key_by_object ON key (object);

-- How many references are in each state of `head`, and how many are 'linked' with another system:
-- kept up to date entry by entry, because every cycle asks and nothing may scan for it.
CREATE TABLE tally (
  system TEXT NOT NULL,
  kind   TEXT NOT NULL,
  state  TEXT NOT NULL,
  count  INTEGER NOT NULL,
  PRIMARY KEY (system, kind, state)
) STRICT, WITHOUT ROWID;

-- Which entries concern a reference or a record: the history of one thing without a scan.
CREATE TABLE object_entry (
  object INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (object, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_entry (
  record TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (record, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline (
  record          TEXT NOT NULL,
  system          TEXT NOT NULL,
  image           BLOB NOT NULL,
  seq             INTEGER NOT NULL,
  mapping_version INTEGER NOT NULL,
  PRIMARY KEY (record, system)
) STRICT, WITHOUT ROWID;

CREATE TABLE operation (
  operation TEXT PRIMARY KEY,
  record    TEXT NOT NULL,
  digest    TEXT NOT NULL,
  payload   BLOB NOT NULL,
  state     TEXT NOT NULL CHECK (state IN
    ('planned', 'waiting', 'approved', 'intended', 'confirmed', 'rejected', 'withdrawn')),
  reason    TEXT NOT NULL,
  text      TEXT NOT NULL,             -- the gate's sentence, while it waits
  seq       INTEGER NOT NULL,          -- entry that led to this state
  at        TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operation_by_state ON operation (state, seq);
CREATE INDEX operation_by_record ON operation (record, state);
CREATE INDEX operation_by_digest ON operation (digest);

-- Definite answers per operation: the generation that request ids are derived from.
CREATE TABLE answer (
  operation TEXT PRIMARY KEY,
  count     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE intent (
  request  TEXT PRIMARY KEY,
  system   TEXT NOT NULL,
  first_at TEXT NOT NULL,
  at       TEXT NOT NULL,              -- of the latest attempt
  attempts INTEGER NOT NULL,
  open     INTEGER NOT NULL,
  seq      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX intent_open ON intent (seq) WHERE open = 1;
CREATE TABLE intent_item (
  request   TEXT NOT NULL,
  operation TEXT NOT NULL,
  record    TEXT NOT NULL,
  digest    TEXT NOT NULL,
  open      INTEGER NOT NULL,
  PRIMARY KEY (request, operation)
) STRICT, WITHOUT ROWID;
CREATE INDEX intent_item_open ON intent_item (record) WHERE open = 1;

CREATE TABLE rejection (
  record  TEXT NOT NULL,
  digest  TEXT NOT NULL,               -- of the refused operation
  system  TEXT NOT NULL,
  code    TEXT NOT NULL,
  message TEXT NOT NULL,
  field   TEXT NOT NULL,
  cure    TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (record, digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE resolution (
  record       TEXT NOT NULL,
  field        TEXT NOT NULL,
  take         TEXT NOT NULL,
  value_digest TEXT NOT NULL,
  seq          INTEGER NOT NULL,
  PRIMARY KEY (record, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
  record  TEXT NOT NULL,
  subject TEXT NOT NULL,
  code    TEXT NOT NULL,
  payload BLOB NOT NULL,
  since   TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (record, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_by_seq ON hold (seq);
CREATE INDEX hold_by_code ON hold (code, seq);

CREATE TABLE approval (
  digest     TEXT PRIMARY KEY,
  expires_at TEXT NOT NULL,            -- RFC 3339, UTC, microseconds: compares as text
  seq        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX approval_by_expiry ON approval (expires_at);

CREATE TABLE pin (
  system      TEXT PRIMARY KEY,
  fingerprint TEXT NOT NULL,
  environment TEXT NOT NULL,
  seq         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Single facts in force: config, mapping_version, first_plan.
CREATE TABLE standing (
  name  TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  seq   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

---------------------------------------------------------------------------------- caches and marks

CREATE TABLE dirty (
  record TEXT PRIMARY KEY,
  seq    INTEGER NOT NULL              -- newest entry that asks for another look
) STRICT, WITHOUT ROWID;

CREATE TABLE wake_record (
  target  TEXT NOT NULL,               -- the record whose change wakes `record`
  record  TEXT NOT NULL,
  subject TEXT NOT NULL,               -- the hold that waits
  PRIMARY KEY (target, record, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_record_by_hold ON wake_record (record, subject);
CREATE TABLE wake_key (
  system  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  name    TEXT NOT NULL,
  value   TEXT NOT NULL,
  record  TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (system, kind, name, value, record, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX wake_key_by_hold ON wake_key (record, subject);

CREATE TABLE cursor (
  system   TEXT NOT NULL,
  kind     TEXT NOT NULL,
  token    TEXT NOT NULL,
  complete INTEGER NOT NULL,
  PRIMARY KEY (system, kind)
) STRICT, WITHOUT ROWID;

-- The sweep that last showed a reference; what a finished sweep did not show is asked for singly.
CREATE TABLE seen (
  object INTEGER PRIMARY KEY,
  sweep  TEXT NOT NULL
) STRICT;

CREATE TABLE runtime (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;
