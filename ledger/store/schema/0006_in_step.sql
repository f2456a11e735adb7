-- Which records planning found in step: all that keep them agree, and nothing follows. A cache: a
-- row that is lost costs a look, and what a row stands on is asked whenever it is used.

CREATE TABLE in_step (
  record TEXT PRIMARY KEY,
  looked INTEGER NOT NULL,             -- the ledger as planning saw it
  seq    INTEGER NOT NULL,             -- the ledger with what planning appended about it
  sides  INTEGER NOT NULL,             -- how many systems show it
  rules  TEXT NOT NULL                 -- digest of all in the rules that the verdict follows from
) STRICT, WITHOUT ROWID;
