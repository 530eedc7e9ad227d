"""A request and an answer, free of who brought the one and takes the other."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LARGEST_BODY_BYTES = 1024 * 1024

JSON_TYPE = "application/json"

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """``headers`` have lower-case names; ``path`` is decoded; ``query`` is not.

    ``client_address`` is the peer's address as the host saw it, whatever headers claim.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    client_address: str = ""

    @property
    def announces_too_much(self) -> bool:
        """Whether the ``Content-Length`` alone tells that the body is over the limit: nobody need wait for it."""
        digits, most = self.headers.get("content-length", "").lstrip("0"), str(LARGEST_BODY_BYTES)
        return digits.isascii() and digits.isdigit() and (len(digits), digits) > (len(most), most)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """``body`` is text; an empty one is none."""

    status: int
    headers: Mapping[str, str]
    body: str


def render(document: Mapping[str, Any]) -> str:
    """``document`` as JSON in ASCII, which no text in it can break."""
    return _encode(document)
