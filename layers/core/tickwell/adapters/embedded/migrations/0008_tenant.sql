-- The operator's stop switch: one row for each tenant that is stopped, and one with an empty name for everybody.
CREATE TABLE stops (
    tenant_id TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;
