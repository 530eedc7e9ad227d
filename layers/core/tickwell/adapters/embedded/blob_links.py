"""Links to blobs that the local server serves itself: paths that carry a signature and what it is of.

``/api/v1/blobs/<name>?expires=<epoch>&filename=...&signature=...``, and for writing ``type`` and ``size`` in place of
``filename``. The signature (HMAC-SHA256) covers the method too: a link to read cannot write.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode

from tickwell.adapters.blob_names import require_blob_name
from tickwell.application.ports import Clock, UploadLink
from tickwell.domain.blob_link import BLOB_PATH, ReadPermit, WritePermit
from tickwell.domain.errors import ForbiddenError
from tickwell.domain.instant import to_epoch_ms

_READ: Final = "GET"
_WRITE: Final = "PUT"


class SignedPaths:
    """Makes links, and tells what a request by one of them may do. ``base_url`` empty: links are paths on the server.

    Whoever knows ``key`` can make any link.
    """

    def __init__(self, key: str, clock: Clock, base_url: str = "") -> None:
        self._key = key.encode()
        self._clock = clock
        self._base_url = base_url.rstrip("/")

    def download_link(self, name: str, *, expires_in: timedelta, filename: str) -> str:
        """See the port."""
        return self._link(_READ, name, expires_in, {"filename": filename})

    def upload_link(self, name: str, *, expires_in: timedelta, content_type: str, size_bytes: int) -> UploadLink:
        """See the port."""
        url = self._link(_WRITE, name, expires_in, {"type": content_type, "size": str(size_bytes)})
        return UploadLink(url=url, headers={"Content-Type": content_type, "Content-Length": str(size_bytes)})

    def may_read(self, name: str, query: Mapping[str, str]) -> ReadPermit:
        """What a request to read ``name`` may have. Raises ForbiddenError."""
        self._require(_READ, name, query, "filename")
        return ReadPermit(name=name, filename=query["filename"])

    def may_write(self, name: str, query: Mapping[str, str]) -> WritePermit:
        """What a request to write ``name`` may bring. Raises ForbiddenError."""
        self._require(_WRITE, name, query, "type", "size")
        return WritePermit(name=name, content_type=query["type"], size_bytes=int(query["size"]))

    def _link(self, method: str, name: str, expires_in: timedelta, said: Mapping[str, str]) -> str:
        expires = str(to_epoch_ms(self._clock.now() + expires_in) // 1000)
        signature = self._signature(method, require_blob_name(name), expires, *said.values())
        query = urlencode({"expires": expires, **said, "signature": signature})
        return f"{self._base_url}{BLOB_PATH}{quote(name)}?{query}"

    def _require(self, method: str, name: str, query: Mapping[str, str], *said: str) -> None:
        """Raises ForbiddenError, whatever is wrong; what is signed cannot be wrong in any other way."""
        signed = [query.get(field, "") for field in ("expires", *said)]
        given = query.get("signature", "")
        expected = self._signature(method, name, *signed)
        if not hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode()):
            raise ForbiddenError("this link was changed, or was made for something else")
        if int(signed[0]) <= to_epoch_ms(self._clock.now()) // 1000:
            raise ForbiddenError("this link has expired")

    def _signature(self, *parts: str) -> str:
        return hmac.new(self._key, json.dumps(parts).encode(), hashlib.sha256).hexdigest()
