"""How the keys of organizations and of who belongs to them are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| address | ``U#{email key}`` | ``U`` | uniqueness, login | transaction of 3: 6 writes |
| user | ``T#{tenant}`` | ``U#{user}`` | get | |
| tenant | ``T#{tenant}`` | ``T`` | get | |
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


def address_key(email_key: str) -> Key:
    """Where an e-mail address is reserved."""
    return Key(f"U#{email_key}", "U")


def parse_address_key(key: Key) -> str:
    """The e-mail key of an address's key. Raises UnknownKeyError."""
    (email_key,) = match_key(r"U#(.+)", key.pk)
    match_key(r"(U)", key.sk)
    return email_key


def user_key(tenant_id: str, user_id: str) -> Key:
    """Where a user is."""
    return Key(f"T#{tenant_id}", f"U#{user_id}")


def parse_user_key(key: Key) -> tuple[str, str]:
    """Tenant and user of a user's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    (user_id,) = match_key(r"U#(.+)", key.sk)
    return tenant_id, user_id


def tenant_key(tenant_id: str) -> Key:
    """Where a tenant is."""
    return Key(f"T#{tenant_id}", "T")


def parse_tenant_key(key: Key) -> str:
    """The tenant of a tenant's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    match_key(r"(T)", key.sk)
    return tenant_id


def invitation_key(tenant_id: str, invitation_id: str) -> Key:
    """Where an invitation is."""
    return Key(organization_partition(tenant_id), f"I#{invitation_id}")


def parse_invitation_key(key: Key) -> tuple[str, str]:
    """Tenant and invitation of an invitation's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#([^#]+)", key.pk)
    (invitation_id,) = match_key(r"I#(.+)", key.sk)
    return tenant_id, invitation_id
