-- Addresses at which other systems hand in messages; of their tokens there is the hash in the document.
CREATE TABLE hooks (
    tenant_id TEXT NOT NULL,
    hook_id TEXT NOT NULL,
    used_ms INTEGER,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, hook_id)
) WITHOUT ROWID;
