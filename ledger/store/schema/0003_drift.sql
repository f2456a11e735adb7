-- The drift list: one row for each record that has an unfinished operation or a hold, with what it
-- is sorted and narrowed by; how many there are of which; and how many there were, hour by hour.

-- When the record began to want a write: a plan that replaces another keeps its age.
ALTER TABLE operation ADD COLUMN since TEXT NOT NULL DEFAULT '';

CREATE TABLE drift (
  record     TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  class      INTEGER NOT NULL,         -- place in DriftClass: the most pressing is 0
  label      TEXT NOT NULL,            -- folded
  search     TEXT NOT NULL,            -- folded: label, names, and the party where its key is told
  party      TEXT NOT NULL,            -- 'system/kind/id' of a document's vendor or customer, or ''
  since      TEXT NOT NULL,
  state      TEXT NOT NULL,
  reason     TEXT NOT NULL,
  targets    TEXT NOT NULL,            -- systems to be written, as ' dear qbo '; or ''
  amount     INTEGER,                  -- of a document: by how many ten-thousandths its total rises
  size       INTEGER NOT NULL,         -- the same without its sign; -1 = no amount
  currency   TEXT NOT NULL,            -- '' = the home currency
  operations INTEGER NOT NULL,
  holds      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- One for each order, so that any page is a walk along an index; with the class, which most
-- filters ask for (the kind is the beginning of the record).
CREATE INDEX drift_by_since ON drift (since, record, class);
CREATE INDEX drift_by_class ON drift (class, since, record);
CREATE INDEX drift_by_kind ON drift (kind, label, record, class);
CREATE INDEX drift_by_label ON drift (label, record, class);
CREATE INDEX drift_by_size ON drift (size, record, class);

-- Sums of sizes in two parts, because a sum of many does not fit one integer.
CREATE TABLE drift_tally (
  class    INTEGER NOT NULL,
  kind     TEXT NOT NULL,
  currency TEXT NOT NULL,
  records  INTEGER NOT NULL,
  billions INTEGER NOT NULL,
  rest     INTEGER NOT NULL,
  amounts  INTEGER NOT NULL,           -- records that have an amount
  PRIMARY KEY (class, kind, currency)
) STRICT, WITHOUT ROWID;

-- At the end of each hour in which operations, holds or skips moved.
CREATE TABLE drift_hour (
  hour      TEXT PRIMARY KEY,          -- '2026-03-02T15', UTC
  records   INTEGER NOT NULL,
  conflicts INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
