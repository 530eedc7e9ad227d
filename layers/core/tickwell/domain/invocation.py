"""Lambda functions that jobs may call, and how they are named (X17)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = r"[A-Za-z0-9_-]{1,140}"
_QUALIFIER = r"(?:\$LATEST|[A-Za-z0-9_-]{1,128})"
_ARN = r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:"
_FUNCTION = re.compile(rf"({_ARN})?({_NAME})(?::({_QUALIFIER}))?", re.ASCII)
_ENTRY = re.compile(rf"({_ARN})?(?:{_NAME}(?::{_QUALIFIER})?|{_NAME}(?::{_QUALIFIER}|:)?\*)", re.ASCII)

LARGEST_WAITED_BYTES = 6 * 1024 * 1024
"""Lambda's own limit on the payload of a call that is waited for, and on its result."""

LARGEST_FORGOTTEN_BYTES = 1024 * 1024
"""Lambda's own limit on the payload of a call that is not waited for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One call. ``function`` is as ``AllowedFunctions`` gave it; ``payload`` is JSON.

    ``waits``: for the result, ``timeout_seconds`` at most. ``context``: what the function is told of the job besides,
    as ``client_context.custom``; Lambda hands it on only where the result is waited for.
    """

    function: str
    payload: bytes
    waits: bool
    timeout_seconds: float
    context: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class InvocationResult:
    """What came of a call: JSON as the function gave it, empty where nothing was waited for.

    ``failed``: it is the function's error instead, an object with ``errorType`` and ``errorMessage``. ``truncated``:
    there was more of it.
    """

    status_code: int
    payload: bytes
    failed: bool = False
    truncated: bool = False
    executed_version: str | None = None


class AllowedFunctions:
    """Which functions may be called: names or ARNs, with ``*`` at the end for all that begin so.

    Without a qualifier an entry is for the function itself, and not for its versions and aliases. Raises ValueError for
    an entry that names none.
    """

    def __init__(self, entries: Iterable[str]) -> None:
        self._entries = tuple(entries)
        for entry in self._entries:
            if not _ENTRY.fullmatch(entry):
                raise ValueError(f"{entry} is neither the name of a function nor its ARN; a * may stand at the end")

    def found(self, function: str) -> str | None:
        """How ``function``, a name or an ARN, is to be called: by the ARN where an entry has one. None: not at all."""
        arn, name = _parts(function)
        for entry in self._entries:
            entry_arn, entry_name = _parts(entry)
            if arn and entry_arn and arn != entry_arn:
                continue
            if arn and not entry_arn:
                continue  # a name is allowed in the deployment's own account and region only
            matches = name.startswith(entry_name[:-1]) if entry_name.endswith("*") else name == entry_name
            if matches:
                return (entry_arn or arn) + name
        return None


def is_function(text: str) -> bool:
    """Whether ``text`` is a function's name or ARN, with or without a qualifier."""
    return _FUNCTION.fullmatch(text) is not None


def _parts(text: str) -> tuple[str, str]:
    """What an ARN begins with (empty: a bare name), and the name with its qualifier."""
    head, colon, name = text.rpartition(":function:")
    return (head + colon, name) if colon else ("", text)
