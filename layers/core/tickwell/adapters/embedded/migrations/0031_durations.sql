-- How the durations of the attempts of an hour are spread (`domain/durations.py`), as `adapters/count_documents.py` spells
-- it. Of those that were counted before, nobody knows.
ALTER TABLE execution_hours ADD COLUMN durations TEXT NOT NULL DEFAULT '';
