-- What the queue and the timeline are looked through by, without opening a body.

ALTER TABLE operation ADD COLUMN system TEXT NOT NULL DEFAULT '';
ALTER TABLE operation ADD COLUMN action TEXT NOT NULL DEFAULT '';
ALTER TABLE operation ADD COLUMN label TEXT NOT NULL DEFAULT '';  -- case-folded

-- Work that is not finished, with all that it is usually narrowed by: no row is opened to be passed.
CREATE INDEX operation_open
  ON operation (state, seq, operation, system, action, reason, label, record, digest)
  WHERE state IN ('planned', 'waiting', 'approved', 'intended');

CREATE INDEX intent_item_by_operation ON intent_item (operation);

-- Entries of one type, and those of people; the daemon's own are nearly all there are.
CREATE INDEX journal_by_type ON journal (type, seq);
CREATE INDEX journal_by_person ON journal (actor, seq) WHERE actor <> 'daemon';
