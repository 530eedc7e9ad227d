-- What costs as much beside a million jobs as beside a thousand.

-- Children are counted one by one, because job_counts leaves them out; all other jobs pay nothing for it.
CREATE INDEX jobs_of_parents ON jobs (tenant_id, queue, status, expires_ms) WHERE substr(job_id, 37, 1) = '.';
