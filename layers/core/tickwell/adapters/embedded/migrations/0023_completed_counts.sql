-- Jobs that are completed with an attempt are counted by the code that finishes it, a batch in two rows, in the same
-- transaction: `adapters/embedded/ended_counts.py`. Every other change is counted here, as it was by 0009.
DROP TRIGGER count_changed_job;
CREATE TRIGGER count_changed_job AFTER UPDATE OF status, recurring, queue, definition ON jobs
WHEN NOT (NEW.status = 'completed' AND OLD.slot_token IS NOT NULL AND NEW.executions = OLD.executions + 1)
AND substr(NEW.job_id, 37, 1) <> '.' AND (
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
