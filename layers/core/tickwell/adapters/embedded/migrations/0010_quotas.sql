-- What the operator decided for one tenant: how many of something it may have; null for any number.
CREATE TABLE quotas (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    most INTEGER,
    PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;
