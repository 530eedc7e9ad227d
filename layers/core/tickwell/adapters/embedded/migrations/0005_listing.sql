-- Listings of jobs in four orders. A name is read out of the definition; only its index keeps it a second time.
ALTER TABLE jobs ADD COLUMN name TEXT COLLATE NOCASE GENERATED ALWAYS AS (json_extract(definition, '$.name')) VIRTUAL;

-- Newest first of one status, and counting without touching the table.
CREATE INDEX jobs_by_status ON jobs (tenant_id, status, job_id, recurring, queue, expires_ms);

-- The next run, and what is to come.
CREATE INDEX jobs_by_next_run ON jobs (tenant_id, next_run_ms, job_id);
CREATE INDEX jobs_by_name ON jobs (tenant_id, name, job_id);
CREATE INDEX jobs_by_update ON jobs (tenant_id, updated_ms, job_id);
