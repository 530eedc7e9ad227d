"""A request and an answer, free of who brought the one and takes the other."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tickwell.http.following import Following

LARGEST_BODY_BYTES = 1024 * 1024

JSON_TYPE = "application/json"

_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """``headers`` have lower-case names; ``path`` is decoded; ``query`` is not.

    ``client_address`` is the peer's address as the host saw it, whatever headers claim. ``follow`` is asked
    whether the answer can be kept open, and takes what goes on then; None: this host answers once.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    request_id: str
    client_address: str = ""
    follow: Callable[[Following], bool] | None = None

    @property
    def announces_too_much(self) -> bool:
        """Whether the ``Content-Length`` alone tells that the body is over the limit: nobody need wait for it."""
        digits, most = self.headers.get("content-length", "").lstrip("0"), str(LARGEST_BODY_BYTES)
        return digits.isascii() and digits.isdigit() and (len(digits), digits) > (len(most), most)


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpAnswer:
    """``body`` is text; an empty one is none. ``is_base64``: the text stands for bytes."""

    status: int
    headers: Mapping[str, str]
    body: str
    is_base64: bool = False


def render(document: Mapping[str, Any]) -> str:
    """``document`` as JSON in ASCII, which no text in it can break."""
    return _encode(document)
