-- What children ran is listed under their parents, whose ids they begin with; all else pays nothing for it.

ALTER TABLE executions ADD COLUMN parent_id TEXT;
CREATE INDEX executions_of_children ON executions (tenant_id, parent_id, due_ms, attempt, job_id)
    WHERE parent_id IS NOT NULL;

-- Children are no jobs of the tenant: they are not counted as such. The triggers are those of 0006 otherwise.

DROP TRIGGER count_new_job;
CREATE TRIGGER count_new_job AFTER INSERT ON jobs WHEN substr(NEW.job_id, 37, 1) <> '.' BEGIN
    INSERT INTO job_counts VALUES (
        NEW.tenant_id, NEW.queue, json_extract(NEW.definition, '$.lane'), NEW.status, NEW.recurring, 1
    ) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;

DROP TRIGGER count_removed_job;
CREATE TRIGGER count_removed_job AFTER DELETE ON jobs WHEN substr(OLD.job_id, 37, 1) <> '.' BEGIN
    INSERT INTO job_counts VALUES (
        OLD.tenant_id, OLD.queue, json_extract(OLD.definition, '$.lane'), OLD.status, OLD.recurring, -1
    ) ON CONFLICT DO UPDATE SET jobs = jobs - 1;
END;

DROP TRIGGER count_changed_job;
CREATE TRIGGER count_changed_job AFTER UPDATE OF status, recurring, queue, definition ON jobs
WHEN substr(NEW.job_id, 37, 1) <> '.' AND (
    OLD.status <> NEW.status OR OLD.queue <> NEW.queue OR OLD.recurring <> NEW.recurring OR (
        OLD.definition <> NEW.definition
        AND json_extract(OLD.definition, '$.lane') <> json_extract(NEW.definition, '$.lane')
    )
)
BEGIN
    INSERT INTO job_counts VALUES (
        OLD.tenant_id, OLD.queue, json_extract(OLD.definition, '$.lane'), OLD.status, OLD.recurring, -1
    ) ON CONFLICT DO UPDATE SET jobs = jobs - 1;
    INSERT INTO job_counts VALUES (
        NEW.tenant_id, NEW.queue, json_extract(NEW.definition, '$.lane'), NEW.status, NEW.recurring, 1
    ) ON CONFLICT DO UPDATE SET jobs = jobs + 1;
END;
