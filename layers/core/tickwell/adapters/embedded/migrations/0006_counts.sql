-- What is counted of a tenant, in the transaction that changes it. Triggers count, so that no statement can forget to:
-- edits, finishing writes, expiry and whatever comes later. Zero rows stay; there are few.

ALTER TABLE jobs ADD COLUMN timeouts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

CREATE TABLE job_counts (
    tenant_id TEXT NOT NULL,
    queue TEXT NOT NULL,
    lane TEXT NOT NULL,
    status TEXT NOT NULL,
    recurring INTEGER NOT NULL,
    jobs INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, queue, lane, status, recurring)
) WITHOUT ROWID;

-- Which of them are running: few at any time, so that counting these costs less than two counters at each claim.
CREATE INDEX jobs_running ON jobs (tenant_id) WHERE slot_token IS NOT NULL;

CREATE TABLE execution_counts (
    tenant_id TEXT NOT NULL,
    queue TEXT NOT NULL,
    lane TEXT NOT NULL,
    success INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    shortest_ms INTEGER,
    longest_ms INTEGER,
    PRIMARY KEY (tenant_id, queue, lane)
) WITHOUT ROWID;

CREATE TABLE execution_hours (
    tenant_id TEXT NOT NULL,
    hour_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    success INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    timeout INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    shortest_ms INTEGER,
    longest_ms INTEGER,
    PRIMARY KEY (tenant_id, hour_ms)
) WITHOUT ROWID;
CREATE INDEX execution_hours_by_expiry ON execution_hours (expires_ms);

-- A ring of ten places for each queue and lane: which one is overwritten follows from how many have ended there.
CREATE TABLE recent_executions (
    tenant_id TEXT NOT NULL,
    queue TEXT NOT NULL,
    lane TEXT NOT NULL,
    place INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    due_ms INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    status TEXT NOT NULL,
    finished_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant_id, queue, lane, place)
) WITHOUT ROWID;

CREATE TABLE dead_letter_counts (
    tenant_id TEXT PRIMARY KEY,
    dead_letters INTEGER NOT NULL
) WITHOUT ROWID;

-- What worker processes tell of themselves.
CREATE TABLE workers (
    worker_id TEXT PRIMARY KEY,
    expires_ms INTEGER NOT NULL,
    document TEXT NOT NULL
) WITHOUT ROWID;

-- Children, whose ids have a dot, are no jobs of their own: their attempts count, they do not.
CREATE TRIGGER count_new_job AFTER INSERT ON jobs WHEN SUBSTR(NEW.job_id, 37, 1) <> '.' BEGIN
    INSERT INTO job_counts VALUES (
        NEW.tenant_id, NEW.queue, json_extract(NEW.definition, '$.lane'), NEW.status, NEW.recurring, 1
    ) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER count_removed_job AFTER DELETE ON jobs WHEN SUBSTR(OLD.job_id, 37, 1) <> '.' BEGIN
    INSERT INTO job_counts VALUES (
        OLD.tenant_id, OLD.queue, json_extract(OLD.definition, '$.lane'), OLD.status, OLD.recurring, -1
    ) ON CONFLICT DO UPDATE SET jobs = jobs - 1;
END;

CREATE TRIGGER count_changed_job AFTER UPDATE OF status, recurring, queue, definition ON jobs
WHEN SUBSTR(NEW.job_id, 37, 1) <> '.' AND (OLD.status <> NEW.status OR OLD.queue <> NEW.queue
    OR OLD.recurring <> NEW.recurring OR (
    OLD.definition <> NEW.definition
    AND json_extract(OLD.definition, '$.lane') <> json_extract(NEW.definition, '$.lane')
))
BEGIN
    INSERT INTO job_counts VALUES (
        OLD.tenant_id, OLD.queue, json_extract(OLD.definition, '$.lane'), OLD.status, OLD.recurring, -1
    ) ON CONFLICT DO UPDATE SET jobs = jobs - 1;
    INSERT INTO job_counts VALUES (
        NEW.tenant_id, NEW.queue, json_extract(NEW.definition, '$.lane'), NEW.status, NEW.recurring, 1
    ) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

CREATE TRIGGER count_ended_execution AFTER UPDATE OF executions ON jobs
WHEN NEW.executions = OLD.executions + 1 AND OLD.slot_token IS NOT NULL
BEGIN
    INSERT INTO execution_counts VALUES (
        NEW.tenant_id, NEW.queue, json_extract(NEW.definition, '$.lane'),
        NEW.successful - OLD.successful,
        NEW.failed - OLD.failed - (NEW.timeouts - OLD.timeouts) - (NEW.lost - OLD.lost),
        NEW.timeouts - OLD.timeouts,
        1 - (NEW.successful - OLD.successful) - (NEW.failed - OLD.failed),
        NEW.lost - OLD.lost,
        NEW.duration_ms - OLD.duration_ms, NEW.duration_ms - OLD.duration_ms, NEW.duration_ms - OLD.duration_ms
    ) ON CONFLICT DO UPDATE SET
        success = success + excluded.success, failed = failed + excluded.failed,
        timeout = timeout + excluded.timeout, cancelled = cancelled + excluded.cancelled, lost = lost + excluded.lost,
        duration_ms = duration_ms + excluded.duration_ms,
        shortest_ms = MIN(COALESCE(shortest_ms, excluded.shortest_ms), excluded.shortest_ms),
        longest_ms = MAX(COALESCE(longest_ms, excluded.longest_ms), excluded.longest_ms);
    INSERT INTO execution_hours VALUES (
        NEW.tenant_id,
        (COALESCE(OLD.last_executed_ms, OLD.slot_due_ms) + NEW.duration_ms - OLD.duration_ms) / 3600000 * 3600000,
        (COALESCE(OLD.last_executed_ms, OLD.slot_due_ms) + NEW.duration_ms - OLD.duration_ms)
            / 3600000 * 3600000 + 34560000000,
        NEW.successful - OLD.successful,
        NEW.failed - OLD.failed - (NEW.timeouts - OLD.timeouts) - (NEW.lost - OLD.lost),
        NEW.timeouts - OLD.timeouts,
        1 - (NEW.successful - OLD.successful) - (NEW.failed - OLD.failed),
        NEW.lost - OLD.lost,
        NEW.duration_ms - OLD.duration_ms, NEW.duration_ms - OLD.duration_ms, NEW.duration_ms - OLD.duration_ms
    ) ON CONFLICT DO UPDATE SET
        success = success + excluded.success, failed = failed + excluded.failed,
        timeout = timeout + excluded.timeout, cancelled = cancelled + excluded.cancelled, lost = lost + excluded.lost,
        duration_ms = duration_ms + excluded.duration_ms,
        shortest_ms = MIN(shortest_ms, excluded.shortest_ms), longest_ms = MAX(longest_ms, excluded.longest_ms);
    INSERT INTO recent_executions SELECT
        tenant_id, queue, lane, (success + failed + timeout + cancelled + lost) % 10, NEW.job_id, OLD.slot_due_ms,
        OLD.slot_attempt,
        CASE WHEN NEW.successful > OLD.successful THEN 'success' WHEN NEW.timeouts > OLD.timeouts THEN 'timeout'
            WHEN NEW.lost > OLD.lost THEN 'lost' WHEN NEW.failed > OLD.failed THEN 'failed' ELSE 'cancelled' END,
        COALESCE(OLD.last_executed_ms, OLD.slot_due_ms) + NEW.duration_ms - OLD.duration_ms,
        NEW.duration_ms - OLD.duration_ms
    FROM execution_counts WHERE tenant_id = NEW.tenant_id AND queue = NEW.queue
        AND lane = json_extract(NEW.definition, '$.lane')
    ON CONFLICT DO UPDATE SET
        job_id = excluded.job_id, due_ms = excluded.due_ms, attempt = excluded.attempt, status = excluded.status,
        finished_ms = excluded.finished_ms, duration_ms = excluded.duration_ms;
END;

CREATE TRIGGER count_new_dead_letter AFTER INSERT ON dead_letters BEGIN
    INSERT INTO dead_letter_counts VALUES (NEW.tenant_id, 1) ON CONFLICT DO UPDATE SET dead_letters = dead_letters + 1;
END;

CREATE TRIGGER count_removed_dead_letter AFTER DELETE ON dead_letters BEGIN
    INSERT INTO dead_letter_counts VALUES (OLD.tenant_id, -1) ON CONFLICT DO UPDATE SET dead_letters = dead_letters - 1;
END;

-- What was there before. Which failures ran out of time, and what the shortest attempt took, nobody knows any more.
INSERT INTO job_counts
    SELECT tenant_id, queue, json_extract(definition, '$.lane'), status, recurring, COUNT(*)
    FROM jobs WHERE SUBSTR(job_id, 37, 1) <> '.' GROUP BY 1, 2, 3, 4, 5;
INSERT INTO execution_counts
    SELECT tenant_id, queue, json_extract(definition, '$.lane'), SUM(successful), SUM(failed), 0,
        SUM(executions - successful - failed), 0, SUM(duration_ms), NULL, NULL
    FROM jobs WHERE executions > 0 GROUP BY 1, 2, 3;
INSERT INTO dead_letter_counts SELECT tenant_id, COUNT(*) FROM dead_letters GROUP BY tenant_id;
