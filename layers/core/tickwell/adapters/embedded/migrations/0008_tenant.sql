-- The operator's stop switch: one row for each tenant that is stopped, and one with an empty name for everybody.
CREATE TABLE stops (
    tenant_id TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL,
    reason TEXT NOT NULL
) WITHOUT ROWID;

-- The audit log: who did what, newest first by the time-ordered id.
CREATE TABLE audit (
    tenant_id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, record_id)
) WITHOUT ROWID;

CREATE INDEX audit_by_expiry ON audit (expires_ms);

-- Tenants that are being deleted; what is left of them is looked for at `look_ms`.
CREATE TABLE deletions (
    deleted_tenant TEXT PRIMARY KEY,
    begun_ms INTEGER NOT NULL,
    look_ms INTEGER NOT NULL
) WITHOUT ROWID;
