-- What people stop, set aside and answer for: pauses, skips, remaps, accepted absences, jobs.

CREATE TABLE pause (
  system TEXT NOT NULL,                -- '' = every system
  kind   TEXT NOT NULL,                -- '' = every kind
  reason TEXT NOT NULL,
  by     TEXT NOT NULL,
  job    TEXT NOT NULL,
  since  TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (system, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE skip (
  record  TEXT NOT NULL,
  subject TEXT NOT NULL,
  digest  TEXT NOT NULL,
  reason  TEXT NOT NULL,
  by      TEXT NOT NULL,
  since   TEXT NOT NULL,
  seq     INTEGER NOT NULL,
  PRIMARY KEY (record, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX skip_by_digest ON skip (digest);

CREATE TABLE remap (
  system TEXT NOT NULL,
  old    TEXT NOT NULL,
  new    TEXT NOT NULL,
  reason TEXT NOT NULL,
  by     TEXT NOT NULL,
  since  TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (system, old)
) STRICT, WITHOUT ROWID;

CREATE TABLE absence (
  system TEXT NOT NULL,
  kind   TEXT NOT NULL,
  most   INTEGER NOT NULL,
  reason TEXT NOT NULL,
  by     TEXT NOT NULL,
  since  TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (system, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
  job     TEXT PRIMARY KEY,
  what    TEXT NOT NULL,
  state   TEXT NOT NULL,
  payload BLOB NOT NULL,
  by      TEXT NOT NULL,
  started TEXT NOT NULL,
  at      TEXT NOT NULL,               -- of the latest state
  seq     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX job_by_seq ON job (seq);
