"""What tasks may ask of the network: one HTTP exchange at a time, bounded in time and in size."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

MOST_WITHOUT_SINK_BYTES = 64 * 1024
"""So much is read of an unsuccessful answer to a request whose body was to go to a sink."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """A request as a task wants it sent.

    ``timeout_seconds`` covers everything: names, connections, redirects and the body. At most ``max_body_bytes``
    of the (unpacked) answer are read. ``follow_redirects`` False hands a redirect back as it is.
    ``sink`` takes the body of a successful answer (2xx) in pieces, for bodies that memory should not hold; of any other
    answer at most ``MOST_WITHOUT_SINK_BYTES`` are read, and come as its ``body``.
    """

    method: str
    url: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    timeout_seconds: float
    max_body_bytes: int
    follow_redirects: bool = True
    confined: bool = False
    sink: Callable[[bytes], object] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpResponse:
    """The answer. ``url`` is where it came from in the end.

    Header names are in lower case, repeats joined by ", ". ``body`` is unpacked (gzip, deflate); ``truncated`` says
    that there was more of it. Where a sink took the body, ``body`` is empty.
    """

    status_code: int
    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    truncated: bool


class HttpClient(Protocol):
    """The guarded way out: it reaches no address that the deployment does not allow."""

    async def send(self, request: HttpRequest) -> HttpResponse:
        """Send it and read the answer, whatever its status.

        Raises AttemptFailedError. Not retryable: ``BLOCKED_ADDRESS``, ``INVALID_URL``, ``TOO_MANY_REDIRECTS``, and
        ``REDIRECT_TO_OTHER_ORIGIN`` where a ``confined`` body would go along.
        Retryable: ``DNS_FAILED``, ``CONNECT_FAILED``; and ``HTTP_TIMEOUT``, ``CONNECTION_LOST``,
        ``HTTP_PROTOCOL_ERROR``, before which the request may have reached the server.
        """
        ...
