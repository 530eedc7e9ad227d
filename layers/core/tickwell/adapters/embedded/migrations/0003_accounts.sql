-- Edits of a user are counted, and which of its tokens count (NULL: all).
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE users ADD COLUMN sessions TEXT;
