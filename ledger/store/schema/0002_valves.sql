-- What people stop, set aside and answer for: pauses, skips, remaps, accepted absences, jobs.

CREATE TABLE pause (
  system TEXT NOT NULL,                -- '' = every system
  kind   TEXT NOT NULL,                -- '' = every kind
  reason TEXT NOT NULL,
  by     TEXT NOT NULL,
  job    TEXT NOT NULL,
  since  TEXT NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY (system, kind, job)      -- a job's freeze and a person's pause stand side by side
) STRICT, WITHOUT ROWID;

-- The job whose plan was approved: its own freeze lets these digests pass.
ALTER TABLE approval ADD COLUMN job TEXT NOT NULL DEFAULT '';

-- The breaker that an operation tripped; it keeps that mark until it is another operation.
ALTER TABLE operation ADD COLUMN breaker TEXT NOT NULL DEFAULT '';

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
