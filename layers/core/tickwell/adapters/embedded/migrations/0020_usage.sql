-- What a tenant had done, by day, queue and activity (tickwell.domain.usage), counted in the transaction of each write: what
-- its costs on AWS would follow from. Children are counted with their first attempt.

CREATE TABLE usage_days (
    tenant_id TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    queue TEXT NOT NULL,
    lane TEXT NOT NULL,
    activity TEXT NOT NULL,
    number INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    expires_ms INTEGER GENERATED ALWAYS AS (day_ms + 34646400000) VIRTUAL,
    PRIMARY KEY (tenant_id, day_ms, queue, lane, activity)
) WITHOUT ROWID;
CREATE INDEX usage_days_by_expiry ON usage_days (expires_ms);

CREATE TRIGGER use_new_job AFTER INSERT ON jobs WHEN SUBSTR(NEW.job_id, 37, 1) <> '.' BEGIN
    INSERT INTO usage_days VALUES (
        NEW.tenant_id, NEW.created_ms / 86400000 * 86400000, NEW.queue, json_extract(NEW.definition, '$.lane'),
        CASE WHEN NEW.recurring THEN 'created_recurring'
            WHEN NEW.next_run_ms > NEW.created_ms + 900000 THEN 'created_far' ELSE 'created_soon' END,
        1, 0
    ) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER use_changed_job AFTER UPDATE OF status ON jobs
WHEN OLD.status <> NEW.status AND NEW.executions = OLD.executions AND SUBSTR(NEW.job_id, 37, 1) <> '.'
BEGIN
    INSERT INTO usage_days VALUES (
        NEW.tenant_id, NEW.updated_ms / 86400000 * 86400000, NEW.queue, json_extract(NEW.definition, '$.lane'),
        'changes', 1, 0
    ) ON CONFLICT DO UPDATE SET number = number + 1;
END;

CREATE TRIGGER use_ended_attempt AFTER UPDATE OF executions ON jobs
WHEN NEW.executions = OLD.executions + 1 AND OLD.slot_token IS NOT NULL
BEGIN
    INSERT INTO usage_days VALUES (
        NEW.tenant_id,
        (COALESCE(OLD.last_executed_ms, OLD.slot_due_ms) + NEW.duration_ms - OLD.duration_ms) / 86400000 * 86400000,
        NEW.queue, json_extract(NEW.definition, '$.lane'),
        CASE WHEN OLD.slot_attempt > 1 THEN 'retries' WHEN SUBSTR(NEW.job_id, 37, 1) = '.' THEN 'children'
            WHEN NEW.recurring THEN 'occurrences' ELSE 'attempts' END,
        1, NEW.duration_ms - OLD.duration_ms
    ) ON CONFLICT DO UPDATE SET number = number + 1, duration_ms = duration_ms + excluded.duration_ms;
END;

CREATE TRIGGER use_given_up AFTER UPDATE OF failed ON jobs
WHEN NEW.failed > OLD.failed AND OLD.slot_token IS NOT NULL AND NEW.slot_due_ms IS NOT OLD.slot_due_ms
BEGIN
    INSERT INTO usage_days VALUES (
        NEW.tenant_id,
        (COALESCE(OLD.last_executed_ms, OLD.slot_due_ms) + NEW.duration_ms - OLD.duration_ms) / 86400000 * 86400000,
        NEW.queue, json_extract(NEW.definition, '$.lane'), 'given_up', 1, 0
    ) ON CONFLICT DO UPDATE SET number = number + 1;
END;
