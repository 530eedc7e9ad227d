-- New jobs are counted by the code that inserts them, a batch in one row, in the same transaction:
-- `adapters/embedded/new_counts.py`. It is the only code that inserts jobs.

DROP TRIGGER count_new_job;
DROP TRIGGER use_new_job;
