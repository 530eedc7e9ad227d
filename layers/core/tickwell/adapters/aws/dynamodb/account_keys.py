"""How the keys of organizations are spelled; see ``keys`` for users and tenants.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| invitation | ``T#{tenant}`` | ``I#{invitation}`` | get; a tenant's invitations in one query | 1 write |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key

MEMBERS = ("U#", "U#~")
"""The sort keys of a tenant's users: from, to."""

INVITATIONS = ("I#", "I#~")
"""The sort keys of a tenant's invitations."""


def organization_partition(tenant_id: str) -> str:
    """The tenant with its users and invitations."""
    return f"T#{tenant_id}"


def invitation_key(tenant_id: str, invitation_id: str) -> Key:
    """Where an invitation is."""
    return Key(organization_partition(tenant_id), f"I#{invitation_id}")


def parse_invitation_key(key: Key) -> tuple[str, str]:
    """Tenant and invitation of an invitation's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#([^#]+)", key.pk)
    (invitation_id,) = match_key(r"I#(.+)", key.sk)
    return tenant_id, invitation_id
