"""How both engines spell hooks as JSON text; see ``documents``."""

from typing import Any

from tickwell.adapters.documents import VERSION, from_json, from_ms, to_json
from tickwell.domain.hook import Hook, HookSignature, SignatureScheme
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms


def hook_text(hook: Hook) -> str:
    """A hook without its tenant, its id and its last use."""
    signature = hook.signature
    return to_json(
        {
            "v": VERSION,
            "user": hook.user_id,
            "name": hook.name,
            "task": hook.task,
            "queue": hook.queue,
            "payload": hook.payload,
            "fields": dict(hook.fields),
            "signature": None if signature is None else [signature.scheme, signature.secret, signature.header],
            "digest": hook.digest,
            "created": to_epoch_ms(hook.created_at),
        }
    )


def hook_from(tenant_id: str, hook_id: str, used_ms: int | None, text: str) -> Hook:
    """What ``hook_text`` wrote."""
    document = from_json(text)
    return Hook(
        tenant_id=tenant_id,
        hook_id=hook_id,
        user_id=document["user"],
        name=document["name"],
        task=document["task"],
        queue=document["queue"],
        payload=document["payload"],
        fields=document["fields"],
        signature=_signature(document["signature"]),
        digest=document["digest"],
        created_at=from_epoch_ms(document["created"]),
        last_used_at=from_ms(used_ms),
    )


def _signature(parts: Any) -> HookSignature | None:
    if parts is None:
        return None
    scheme, secret, header = parts
    return HookSignature(scheme=SignatureScheme(scheme), secret=secret, header=header)
