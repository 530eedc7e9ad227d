"""HTTP/1.1 as h11 reads it, without what a proxy in front of us might read otherwise (request smuggling).

RFC 9112 lets a server be generous in several places. Where two parsers then see the end of a request in different
places, what one takes for a body is a request to the other. Whoever means no harm sends none of it.
"""

import re

import h11

_END_OF_HEAD = b"\r\n\r\n"
_LOOSE_LINE = re.compile(rb"(?<!\r)\n|\n[ \t]")
"""A line that ends in a mere LF, or goes on in the next one."""

_LENGTH = re.compile(rb"^content-length:([^\r]*)", re.IGNORECASE | re.MULTILINE)


class StrictConnection(h11.Connection):
    """A server's connection.

    The lines of a head end in CRLF and are not folded. The version is 1.0 or 1.1. A body ends by one
    ``Content-Length`` that is one number, or, in 1.1, by its chunks; never by both.
    """

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """As in h11. Raises RemoteProtocolError also for a request that others may read otherwise."""
        received = self.trailing_data[0] if self.their_state is h11.IDLE else b""
        event = super().next_event()
        if isinstance(event, h11.Request):
            fault = _fault(event, received.partition(_END_OF_HEAD)[0])
            if fault is not None:
                raise h11.RemoteProtocolError(fault, error_status_hint=400)
        return event


def _fault(request: h11.Request, head: bytes) -> str | None:
    """What is wrong with a request, or None. Of several equal lengths h11 keeps one, hence the look at the head."""
    lengths = _LENGTH.findall(head)
    is_chunked = any(name == b"transfer-encoding" for name, _ in request.headers)
    if _LOOSE_LINE.search(head):
        return "a line does not end in CRLF, or is folded"
    if request.http_version not in {b"1.0", b"1.1"}:
        return "neither HTTP/1.0 nor HTTP/1.1"
    if is_chunked and (lengths or request.http_version == b"1.0"):
        return "chunks beside a length, or in HTTP/1.0"
    if len(lengths) > 1 or not all(length.strip(b" \t").isdigit() for length in lengths):
        return "more than one length"
    return None
