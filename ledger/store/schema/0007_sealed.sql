-- Bodies lie under the ledger's key from here on, sealed as they are; what freed pages held of them
-- is overwritten. The file's log grows by the size of the bodies meanwhile.

PRAGMA secure_delete = ON;

DROP TRIGGER IF EXISTS payload_is_not_updated;

UPDATE payload SET body = sealed(digest, body);

CREATE TRIGGER payload_is_not_updated BEFORE UPDATE ON payload BEGIN
  SELECT RAISE(ABORT, 'payload: bodies are never changed');
END;

PRAGMA secure_delete = OFF;
