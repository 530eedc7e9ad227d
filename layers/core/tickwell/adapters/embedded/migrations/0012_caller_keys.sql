-- What callers call their jobs by; a scope names the file that defines them.
CREATE TABLE caller_keys (
    tenant_id TEXT NOT NULL,
    caller_key TEXT NOT NULL,
    job_id TEXT NOT NULL,
    scope TEXT,
    taken_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, caller_key)
) WITHOUT ROWID;
CREATE INDEX caller_keys_by_scope ON caller_keys (tenant_id, scope, caller_key) WHERE scope IS NOT NULL;

-- A job that has expired leaves its key free, without anybody looking for it.
CREATE TRIGGER free_key_of_removed_job AFTER DELETE ON jobs WHEN json_extract(OLD.definition, '$.key') IS NOT NULL BEGIN
    DELETE FROM caller_keys WHERE tenant_id = OLD.tenant_id
        AND caller_key = json_extract(OLD.definition, '$.key') AND job_id = OLD.job_id;
END;
