"""A system on a socket, whose streams tests follow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests

from tests.served import serving_locally
from tests.stream_reader import StreamReader, following
from tickwell.bootstrap.embedded.system import EmbeddedSystem

STATS = "/api/v1/sse/stats"
CREDENTIALS = {"email": "ada@example.com", "password": "Correct-Horse-9"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A system on a socket, and Ada, who owns a tenant there."""

    system: EmbeddedSystem
    url: str
    headers: dict[str, str]

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """``data`` of a successful answer to Ada."""
        answer = requests.request(method, f"{self.url}/api/v1{path}", json=body, headers=self.headers, timeout=20)
        assert answer.json().get("success") is True, answer.text
        return answer.json().get("data")

    def job(self, **fields: Any) -> str:
        """A new job that waits."""
        return str(self.data("POST", "/jobs", {"name": "a job", "interval_seconds": 3600, **fields})["id"])

    def key(self) -> dict[str, str]:
        """Headers with a new API key, which is a caller of its own."""
        made = self.data("POST", "/api-keys", {"name": "k", "scopes": ["jobs:read"], "role": "viewer"})
        return {"X-API-Key": made["key"]}

    def open(self) -> int:
        """How many streams there are."""
        return self.system.http.open_streams

    @contextmanager
    def follow(self, path: str, headers: dict[str, str] | None = None) -> Iterator[StreamReader]:
        with following(self.url, path, {**self.headers, **(headers or {})}) as reader:
            yield reader


@contextmanager
def followed(system: EmbeddedSystem) -> Iterator[Served]:
    """``system`` on a socket, where Ada has registered."""
    with serving_locally(system.http) as url:
        answer = requests.post(f"{url}/api/v1/auth/register", json=CREDENTIALS, timeout=20)
        token = answer.json()["data"]["token"]
        yield Served(system=system, url=url, headers={"Authorization": f"Bearer {token}"})


def live(job_id: str) -> str:
    """Where the job is followed."""
    return f"/api/v1/sse/jobs/{job_id}"
