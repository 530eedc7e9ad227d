"""What comes in at a hook, and the payload that a job gets of it (B5).

A hook's ``payload`` is any JSON value, in whose texts ``{{message.sender}}`` (or another of ``PARTS``) and
``{{body.path.to.it}}`` stand for parts of the message. A text that is nothing else becomes the part itself, of whatever
type; in a longer one a part stands as text. What a sender writes never becomes a reference to a secret.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.hook import Hook
from tickwell.domain.json_value import is_too_deep
from tickwell.domain.secret import REFERENCE_START, as_plain_text, references_in

PARTS = ("id", "organization", "instance", "sender", "content")
"""What a message has, by name."""

LARGEST_TEMPLATE_BYTES = 16 * 1024
MOST_PLACEHOLDERS = 20
LONGEST_PATH = 200
LONGEST_MESSAGE_ID = 1024

_DEFAULT_FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": ("message_id", "messageId"),
    "organization": ("organization", "organization_id", "organizationId"),
    "instance": ("instance", "instance_id", "instanceId"),
    "sender": ("sender", "from"),
    "content": ("content", "text", "message", "body"),
}
_ID_HEADERS = ("webhook-id", "idempotency-key", "x-message-id")
_PATH = re.compile(r"[^.{}\s]+(?:\.[^.{}\s]+)*")
_PLACEHOLDER = re.compile(r"\{\{(?:message\.(id|organization|instance|sender|content)|body(?:\.([^{}\s]{1,200}))?)\}\}")
_BEGINNING = re.compile(
    r"\{\{\s{0,9}(?:(?:message|body)\b|(?:\w{1,40}\.)?(?:id|organization|instance|sender|content)\s{0,9}\}\})"
)
"""What looks like a placeholder: one with blanks in it, and one without ``message``, or with another word for it."""
_SAMPLE = "{{secret:of-a-sender}}"
"""Stands for what is not known before there is a message: nobody holds against a text with a reference what it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IncomingMessage:
    """A message in its parts; ``body`` is all of it. ``message_id`` None: its sender gave it none."""

    message_id: str | None
    organization: Any
    instance: Any
    sender: Any
    content: Any
    body: Any

    def part(self, name: str) -> Any:
        """One of ``PARTS``."""
        return self.message_id if name == "id" else getattr(self, name)


def incoming_message(hook: Hook, headers: Mapping[str, str], body: Any) -> IncomingMessage:
    """The message that ``body`` (JSON) holds, by the hook's ``fields`` or by the usual names.

    The organization is the tenant and the instance is the hook where the message does not say otherwise; content that
    is not found is all of the body. Raises InvalidInputError for an id that is too long.
    """
    found = {name: _found(hook, name, body) for name in PARTS}
    return IncomingMessage(
        message_id=_message_id(hook, headers, found["id"]),
        organization=hook.tenant_id if found["organization"] is None else found["organization"],
        instance=hook.hook_id if found["instance"] is None else found["instance"],
        sender=found["sender"],
        content=body if found["content"] is None else found["content"],
        body=body,
    )


def payload_of(hook: Hook, message: IncomingMessage) -> Any:
    """The payload of the message's job. Raises InvalidInputError for one that is nested too deeply."""
    if hook.payload is None:
        whole = {name: message.part(name) for name in PARTS if name != "id"}
        payload = as_plain_text({"message_id": message.message_id, **whole})
    else:
        payload = _filled(hook.payload, message)
    if is_too_deep(payload):
        raise InvalidInputError("body", "is nested too deeply for the payload of a job")
    return payload


def require_template(template: Any) -> Any:
    """``template``. Raises InvalidInputError("payload") for one that is too large, or that means nothing.

    Of its placeholders each must be one, and of its references to secrets each must stand between them as a whole.
    """
    if len(json.dumps(template)) > LARGEST_TEMPLATE_BYTES:
        raise InvalidInputError("payload", f"must have at most {LARGEST_TEMPLATE_BYTES} bytes as JSON")
    placeholders = 0
    for text in _texts(template):
        known = [found.start() for found in _PLACEHOLDER.finditer(text)]
        if any(found.start() not in known for found in _BEGINNING.finditer(text)):
            names = ", ".join(f"{{{{message.{name}}}}}" for name in PARTS)
            raise InvalidInputError("payload", f"may have {names}, {{{{body}}}} and {{{{body.path.to.it}}}}")
        for literal in _literals(text):
            references_in(literal)  # whole ones: nothing of a sender may complete what we have begun
        placeholders += len(known)
    if placeholders > MOST_PLACEHOLDERS:
        raise InvalidInputError("payload", f"must have at most {MOST_PLACEHOLDERS} placeholders, not {placeholders}")
    return template


def sample_of(template: Any) -> Any:
    """``template`` with something in each placeholder that no check of payloads holds against it."""
    match template:
        case str():
            return _SAMPLE if _PLACEHOLDER.search(template) else template
        case dict():
            return {name: sample_of(part) for name, part in template.items()}
        case list():
            return [sample_of(part) for part in template]
        case _:
            return template


def require_path(name: str, path: str) -> str:
    """``path``, of a part in a body. Raises InvalidInputError that names ``fields.name``."""
    if len(path) > LONGEST_PATH or not _PATH.fullmatch(path):
        raise InvalidInputError(f"fields.{name}", "must be names with dots between them, as data.from.0.number")
    return path


def _found(hook: Hook, name: str, body: Any) -> Any:
    paths = (hook.fields[name],) if name in hook.fields else _DEFAULT_FIELDS[name]
    return next((value for path in paths if (value := _at(body, path)) is not None), None)


def _at(value: Any, path: str) -> Any:
    """What is at ``path``; None where there is nothing."""
    for step in path.split("."):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) <= 6:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def _message_id(hook: Hook, headers: Mapping[str, str], found: Any) -> str | None:
    """Where the hook says, or else in a header, or where senders mostly have it."""
    given = found if isinstance(found, str | int) and not isinstance(found, bool) else None
    if given is None or "id" not in hook.fields:
        given = next((headers[name] for name in _ID_HEADERS if headers.get(name)), given)
    text = "" if given is None else str(given)
    if len(text) > LONGEST_MESSAGE_ID:
        raise InvalidInputError("id", f"of a message must have at most {LONGEST_MESSAGE_ID} characters")
    return text or None


def _filled(template: Any, message: IncomingMessage) -> Any:
    match template:
        case str():
            whole = _PLACEHOLDER.fullmatch(template)
            return _text(template, message) if whole is None else as_plain_text(_value(whole, message))
        case dict():
            return {name: _filled(part, message) for name, part in template.items()}
        case list():
            return [_filled(part, message) for part in template]
        case _:
            return template


def _value(found: re.Match[str], message: IncomingMessage) -> Any:
    if found[1] is not None:
        return message.part(found[1])
    return message.body if found[2] is None else _at(message.body, found[2])


def _text(template: str, message: IncomingMessage) -> str:
    """The text with its parts; a reference to a secret is one only where all of it stands in the template."""
    text, ours, end = "", [], 0
    for found in _PLACEHOLDER.finditer(template):
        ours.append((len(text), len(text) + found.start() - end))
        text += template[end : found.start()] + _as_text(_value(found, message))
        end = found.end()
    ours.append((len(text), len(text) + len(template) - end))
    text += template[end:]

    def kept(found: re.Match[str]) -> str:
        is_ours = any(start <= found.start() and found.end() <= stop for start, stop in ours)
        return REFERENCE_START if is_ours else f"{REFERENCE_START}:"

    return re.sub(re.escape(REFERENCE_START), kept, text)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _literals(text: str) -> Iterator[str]:
    """What stands before, between and behind the placeholders."""
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        yield text[end : found.start()]
        end = found.end()
    yield text[end:]


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for part in value.values():
                yield from _texts(part)
        case list():
            for part in value:
                yield from _texts(part)
