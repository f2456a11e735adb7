-- A skip may end by itself, at an instant that whoever set it aside named.

ALTER TABLE skip ADD COLUMN until TEXT NOT NULL DEFAULT '';  -- '' = only by a change or a retry
CREATE INDEX skip_by_end ON skip (until) WHERE until <> '';
