-- A tenant's mails, newest first: listed often, and maybe few beside all its other jobs, which these indexes do not hold.
CREATE INDEX emails_by_id ON jobs (tenant_id, job_id) WHERE queue = 'emails';
CREATE INDEX emails_by_status ON jobs (tenant_id, status, job_id) WHERE queue = 'emails';
