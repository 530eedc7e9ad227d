"""The log of one attempt: what its task had to say, bounded, and always fit to be stored."""

import json
import threading
from datetime import datetime
from typing import Any, Literal

from tickwell.domain.execution import LogEntry

LogLevel = Literal["debug", "info", "warning", "error"]

MAX_ENTRIES = 1_000
MAX_BYTES = 256 * 1024
_MAX_ENTRY_BYTES = 32 * 1024
_ENTRY_OVERHEAD_BYTES = 64
_MAX_NOTE_BYTES = 256


class TaskLog:
    """Collects entries, up to 1,000 of them and 256 KB; what comes after that is only counted.

    Safe to share among threads.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[LogEntry] = []
        self._bytes = 0
        self._dropped = 0
        self._dropped_at: datetime | None = None

    def add(self, at: datetime, level: LogLevel, message: str, metadata: dict[str, Any]) -> None:
        """Keep an entry, or count it as dropped. Metadata that JSON cannot express is kept as text."""
        text = bounded_text(message)
        fields, fields_bytes = storable_metadata(metadata)
        size = len(text.encode()) + fields_bytes + _ENTRY_OVERHEAD_BYTES
        with self._lock:
            if self._dropped or len(self._entries) >= MAX_ENTRIES or self._bytes + size > MAX_BYTES:
                self._dropped += 1
                self._dropped_at = at
                return
            self._entries.append(LogEntry(at=at, level=level, message=text, metadata=fields))
            self._bytes += size

    @property
    def most_bytes(self) -> int:
        """The most bytes that the entries take as JSON: a control character takes six."""
        with self._lock:
            return 6 * (self._bytes + _MAX_NOTE_BYTES)

    def entries(self) -> tuple[LogEntry, ...]:
        """What was kept, in order, and one last line that says how many entries were dropped, if any were."""
        with self._lock:
            if self._dropped_at is None:
                return tuple(self._entries)
            last = LogEntry(
                at=self._dropped_at,
                level="warning",
                message=f"the log was full: {self._dropped} more entries were dropped",
                metadata={"dropped": self._dropped},
            )
            return (*self._entries, last)


def bounded_text(text: str) -> str:
    """``text`` as UTF-8 can express it, cut at 32 KB."""
    if text.isascii() and len(text) <= _MAX_ENTRY_BYTES:
        return text
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _MAX_ENTRY_BYTES:
        return encoded.decode()
    return encoded[:_MAX_ENTRY_BYTES].decode("utf-8", "ignore") + " … (cut)"


def storable_metadata(metadata: dict[str, Any]) -> tuple[Any, int]:
    """``metadata`` as JSON can express it, cut at 32 KB, and its size in bytes; None for an empty one."""
    if not metadata:
        return None, 0
    try:
        encoded = json.dumps(metadata, allow_nan=False, default=str, ensure_ascii=False).encode("utf-8", "replace")
    except (TypeError, ValueError):
        encoded = json.dumps({"text": bounded_text(ascii(metadata))}).encode()
    except RecursionError:
        encoded = json.dumps({"text": "too deeply nested to be kept"}).encode()
    if len(encoded) > _MAX_ENTRY_BYTES:
        encoded = json.dumps({"text": encoded[: _MAX_ENTRY_BYTES // 2].decode("utf-8", "ignore") + " … (cut)"}).encode()
    return json.loads(encoded), len(encoded)
