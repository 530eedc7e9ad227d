"""Distributed traces by W3C Trace Context: where a job belongs in the trace of whoever asked for it (X27).

https://www.w3.org/TR/trace-context/: ``traceparent`` is ``00-<trace id>-<parent id>-<flags>`` in hexadecimal.
"""

import hashlib
import re

TRACEPARENT_HEADER = "traceparent"

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_KNOWN_FLAGS = 0x03
"""``sampled`` and ``random-trace-id``; others must not be handed on by whoever does not know them."""


def parsed_traceparent(value: str | None) -> str | None:
    """``value`` as version 00 spells it; None for what is no ``traceparent``, which is ignored, as the standard says.

    Of a later version the parts are taken that it has in common with this one.
    """
    found = None if value is None else _TRACEPARENT.fullmatch(value.strip(" \t"))
    if found is None:
        return None
    version, trace_id, span_id, flags, more = found.groups()
    is_unreadable = version == "ff" or (version == "00" and more is not None)
    if is_unreadable or trace_id == _NO_TRACE or span_id == _NO_SPAN:
        return None
    return f"00-{trace_id}-{span_id}-{int(flags, 16) & _KNOWN_FLAGS:02x}"


def span_in_trace(traceparent: str | None, identity: str) -> str | None:
    """What goes out with the work that ``identity`` names: the same trace, with a span id of that work's own.

    It is derived, so that whoever shows the work later knows the span without having stored it.
    """
    if traceparent is None:
        return None
    _, trace_id, _, flags = traceparent.split("-")
    span_id = hashlib.blake2b(f"{trace_id}.{identity}".encode(), digest_size=8).hexdigest()
    return f"00-{trace_id}-{span_id}-{flags}"


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace that it belongs to."""
    return None if traceparent is None else traceparent.split("-")[1]
