-- The occurrences that wait for the slot of their job; NULL: none does, as in most jobs.

ALTER TABLE jobs ADD COLUMN pending TEXT;
