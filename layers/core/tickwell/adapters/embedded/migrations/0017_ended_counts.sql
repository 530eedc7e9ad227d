-- Attempts that have ended are counted by the code that finishes them, a batch in one row, in the same transaction:
-- `adapters/embedded/ended_counts.py`. It is the only code that finishes attempts.

DROP TRIGGER count_ended_execution;
