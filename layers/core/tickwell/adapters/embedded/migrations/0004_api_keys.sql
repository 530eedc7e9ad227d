-- API keys; of a key itself only the SHA-256 is in the document. The last use, to the hour, stands beside it.
CREATE TABLE api_keys (
    tenant_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    used_ms INTEGER,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, key_id)
) WITHOUT ROWID;
