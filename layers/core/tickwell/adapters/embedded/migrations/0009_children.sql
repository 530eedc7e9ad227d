ALTER TABLE executions ADD COLUMN parent_id TEXT;
CREATE INDEX executions_of_children ON executions (tenant_id, parent_id, due_ms, attempt, job_id)
    WHERE parent_id IS NOT NULL;
