-- Requests that their callers may send again, by the digest of the key that came with them. `held_until_ms` is how long
-- nobody else carries one out; `status` is null until it is done, `packed` where its answer is not kept.
CREATE TABLE submissions (
    tenant_id TEXT NOT NULL,
    who TEXT NOT NULL,
    digest TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    seed TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    token TEXT NOT NULL,
    held_until_ms INTEGER NOT NULL,
    tries INTEGER NOT NULL,
    status INTEGER,
    packed TEXT,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, who, digest)
) WITHOUT ROWID;

CREATE INDEX submissions_by_expiry ON submissions (expires_ms);
