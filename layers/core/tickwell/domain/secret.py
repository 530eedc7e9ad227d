"""Secrets of tenants: their names and bounds, and how payloads refer to them (X25).

``{{secret:name}}`` in any text of a payload stands for the secret's value, and becomes it when the task runs. What is
stored, shown and retried is the reference. ``{{secret::`` stands for the text ``{{secret:`` itself.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tickwell.domain.errors import InvalidInputError

LARGEST_SECRET_BYTES = 64 * 1024
SHORTEST_SECRET = 6
"""Characters. Shorter ones could not be kept out of logs: they would be found in ordinary words."""

MOST_SECRETS = 100
"""Of a tenant."""

MOST_REFERENCES = 50
"""In one payload."""

OLD_SECRET_LIFE = timedelta(hours=24)
"""How long the value of before is kept for whoever signs with both."""

REFERENCE_START = "{{secret:"
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}", re.ASCII)
_REFERENCE = re.compile(r"\{\{secret:(?:(:)|([a-z0-9][a-z0-9_-]{0,63})\}\})?", re.ASCII)
_NAME_RULE = "must be 1 to 64 lower-case letters, digits, - and _, and begin with a letter or a digit"

Place = tuple[str, ...]
"""Where in a payload something is: names of fields and indexes of lists, outermost first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretInfo:
    """What anybody is shown of a secret."""

    name: str
    changed_at: datetime


def require_secret_name(name: str) -> str:
    """``name``. Raises InvalidInputError("name")."""
    if not _NAME.fullmatch(name):
        raise InvalidInputError("name", _NAME_RULE)
    return name


def is_secret_name(name: str) -> bool:
    """Whether a secret may be called so."""
    return _NAME.fullmatch(name) is not None


def require_secret_value(value: str) -> str:
    """``value``. Raises InvalidInputError("value"), which never repeats it."""
    if len(value) < SHORTEST_SECRET:
        raise InvalidInputError("value", f"must have at least {SHORTEST_SECRET} characters")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as error:
        raise InvalidInputError("value", "must be valid Unicode text") from error
    if size > LARGEST_SECRET_BYTES:
        raise InvalidInputError("value", f"must have at most {LARGEST_SECRET_BYTES} bytes of UTF-8")
    return value


def may_refer(payload: Any) -> bool:
    """Whether any text in ``payload`` (JSON) has what a reference begins with. Quick: each attempt asks."""
    if isinstance(payload, str):
        return REFERENCE_START in payload
    stack = [payload]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            parts: Any = value.values()
        elif isinstance(value, list):
            parts = value
        else:
            continue
        for part in parts:
            if isinstance(part, str):
                if REFERENCE_START in part:
                    return True
            elif isinstance(part, dict | list):
                stack.append(part)
    return False


def references_in(payload: Any) -> dict[Place, tuple[str, ...]]:
    """The names that each text of ``payload`` refers to, by its place; texts without references are left out.

    Raises InvalidInputError for what begins like a reference and is none, and for more than ``MOST_REFERENCES``.
    """
    if not may_refer(payload):
        return {}
    found: dict[Place, tuple[str, ...]] = {}
    number = 0
    for place, text in _texts(payload, ()):
        names = tuple(_names_in(place, text))
        if names:
            found[place] = names
            number += len(names)
    if number > MOST_REFERENCES:
        raise InvalidInputError("payload", f"must have at most {MOST_REFERENCES} references to secrets, not {number}")
    return found


def with_secrets(payload: Any, values: Mapping[str, str]) -> Any:
    """``payload`` with each reference replaced by its value; ``values`` has all that ``references_in`` names."""
    match payload:
        case str():
            return _REFERENCE.sub(lambda found: _replaced(found, values), payload)
        case dict():
            return {name: with_secrets(value, values) for name, value in payload.items()}
        case list():
            return [with_secrets(value, values) for value in payload]
        case _:
            return payload


def as_plain_text(value: Any) -> Any:
    """``value`` (JSON) so that no text in it refers to a secret, whoever wrote it: it comes out as it was.

    For what outsiders may write into payloads, as the senders of incoming webhooks.
    """
    match value:
        case str():
            return value.replace(REFERENCE_START, REFERENCE_START + ":")
        case dict():
            return {name: as_plain_text(part) for name, part in value.items()}
        case list():
            return [as_plain_text(part) for part in value]
        case _:
            return value


def field_at(place: Place) -> str:
    """How a place is told to callers: ``payload.headers.Authorization``."""
    return ".".join(("payload", *place))


def _names_in(place: Place, text: str) -> Iterator[str]:
    for found in _REFERENCE.finditer(text):
        if found[2] is not None:
            yield found[2]
        elif found[1] is None:
            reason = f"must name a secret as {REFERENCE_START}name}}}}; a name {_NAME_RULE}"
            raise InvalidInputError(field_at(place), f"{reason} ({REFERENCE_START}: stands for {REFERENCE_START})")


def _replaced(found: re.Match[str], values: Mapping[str, str]) -> str:
    return REFERENCE_START if found[2] is None else values[found[2]]


def _texts(value: Any, place: Place) -> Iterator[tuple[Place, str]]:
    match value:
        case str():
            yield place, value
        case dict():
            for name, part in value.items():
                yield from _texts(part, (*place, name))
        case list():
            for index, part in enumerate(value):
                yield from _texts(part, (*place, str(index)))
