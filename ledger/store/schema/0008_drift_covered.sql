-- The orders by age and by class with all that the list is usually narrowed by, so that a filter by
-- state, reason, system or amount is a walk along an index too: no row is opened to be passed.

DROP INDEX drift_by_since;
DROP INDEX drift_by_class;
CREATE INDEX drift_by_since
  ON drift (since, record, class, state, reason, targets, size, currency);
CREATE INDEX drift_by_class
  ON drift (class, since, record, state, reason, targets, size, currency);
