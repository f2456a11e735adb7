-- The reading statements, by name. Each must be answered from an index (tests look at the plans).
-- Lists of values arrive as one JSON array, so that a question about many is one statement.

-- name: last
SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1

-- name: heads
-- Latest of each reference in a list of [system, kind, id].
SELECT o.system, o.kind, o.external_id, l.record, h.version, h.comparable, h.payload, h.seq,
  h.tombstone, h.problem, h.out_of_scope
FROM json_each(:refs) AS wanted
CROSS JOIN object AS o ON o.system = json_extract(wanted.value, '$[0]')
  AND o.kind = json_extract(wanted.value, '$[1]')
  AND o.external_id = json_extract(wanted.value, '$[2]')
JOIN head AS h ON h.object = o.id
JOIN link AS l ON l.object = o.id

-- name: sides
-- Every reference of some records with its latest body. Who asks puts them in order: sorting here
-- would carry the bodies along.
SELECT l.record, o.system, o.kind, o.external_id, h.version, h.comparable, unsealed(p.digest, p.body), h.seq,
  h.tombstone, h.problem, h.out_of_scope
FROM json_each(:records) AS wanted
CROSS JOIN link AS l ON l.record = wanted.value
JOIN object AS o ON o.id = l.object
JOIN head AS h ON h.object = l.object
LEFT JOIN payload AS p ON p.digest = h.payload

-- name: records_between
-- Ids of records begin with their kind, so that a range of ids is a kind.
SELECT DISTINCT record FROM link
WHERE record > :after AND record < :end ORDER BY record LIMIT :limit

-- name: records_as_shown
-- Records of one kind by the first of their references: an order in which what is read of them lies
-- in the file. One walk over the references, however many pages it takes.
SELECT o.id, l.record
FROM object AS o JOIN link AS l ON l.object = o.id
WHERE o.id > :after AND o.kind = :kind
  AND NOT EXISTS (SELECT 1 FROM link AS part WHERE part.record = l.record AND part.object < o.id)
ORDER BY o.id LIMIT :limit

-- name: last_written
SELECT n.record, max(n.at)
FROM json_each(:records) AS wanted
CROSS JOIN operation AS n ON n.record = wanted.value AND n.state = 'confirmed'
GROUP BY n.record

-- name: standings
-- Records of one kind (a range of ids) by how they stand on both sides, for reports.
SELECT source, books, held, planned, count(*) FROM (
  SELECT max(CASE WHEN l.system = :books THEN '' ELSE h.state END) AS source,
    max(CASE WHEN l.system = :books THEN h.state ELSE '' END) AS books,
    EXISTS (SELECT 1 FROM hold AS d WHERE d.record = l.record) AS held,
    EXISTS (SELECT 1 FROM operation AS n WHERE n.record = l.record
      AND n.state IN (SELECT value FROM json_each(:states))) AS planned
  FROM link AS l JOIN head AS h ON h.object = l.object
  WHERE l.record > :first AND l.record < :end
  GROUP BY l.record)
GROUP BY source, books, held, planned

-- name: owners
-- The record of each reference in a list of [system, kind, id].
SELECT o.system, o.kind, o.external_id, l.record
FROM json_each(:refs) AS wanted
CROSS JOIN object AS o ON o.system = json_extract(wanted.value, '$[0]')
  AND o.kind = json_extract(wanted.value, '$[1]')
  AND o.external_id = json_extract(wanted.value, '$[2]')
JOIN link AS l ON l.object = o.id

-- name: baselines
SELECT b.record, b.system, unsealed(p.digest, p.body), b.seq, b.mapping_version
FROM json_each(:records) AS wanted
CROSS JOIN baseline AS b ON b.record = wanted.value
LEFT JOIN payload AS p ON p.digest = b.image

-- name: open_items
SELECT i.record, i.request
FROM json_each(:records) AS wanted
CROSS JOIN intent_item AS i ON i.record = wanted.value AND i.open = 1
ORDER BY i.request

-- name: rejections
SELECT r.record, r.digest, r.system, r.code, r.message, r.field, r.cure
FROM json_each(:records) AS wanted
CROSS JOIN rejection AS r ON r.record = wanted.value
ORDER BY r.record, r.seq

-- name: rejections_of_code
SELECT refusal.record, refusal.system, refusal.seq, j.body
FROM rejection AS refusal JOIN journal AS j ON j.seq = refusal.seq
WHERE refusal.code = :code ORDER BY refusal.seq

-- name: first_left
SELECT first_at FROM intent WHERE request = :request

-- name: resolutions
-- A side's value that was written since it was said to be right has done its work: the same values
-- may differ again.
SELECT r.record, r.field, r.take, r.value_digest, r.seq
FROM json_each(:records) AS wanted
CROSS JOIN resolution AS r ON r.record = wanted.value
WHERE instr(r.field, ':') > 0 OR NOT EXISTS (
  SELECT 1 FROM operation AS n INDEXED BY operation_by_record
  CROSS JOIN payload AS p ON p.digest = n.payload
  CROSS JOIN json_each(unsealed(p.digest, p.body), '$.changes')
  WHERE n.record = r.record AND n.state = 'confirmed' AND n.seq > r.seq
    AND json_extract(json_each.value, '$.field') = r.field
    AND instr(json_extract(json_each.value, '$.trace'), r.take || '.') = 1)
ORDER BY r.record, r.field

-- name: record_of
SELECT l.record FROM object AS o JOIN link AS l ON l.object = o.id
WHERE o.system = :system AND o.kind = :kind AND o.external_id = :id

-- name: ref_of
SELECT o.system, o.kind, o.external_id FROM link AS l JOIN object AS o ON o.id = l.object
WHERE l.record = :record AND l.system = :system

-- name: find
-- References that are not gone and show a key.
SELECT o.system, o.kind, o.external_id
FROM key AS k JOIN head AS h ON h.object = k.object JOIN object AS o ON o.id = k.object
WHERE k.system = :system AND k.kind = :kind AND k.name = :name AND k.value = :value
  AND h.tombstone = ''
ORDER BY o.id

-- name: find_many
-- The same of a list of values of one key.
SELECT k.value, o.system, o.kind, o.external_id
FROM json_each(:values) AS wanted
CROSS JOIN key AS k ON k.system = :system AND k.kind = :kind AND k.name = :name
  AND k.value = wanted.value
JOIN head AS h ON h.object = k.object JOIN object AS o ON o.id = k.object
WHERE h.tombstone = ''
ORDER BY o.id

-- name: alike
-- Records of a list that show, under one of some [kind, key name], what a reference shows that is not
-- gone and belongs to a system which the record lacks.
SELECT DISTINCT l.record
FROM json_each(:records) AS wanted
CROSS JOIN link AS l ON l.record = wanted.value
CROSS JOIN json_each(:systems) ON NOT EXISTS (
  SELECT 1 FROM link AS part WHERE part.record = l.record AND part.system = json_each.value)
CROSS JOIN key AS mine INDEXED BY key_by_object ON mine.object = l.object
  AND json_array(mine.kind, mine.name) IN (SELECT value FROM json_each(:keys))
CROSS JOIN key AS k ON k.system = json_each.value AND k.kind = mine.kind AND k.name = mine.name
  AND k.value = mine.value
JOIN head AS h ON h.object = k.object
WHERE h.tombstone = ''

-- name: meant
-- Records in scope that a key may mean, active ones told apart.
SELECT l.record, h.state <> 'inactive'
FROM key AS k JOIN head AS h ON h.object = k.object JOIN link AS l ON l.object = k.object
WHERE k.system = :system AND k.kind = :kind AND k.name = :name AND k.value = :value
  AND h.tombstone = '' AND h.out_of_scope = ''

-- name: dirty
SELECT record FROM dirty WHERE record > :after ORDER BY record LIMIT :limit

-- name: dirty_count
SELECT count(*) FROM dirty

-- name: head_seq
SELECT coalesce(max(seq), 0) FROM journal

-- name: erased
SELECT 1 FROM payload_erasure WHERE digest >= x'' LIMIT 1

-- name: ground
-- The newest entry that showed, removed or moved any reference of a list of [system, kind].
SELECT coalesce(max(max(h.seq, l.seq)), 0)
FROM json_each(:refs) AS wanted
CROSS JOIN object AS o ON o.system = json_extract(wanted.value, '$[0]')
  AND o.kind = json_extract(wanted.value, '$[1]')
JOIN head AS h ON h.object = o.id
JOIN link AS l ON l.object = o.id

-- name: dirty_in_step
-- The dirty records, and whether each is as it was noted: under one of these rules, shown by as many
-- systems, no side and no baseline newer than the note, and no pointer moved since.
SELECT d.record, q.record IS NOT NULL
  AND (SELECT count(*) = q.sides AND min(h.seq <= q.looked AND coalesce(b.seq <= q.seq, 0))
    FROM link AS l JOIN head AS h ON h.object = l.object
    LEFT JOIN baseline AS b ON b.record = l.record AND b.system = l.system
    WHERE l.record = d.record)
FROM dirty AS d LEFT JOIN in_step AS q ON q.record = d.record AND q.looked >= :ground
  AND q.rules IN (SELECT value FROM json_each(:rules))
WHERE d.record > :after ORDER BY d.record LIMIT :limit

-- name: busy_between
-- Records of a range that wait, are answered for, or are being written.
SELECT record FROM hold WHERE record > :after AND record <= :last
UNION ALL SELECT record FROM resolution WHERE record > :after AND record <= :last
UNION ALL SELECT record FROM intent_item WHERE record > :after AND record <= :last AND open = 1
UNION ALL SELECT record FROM operation INDEXED BY operation_by_record
  WHERE record > :after AND record <= :last
    AND state IN ('planned', 'waiting', 'approved', 'intended')

-- name: cursors
SELECT kind, token, complete FROM cursor WHERE system = :system

-- name: unseen
-- References of one kind that are not gone and that a sweep has not shown.
SELECT o.system, o.kind, o.external_id
FROM object AS o JOIN head AS h ON h.object = o.id
WHERE o.system = :system AND o.kind = :kind AND h.tombstone = ''
  AND NOT EXISTS (SELECT 1 FROM seen AS s WHERE s.object = o.id AND s.sweep = :sweep)
LIMIT :limit

-- name: strangers
-- References of one kind, alive and alone in their record, that were first shown after an instant
-- and before an entry.
SELECT o.system, o.kind, o.external_id
FROM object AS o JOIN head AS h ON h.object = o.id JOIN link AS l ON l.object = o.id
WHERE o.system = :system AND o.kind = :kind AND h.tombstone = '' AND h.out_of_scope = ''
  AND NOT EXISTS (SELECT 1 FROM link AS m WHERE m.record = l.record AND m.system <> l.system)
  AND (SELECT j.at FROM journal AS j WHERE j.seq =
    (SELECT min(e.seq) FROM object_entry AS e WHERE e.object = o.id AND e.seq < :before)) > :since
LIMIT :limit

-- name: holds
SELECT d.record, d.subject, d.code, d.payload, unsealed(p.digest, p.body), d.since, d.seq
FROM hold AS d LEFT JOIN payload AS p ON p.digest = d.payload
ORDER BY d.seq LIMIT :limit OFFSET :offset

-- name: holds_by_code
SELECT d.record, d.subject, d.code, d.payload, unsealed(p.digest, p.body), d.since, d.seq
FROM hold AS d LEFT JOIN payload AS p ON p.digest = d.payload
WHERE d.code = :code ORDER BY d.seq LIMIT :limit OFFSET :offset

-- name: holds_of
SELECT d.record, d.subject, d.code, d.payload, unsealed(p.digest, p.body), d.since, d.seq
FROM json_each(:records) AS wanted
CROSS JOIN hold AS d ON d.record = wanted.value
LEFT JOIN payload AS p ON p.digest = d.payload
ORDER BY d.record, d.seq

-- name: standing_holds
SELECT d.record, d.subject, d.payload
FROM json_each(:records) AS wanted CROSS JOIN hold AS d ON d.record = wanted.value
ORDER BY d.record, d.seq

-- name: waiting_for_keys
SELECT DISTINCT w.record FROM json_each(:keys) AS wanted
CROSS JOIN wake_key AS w
  ON w.system = json_extract(wanted.value, '$[0]') AND w.kind = json_extract(wanted.value, '$[1]')
  AND w.name = json_extract(wanted.value, '$[2]') AND w.value = json_extract(wanted.value, '$[3]')
WHERE w.subject GLOB 'needs:*'

-- name: holds_count
SELECT code, count(*) FROM hold GROUP BY code

-- name: operations
-- The page is cut before bodies are fetched: sorting carries two small columns only.
SELECT n.operation, unsealed(p.digest, p.body), n.state, n.reason, n.text, n.seq, n.at, n.breaker
FROM (
  SELECT o.operation AS id, o.seq AS seq
  FROM json_each(:states) AS wanted CROSS JOIN operation AS o ON o.state = wanted.value
  ORDER BY o.seq, o.operation LIMIT :limit OFFSET :offset
) AS page
CROSS JOIN operation AS n ON n.operation = page.id
LEFT JOIN payload AS p ON p.digest = n.payload
ORDER BY page.seq, page.id

-- name: operations_of
SELECT n.operation, unsealed(p.digest, p.body), n.state, n.reason, n.text, n.seq, n.at, n.breaker
FROM json_each(:records) AS wanted
CROSS JOIN operation AS n ON n.record = wanted.value
LEFT JOIN payload AS p ON p.digest = n.payload
WHERE n.state IN (SELECT value FROM json_each(:states))
ORDER BY n.seq, n.operation

-- name: operation
SELECT n.operation, unsealed(p.digest, p.body), n.state, n.reason, n.text, n.seq, n.at, n.breaker
FROM operation AS n LEFT JOIN payload AS p ON p.digest = n.payload
WHERE n.operation = :operation

-- name: waiting_by_reason
SELECT reason, count(*) FROM operation WHERE state = 'waiting' GROUP BY reason

-- name: operations_count
SELECT state, count(*) FROM operation GROUP BY state

-- name: approvals
SELECT digest FROM approval WHERE expires_at > :now

-- name: approvals_ended
SELECT a.digest FROM json_each(:digests) AS wanted
CROSS JOIN approval AS a ON a.digest = wanted.value
WHERE a.expires_at > :since AND a.expires_at <= :now

-- name: approvals_of_jobs
SELECT job, digest FROM approval WHERE job <> '' AND expires_at > :now

-- name: approvals_of_jobs_among
SELECT a.job, a.digest FROM json_each(:digests) AS wanted
CROSS JOIN approval AS a ON a.digest = wanted.value
WHERE a.job <> '' AND a.expires_at > :now

-- name: open_intents
SELECT t.request, t.system, t.at, t.first_at, t.attempts, j.body
FROM intent AS t JOIN journal AS j ON j.seq = t.seq
WHERE t.open = 1 ORDER BY t.seq

-- name: open_operations
SELECT operation, record FROM intent_item WHERE request = :request AND open = 1

-- name: generation
SELECT count FROM answer WHERE operation = :operation

-- name: confirmed_changes
-- What came of it before a person said to try again is of the past.
-- By record: most operations are confirmed in the end, so the state tells little.
SELECT n.at, unsealed(p.digest, p.body)
FROM operation AS n INDEXED BY operation_by_record JOIN payload AS p ON p.digest = n.payload
WHERE n.record = :record AND n.state = 'confirmed' AND n.at >= :since AND n.seq > coalesce((
  SELECT max(j.seq) FROM record_entry AS mine CROSS JOIN journal AS j ON j.seq = mine.seq
  WHERE mine.record = :record AND j.type = 'Retried'), 0)
ORDER BY n.seq

-- name: counts
SELECT system, kind, state, count FROM tally ORDER BY system, kind

-- name: history_of_record
-- Entries that concern a record or any reference that belongs to it now.
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body) FROM journal AS j JOIN (
  SELECT seq FROM record_entry WHERE record = :record
  UNION
  SELECT e.seq FROM link AS l JOIN object_entry AS e ON e.object = l.object
  WHERE l.record = :record
) AS mine ON mine.seq = j.seq
ORDER BY j.seq DESC LIMIT :limit

-- name: history_of_ref
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body)
FROM object AS o JOIN object_entry AS e ON e.object = o.id JOIN journal AS j ON j.seq = e.seq
WHERE o.system = :system AND o.kind = :kind AND o.external_id = :id
ORDER BY j.seq DESC LIMIT :limit

-- name: entries
SELECT seq, at, actor, cycle, body, told(body), hash FROM journal
WHERE seq > :after ORDER BY seq LIMIT :limit

-- name: entry_at
SELECT told(body) FROM journal WHERE seq = :seq

-- name: body
SELECT unsealed(digest, body) FROM payload WHERE digest = :digest

-- name: runtime
SELECT value FROM runtime WHERE key = :key

-- name: pins
SELECT system, fingerprint, environment FROM pin

-- name: standing
SELECT value FROM standing WHERE name = :name

-- name: pauses
SELECT system, kind, reason, by, job, since, seq FROM pause
ORDER BY system, kind, job

-- name: skips
SELECT record, subject, digest, reason, by, since, seq, until FROM skip
WHERE record > :after ORDER BY record, subject LIMIT :limit

-- name: standing_skips
-- What was set aside and is still as it was then.
SELECT s.record, s.subject, s.digest, s.reason, s.by, s.since, s.seq, s.until FROM skip AS s
WHERE s.record > :after AND (
  EXISTS (SELECT 1 FROM hold AS h WHERE h.record = s.record AND h.subject = s.subject
    AND lower(hex(h.payload)) = s.digest)
  OR EXISTS (SELECT 1 FROM operation AS o WHERE o.digest = s.digest
    AND o.state IN ('planned', 'waiting', 'approved')))
ORDER BY s.record, s.subject LIMIT :limit

-- name: skips_of
SELECT s.record, s.subject, s.digest, s.reason, s.by, s.since, s.seq, s.until
FROM json_each(:records) AS wanted CROSS JOIN skip AS s ON s.record = wanted.value
ORDER BY s.record, s.subject

-- name: skips_due
SELECT record, subject, digest, reason, by, since, seq, until FROM skip
WHERE until <> '' AND until <= :now ORDER BY until, record, subject LIMIT :limit

-- name: next_skip_end
SELECT min(until) FROM skip WHERE until <> '' AND until > :after

-- name: skipped_digests
SELECT digest FROM skip WHERE subject GLOB 'operation:*'

-- name: skipped_among
SELECT s.digest FROM json_each(:digests) AS wanted
CROSS JOIN skip AS s ON s.digest = wanted.value
WHERE s.subject GLOB 'operation:*'

-- name: answered_since
SELECT DISTINCT e.record FROM json_each(:records) AS wanted
CROSS JOIN record_entry AS e ON e.record = wanted.value AND e.seq > :seq
CROSS JOIN journal AS j ON j.seq = e.seq
WHERE j.type IN ('Approved', 'ConflictResolved', 'Linked', 'Remapped', 'Retried', 'Unlinked')

-- name: remaps
SELECT system, old, new, reason, by, since, seq FROM remap ORDER BY system, old

-- name: absences
SELECT system, kind, most, reason, by, since, seq FROM absence ORDER BY system, kind

-- name: jobs
SELECT j.job, j.what, j.state, unsealed(p.digest, p.body), j.by, j.started, j.at, j.seq
FROM job AS j LEFT JOIN payload AS p ON p.digest = j.payload
ORDER BY j.seq DESC LIMIT :limit

-- name: job
SELECT j.job, j.what, j.state, unsealed(p.digest, p.body), j.by, j.started, j.at, j.seq
FROM job AS j LEFT JOIN payload AS p ON p.digest = j.payload
WHERE j.job = :job

-- name: state_count
SELECT count(*) FROM operation WHERE state = :state

-- name: unknown_count
-- Of what was sent, how many have lost their reply.
SELECT count(*) FROM operation WHERE state = 'intended' AND reason GLOB 'outcome unknown:*'

-- name: queue_rows
-- A page of the queue, with what came of the attempts and who approved.
SELECT n.operation, n.record, n.digest, n.system, n.action, n.state, n.reason, n.text, n.seq, n.at,
  n.breaker, unsealed(p.digest, p.body),
  (SELECT sum(t.attempts) FROM intent_item AS i JOIN intent AS t ON t.request = i.request
    WHERE i.operation = n.operation),
  (SELECT t.request FROM intent_item AS i JOIN intent AS t ON t.request = i.request
    WHERE i.operation = n.operation ORDER BY t.seq DESC LIMIT 1),
  (SELECT j.actor FROM approval AS a JOIN journal AS j ON j.seq = a.seq
    WHERE a.digest = n.digest),
  r.code, r.message,
  (SELECT s.until FROM skip AS s WHERE s.digest = n.digest AND s.record = n.record)
FROM json_each(:operations) AS wanted
CROSS JOIN operation AS n ON n.operation = wanted.value
LEFT JOIN payload AS p ON p.digest = n.payload
LEFT JOIN rejection AS r ON r.record = n.record AND r.digest = n.digest

-- name: confirmed_since
SELECT system, count(*) FROM operation WHERE state = 'confirmed' AND seq >= :seq GROUP BY system

-- name: left_by_system
-- What may go at the next round, from the index of open work alone.
SELECT o.system, count(*)
FROM json_each('["approved", "planned"]') AS wanted
CROSS JOIN operation AS o INDEXED BY operation_open ON o.state = wanted.value
WHERE o.state IN ('planned', 'waiting', 'approved', 'intended')
GROUP BY o.system

-- name: in_flight
-- Open requests by system, without those that have lost their reply.
SELECT t.system, count(*) FROM intent AS t WHERE t.open = 1 AND EXISTS (
  SELECT 1 FROM intent_item AS i JOIN operation AS n ON n.operation = i.operation
  WHERE i.request = t.request AND i.open = 1 AND n.reason NOT GLOB 'outcome unknown:*')
GROUP BY t.system

-- name: instants
SELECT j.seq, j.at FROM json_each(:seqs) AS wanted CROSS JOIN journal AS j ON j.seq = wanted.value

-- name: instant_at
SELECT at FROM journal WHERE seq = :seq

-- name: timeline
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body) FROM journal AS j
WHERE j.seq > :after AND j.seq < :before ORDER BY j.seq DESC LIMIT :limit

-- name: timeline_of_type
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body) FROM journal AS j INDEXED BY journal_by_type
WHERE j.type = :type AND j.seq > :after AND j.seq < :before ORDER BY j.seq DESC LIMIT :limit

-- name: timeline_of_person
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body) FROM journal AS j INDEXED BY journal_by_person
WHERE j.actor <> 'daemon' AND j.actor = :actor AND j.seq > :after AND j.seq < :before
ORDER BY j.seq DESC LIMIT :limit

-- name: timeline_of_record
-- Entries that concern a record or any reference that belongs to it now.
SELECT j.seq, j.at, j.actor, j.cycle, told(j.body) FROM journal AS j JOIN (
  SELECT seq FROM record_entry WHERE record = :record AND seq > :after AND seq < :before
  UNION
  SELECT e.seq FROM link AS l JOIN object_entry AS e ON e.object = l.object
  WHERE l.record = :record AND e.seq > :after AND e.seq < :before
) AS mine ON mine.seq = j.seq
ORDER BY j.seq DESC LIMIT :limit

-- name: people
-- Everybody but the daemon who wrote an entry: each step jumps to the next name in the index.
WITH RECURSIVE person(actor) AS (
  SELECT min(actor) FROM journal WHERE actor <> 'daemon'
  UNION ALL
  SELECT (SELECT min(j.actor) FROM journal AS j
    WHERE j.actor <> 'daemon' AND j.actor > person.actor)
  FROM person WHERE person.actor IS NOT NULL
)
SELECT actor FROM person WHERE actor IS NOT NULL

-- name: pointing_to
-- Live records of one kind that show a key: what points to a record as its system names it.
SELECT count(DISTINCT l.record) FROM json_each(:keys) AS wanted
CROSS JOIN key AS k ON k.system = json_extract(wanted.value, '$[0]') AND k.kind = :kind
  AND k.name = :name AND k.value = json_extract(wanted.value, '$[1]')
JOIN head AS h ON h.object = k.object JOIN link AS l ON l.object = k.object
WHERE h.state = 'live'

-- name: drift_rows
SELECT d.record, d.kind, d.class, d.since, d.state, d.reason, d.targets, d.amount, d.currency,
  d.operations, d.holds
FROM json_each(:records) AS wanted CROSS JOIN drift AS d ON d.record = wanted.value

-- name: drift_tally
SELECT class, kind, currency, records, billions, rest, amounts FROM drift_tally

-- name: drift_hours
SELECT hour, records, conflicts FROM drift_hour ORDER BY hour DESC LIMIT :limit

-- name: parties_named
-- Vendors and customers in whose name a text occurs, by what documents point to them with.
SELECT o.system, o.kind, o.external_id
FROM (SELECT DISTINCT system, kind FROM tally WHERE kind IN ('vendor', 'customer')) AS known
CROSS JOIN key AS k ON k.system = known.system AND k.kind = known.kind AND k.name = 'name'
JOIN object AS o ON o.id = k.object
WHERE instr(k.value, :text) > 0

-- name: oldest_in_state
SELECT at FROM operation WHERE state = :state ORDER BY seq LIMIT 1

-- name: oldest_drift
SELECT min(since) FROM drift

-- name: oldest_of_class
SELECT min(since) FROM drift WHERE class = :class

-- name: outcomes_since
-- What became of requests in the entries behind one, by system.
SELECT o.system, j.type, count(*) FROM journal AS j CROSS JOIN operation AS o
  ON o.operation = json_extract(CAST(j.body AS TEXT), '$.operation')
WHERE j.type IN ('Confirmed', 'Rejected') AND j.seq > :seq
  AND json_extract(CAST(j.body AS TEXT), '$.refusal') IS NOT 'not_sent'
GROUP BY o.system, j.type
UNION ALL
SELECT i.system, j.type, count(*) FROM journal AS j CROSS JOIN intent AS i
  ON i.request = json_extract(CAST(j.body AS TEXT), '$.request')
WHERE j.type = 'OutcomeUnknown' AND j.seq > :seq
GROUP BY i.system

-- name: people_refused_since
SELECT count(*) FROM journal WHERE type = 'Refused' AND seq > :seq

-- name: entry_types
SELECT type, count(*) FROM journal GROUP BY type ORDER BY type
