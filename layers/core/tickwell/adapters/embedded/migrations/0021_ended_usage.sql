-- What attempts add to a tenant's usage is counted with them, a batch at a time: `adapters/embedded/ended_counts.py`.

DROP TRIGGER use_ended_attempt;
DROP TRIGGER use_given_up;
