-- An attempt whose worker has let go of it, because what it is about goes on outside: since when, for how long, as JSON.
ALTER TABLE jobs ADD COLUMN outside TEXT;
