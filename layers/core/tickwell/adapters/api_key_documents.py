"""How both engines spell API keys as JSON text; see ``documents``."""

from tickwell.adapters.documents import VERSION, epoch_ms, from_json, from_ms, to_json
from tickwell.domain.account import Role, Scope
from tickwell.domain.api_key import ApiKey
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms


def key_text(key: ApiKey) -> str:
    """A key without its tenant, its id and its last use."""
    return to_json(
        {
            "v": VERSION,
            "user": key.user_id,
            "name": key.name,
            "role": key.role,
            "scopes": key.sorted_scopes,
            "digest": key.digest,
            "created": to_epoch_ms(key.created_at),
            "expires": epoch_ms(key.expires_at),
        }
    )


def key_from(tenant_id: str, key_id: str, used_ms: int | None, text: str) -> ApiKey:
    """What ``key_text`` wrote."""
    document = from_json(text)
    return ApiKey(
        tenant_id=tenant_id,
        key_id=key_id,
        user_id=document["user"],
        name=document["name"],
        role=Role(document["role"]),
        scopes=frozenset(Scope(scope) for scope in document["scopes"]),
        digest=document["digest"],
        created_at=from_epoch_ms(document["created"]),
        expires_at=from_ms(document["expires"]),
        last_used_at=from_ms(used_ms),
    )
