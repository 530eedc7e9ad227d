-- Edits of a user are counted; which of its tokens count (NULL: all); by which mails a new password may be set.
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

ALTER TABLE users ADD COLUMN sessions TEXT;

ALTER TABLE users ADD COLUMN resets TEXT;

-- Edits of a tenant are counted, those of who belongs to it included.
ALTER TABLE tenants ADD COLUMN name TEXT NOT NULL DEFAULT '';

ALTER TABLE tenants ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

-- Who may join a tenant, and the digest of the token that was sent.
CREATE TABLE invitations (
    tenant_id TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    invited_by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    digest TEXT,
    PRIMARY KEY (tenant_id, invitation_id)
) WITHOUT ROWID;

CREATE INDEX invitations_by_expiry ON invitations (expires_ms);
