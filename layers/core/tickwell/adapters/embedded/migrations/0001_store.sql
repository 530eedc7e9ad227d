-- Jobs, history, due items, accounts, outcomes. Instants are epoch milliseconds; `_ms` names them.
-- Long columns stand last, so that listings do not read their overflow pages.

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    recurring INTEGER NOT NULL,
    queue TEXT NOT NULL,
    lease_ms INTEGER NOT NULL,
    next_run_ms INTEGER,
    slot_due_ms INTEGER,
    slot_attempt INTEGER,
    slot_losses INTEGER,
    slot_returns INTEGER,
    slot_token TEXT,
    lease_until_ms INTEGER,
    progress TEXT,
    probe_ms INTEGER,
    executions INTEGER NOT NULL DEFAULT 0,
    successful INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    duration_ms INTEGER NOT NULL DEFAULT 0,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    last_executed_ms INTEGER,
    paused_ms INTEGER,
    failures_in_a_row INTEGER NOT NULL DEFAULT 0,
    pause_after INTEGER,
    pause_reason TEXT,
    expires_ms INTEGER,
    definition TEXT NOT NULL,
    content TEXT NOT NULL
);
CREATE UNIQUE INDEX jobs_by_id ON jobs (tenant_id, job_id);
CREATE INDEX jobs_by_expiry ON jobs (expires_ms) WHERE expires_ms IS NOT NULL;

CREATE TABLE executions (
    number INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    summary TEXT NOT NULL,
    outcome TEXT NOT NULL,
    logs TEXT
);
CREATE UNIQUE INDEX executions_by_id ON executions (tenant_id, job_id, due_ms, attempt);
CREATE INDEX executions_by_expiry ON executions (expires_ms);

CREATE TABLE skips (
    tenant_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    first_due_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, job_id, first_due_ms)
) WITHOUT ROWID;
CREATE INDEX skips_by_expiry ON skips (expires_ms);

CREATE TABLE dead_letters (
    number INTEGER PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    rank TEXT NOT NULL,
    dead_letter_id TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    retried_as TEXT,
    retried_ms INTEGER,
    document TEXT NOT NULL
);
CREATE UNIQUE INDEX dead_letters_by_id ON dead_letters (tenant_id, rank, dead_letter_id);
CREATE INDEX dead_letters_by_expiry ON dead_letters (expires_ms);

-- What follows from an outcome is still to be done (rule 9): written in the transaction that records the outcome.
CREATE TABLE outcomes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    document TEXT NOT NULL
);

-- What was notified of an execution, beside it.
CREATE TABLE notifications (
    tenant_id TEXT NOT NULL,
    job_id TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    notification_id TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, job_id, due_ms, attempt, notification_id)
) WITHOUT ROWID;
CREATE INDEX notifications_by_expiry ON notifications (expires_ms);

-- Webhook endpoints of a tenant, all in one document; `version` detects edits that came between.
CREATE TABLE webhooks (
    tenant_id TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE due_items (
    shard INTEGER NOT NULL,
    look_ms INTEGER NOT NULL,
    rest TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (shard, look_ms, rest)
) WITHOUT ROWID;

CREATE TABLE watermarks (
    shard INTEGER PRIMARY KEY,
    token TEXT,
    lease_until_ms INTEGER,
    swept_ms INTEGER NOT NULL,
    swept_rest TEXT NOT NULL,
    checked_ms INTEGER NOT NULL,
    checked_rest TEXT NOT NULL
);

CREATE TABLE tenants (
    tenant_id TEXT PRIMARY KEY,
    created_ms INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE users (
    tenant_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    email_key TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    role TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, user_id)
) WITHOUT ROWID;

-- Named queues as they were put, and what their limits remember.
CREATE TABLE queues (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;

CREATE TABLE gates (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
) WITHOUT ROWID;

-- Who waits for a permit, or for a paused queue. Never expires.
CREATE TABLE parked (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    version INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name, due_ms, job_id, attempt, version)
) WITHOUT ROWID;

-- Ended jobs of queues that keep a number of them.
CREATE TABLE ended_jobs (
    tenant_id TEXT NOT NULL,
    name TEXT NOT NULL,
    completed INTEGER NOT NULL,
    ended_ms INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    expires_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, name, completed, ended_ms, job_id)
) WITHOUT ROWID;
CREATE INDEX ended_jobs_by_expiry ON ended_jobs (expires_ms);
