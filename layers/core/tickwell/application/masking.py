"""Keeps the secrets of deployment and tenant out of what is recorded of attempts."""

import base64
import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from tickwell.domain.execution import Failure, LogEntry
from tickwell.domain.secret import SHORTEST_SECRET

_MASK = "***"
_MOST_LINES = 64
"""Of a secret of several lines so many count alone, besides all of it: a private key has fewer."""


class Masker:
    """Puts ``***`` where a text holds one of ``secrets``, as it is or escaped as in JSON, ``repr``, URLs, Base64.

    Shorter ones than ``SHORTEST_SECRET`` are not looked for. Of one of several lines each line counts. ``cut``: texts
    may end within one, as the beginning of an answer that repeats it; then its beginning counts, too.
    """

    def __init__(self, secrets: Iterable[str] = (), *, cut: bool = False) -> None:
        self._secrets = frozenset(secrets)
        spellings = {
            spelling
            for secret in self._secrets
            for part in {secret, *map(str.strip, secret.splitlines()[:_MOST_LINES])}
            if len(part) >= SHORTEST_SECRET
            for spelling in _spellings(part)
        }
        self._cut = cut
        # The longest first, so that no rest of one is left where a shorter one is part of it.
        self._spellings = tuple(sorted(spellings, key=lambda spelling: (-len(spelling), spelling)))

    def also(self, secrets: Collection[str]) -> "Masker":
        """One that looks for ``secrets`` as well, and for their beginnings."""
        more = self._secrets.union(secrets) if secrets else self._secrets
        return self if more == self._secrets else Masker(more, cut=True)

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for spelling in self._spellings:
            text = text.replace(spelling, _MASK)
        if self._cut:
            for spelling in self._spellings:
                text = _without_beginning(text, spelling)
        return text

    def failure(self, failure: Failure) -> Failure:
        """Code, message and traceback without secrets."""
        trace = failure.traceback
        return replace(
            failure,
            code=self.text(failure.code),
            message=self.text(failure.message),
            traceback=None if trace is None else self.text(trace),
        )

    def entries(self, entries: tuple[LogEntry, ...]) -> tuple[LogEntry, ...]:
        """Log lines and their metadata without secrets."""
        if not self._spellings:
            return entries
        return tuple(map(self._entry, entries))

    def value(self, value: Any) -> Any:
        """Any JSON value, without secrets in its texts and names."""
        return self._value(value) if self._spellings else value

    def _entry(self, entry: LogEntry) -> LogEntry:
        message, metadata = self.text(entry.message), self._value(entry.metadata)
        if message == entry.message and metadata == entry.metadata:
            return entry
        return replace(entry, message=message, metadata=metadata)

    def _value(self, value: Any) -> Any:
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(name): self._value(content) for name, content in value.items()}
            case list():
                return [self._value(content) for content in value]
            case _:
                return value


def _without_beginning(text: str, spelling: str) -> str:
    """``text``, masked where the beginning of ``spelling`` is its end."""
    begun = spelling[:SHORTEST_SECRET]
    at = text.find(begun, max(0, len(text) - len(spelling)))
    while at >= 0:
        if spelling.startswith(text[at:]):
            return text[:at] + _MASK
        at = text.find(begun, at + 1)
    return text


def _spellings(secret: str) -> Iterator[str]:
    yield from (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1], quote(secret, safe=""))
    yield from _in_base64(secret)


def _in_base64(secret: str) -> Iterator[str]:
    """How it reads in Base64 among other text, as in a login, without the letters that its neighbours decide too."""
    octets = secret.encode()
    for before in range(3):
        whole = base64.b64encode(bytes(before) + octets).decode()
        sure = whole[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        yield sure
        yield sure.translate(_OF_URLS)


_OF_URLS = str.maketrans("+/", "-_")
