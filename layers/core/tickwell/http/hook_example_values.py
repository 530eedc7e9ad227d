"""The values of incoming webhooks in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

HOOK_ID = "019aa7c7-3c4d-7e5f-9a61-728394a5b6c7"
_ADDRESS = "twh_agnkpqar2t3qfmodnv7i7ebsgqqbtkt4e7cd3lttsljf2xy7kq5v2ojshbwhe3lemm3gcztsn5zwy2lomvzxgmjqge2tsmrqga"
_BODIES = ("HookBody", "NewHookBody", "ExportedHook")

HOOKS: Mapping[str, Any] = {
    "hook_id": HOOK_ID,
    "receiveMessage.token": _ADDRESS,
    "NewHookBody.path": f"/hooks/{_ADDRESS}",
    "AcceptedMessageBody.message_id": "wamid.HBgLMTU1NTU1NTU1NTU",
    **{f"{body}.id": HOOK_ID for body in (*_BODIES, "DeletedHookBody")},
    **{f"{body}.name": "Message from the shop" for body in _BODIES},
    **{f"{body}.task": "send_message" for body in _BODIES},
    **{f"{body}.queue": "message" for body in _BODIES},
    **{
        f"{body}.payload": {
            "channel": "sms",
            "to": "{{message.sender}}",
            "text": "We have got your message: {{message.content}}",
        }
        for body in _BODIES
    },
    **{f"{body}.fields": {"sender": "data.from", "content": "data.text"} for body in _BODIES},
    **{f"{body}.last_used_at": "2026-11-26T09:00:00.000Z" for body in _BODIES},
    "HookRequest.name": "Message from the shop",
    "HookSignatureBody.secret": "hook-shop",
    "HookSignatureBody.scheme": "sha256",
    "HookSignatureBody.header": "x-hub-signature-256",
}
