"""The keys that sign tokens: exchanged while everything runs, without a deployment."""

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.errors import NotFoundError, UnavailableError

_SHORTEST_KEY_BYTES = 32
_KEPT = timedelta(minutes=5)
_PATIENCE = timedelta(seconds=10)

_log = logging.getLogger("tickwell")


@dataclass(frozen=True, kw_only=True, slots=True)
class SigningKey:
    """A key, and the id that tokens name it by, which is derived from it."""

    key_id: str
    key: bytes


class KeyRing:
    """The keys in the secret that ``read`` gives, one on each line: the first signs, all are accepted.

    They are read again after five minutes, and for an id that is not among them, at most every ten seconds: a key that
    another process signs with already is found then. A secret that cannot be read or understood is logged, without its
    value, and the keys that were read before stay; the first reading raises (ValueError for a key under 32 bytes).
    Safe for threads.
    """

    def __init__(self, read: Callable[[], str]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._keys = _keys_in(read())
        self._read_at: datetime | None = None

    def signing(self, now: datetime) -> SigningKey:
        """The key to sign with."""
        self._renew(now, _KEPT)
        return next(iter(self._keys.values()))

    def find(self, key_id: str, now: datetime) -> bytes | None:
        """The key of that id; None for one that is not, or no longer, accepted."""
        self._renew(now, _KEPT)
        if key_id not in self._keys:
            self._renew(now, _PATIENCE)
        found = self._keys.get(key_id)
        return None if found is None else found.key

    def _renew(self, now: datetime, age: timedelta) -> None:
        """Read again what was read longer ago than ``age``, or in the future: clocks may be set back."""
        with self._lock:
            if self._read_at is None:
                self._read_at = now
            if timedelta(0) <= now - self._read_at < age:
                return
            self._read_at = now
            try:
                self._keys = _keys_in(self._read())
            except (NotFoundError, OSError, UnavailableError, ValueError) as error:
                extra = {"action": "signing_keys.unreadable", "error": type(error).__name__}
                _log.error("signing keys not read again; those of before stay", extra=extra)


def _keys_in(secret: str) -> Mapping[str, SigningKey]:
    keys = [line.strip().encode() for line in secret.splitlines() if line.strip()]
    if not keys or any(len(key) < _SHORTEST_KEY_BYTES for key in keys):
        raise ValueError(f"a signing key has at least {_SHORTEST_KEY_BYTES} bytes")
    return {(key_id := _key_id(key)): SigningKey(key_id=key_id, key=key) for key in keys}


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"tickwell key id:" + key).hexdigest()[:16]
