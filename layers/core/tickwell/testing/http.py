"""Requests to the API of a simulation, as a server would pass them on."""

import json
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from tickwell.http.asgi import AsgiApp


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the API answered. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """What a success is about. Raises AssertionError, with the whole body, for anything else."""
        if not 200 <= self.status <= 299:
            raise AssertionError(f"the API answered {self.status}: {self.body.decode()}")
        return self.json["data"]


async def ask(app: AsgiApp, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """One request to ``app``."""
    parts = urlsplit(target)
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
    }
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *pieces = sent
    return Answer(
        status=start["status"],
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]},
        body=b"".join(piece["body"] for piece in pieces),
    )
