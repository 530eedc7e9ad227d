"""What a user does who gives away all kinds of secrets, each of them marked."""

import http.client
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.notification_lab import Hook
from tests.server_process import ServerProcess

MARK = "m4rk"
JOBS = "/api/v1/jobs"
SMTP_PASSWORD = f"{MARK}-smtp-password"
TENANT_SECRET = f"{MARK}-tenant-sécret"
"""What a user keeps under the name ``kept``: nobody is ever told it, not even its owner."""


def settings_for(smtp_port: int) -> dict[str, str]:
    """Of a server that sends its mail through a server on that port, with a login."""
    return {
        "TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
        "TICKWELL_SMTP_HOST": "127.0.0.1",
        "TICKWELL_SMTP_PORT": str(smtp_port),
        "TICKWELL_SMTP_SECURITY": "plain",
        "TICKWELL_SMTP_USER": "tickwell",
        "TICKWELL_SMTP_PASSWORD": SMTP_PASSWORD,
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class Flow:
    """What a user does who gives away all kinds of secrets; ``secrets`` are those that the server made itself."""

    server: ServerProcess
    hook: Hook
    secrets: list[str] = field(default_factory=list)

    def give_all_away(self, folder: Path) -> list[str]:
        """Everything below, on the server whose files are in ``folder``; the jobs that were run."""
        self.sign_up()
        self.add_a_webhook()
        self.use_a_key()
        self.keep_a_secret()
        jobs = self.run_jobs()
        self.make_mistakes()
        self.meet_a_locked_database(folder)
        return jobs

    def sign_up(self) -> None:
        account = {"email": "ada@example.com", "password": f"Aa1-{MARK}-password"}
        assert self.server.call("POST", "/api/v1/auth/register", {**account, "password": f"{MARK}"})[0] == 422
        self.server.token = self.server.data("POST", "/api/v1/auth/register", account)["token"]
        again = self.server.data("POST", "/api/v1/auth/login", account)["token"]
        assert self.server.call("POST", "/api/v1/auth/login", {**account, "password": f"{MARK}-wrong"})[0] == 401
        self.secrets.extend((self.server.token, again))

    def add_a_webhook(self) -> None:
        added = self.server.data("POST", "/api/v1/webhooks", {"url": self.hook.url, "events": ["job.failed"]})
        rotated = self.server.data("POST", f"/api/v1/webhooks/{added['id']}/rotate")
        self.secrets.extend((added["secret"], rotated["secret"], urlsplit(self.hook.url).path))

    def use_a_key(self) -> None:
        made = self.server.data("POST", "/api/v1/api-keys", {"name": "a key", "scopes": ["jobs:read"]})
        assert self._raw("GET", JOBS, b"", {"X-API-Key": made["key"]}) == 200
        assert self._raw("POST", JOBS, b"{}", {"Authorization": f"Bearer {made['key']}"}) == 403
        self.server.data("DELETE", f"/api/v1/api-keys/{made['id']}")
        assert self._raw("GET", JOBS, b"", {"X-API-Key": made["key"]}) == 401
        self.secrets.append(made["key"])

    def keep_a_secret(self) -> None:
        for value in (f"{MARK}-older-secret", TENANT_SECRET):
            self.server.data("PUT", "/api/v1/secrets/kept", {"value": value})
        assert self.server.call("PUT", f"/api/v1/secrets/{MARK}-Id", {"value": TENANT_SECRET})[0] == 422
        assert self.server.call("PUT", "/api/v1/secrets/kept", {"value": [TENANT_SECRET]})[0] == 422

    def run_jobs(self) -> list[str]:
        failing = {"task": "http_request", "max_retries": 0}
        jobs: list[dict[str, Any]] = [
            {"payload": {"value": f"{MARK}-payload"}},
            {"description": f"{MARK}-description", "payload": f"{MARK}-{'x' * 300_000}"},
            {
                "task": "send_email",
                "payload": {"to": f"{MARK}@example.com", "subject": f"{MARK}-subject", "body": f"{MARK}-body"},
            },
            {**failing, "payload": {"url": f"http://127.0.0.2:9/{MARK}-path?key={MARK}-query"}},
            {**failing, "payload": self._request(f"{MARK}-header", expected_status=418)},
            {"task": "http_request", "payload": self._request(f"{MARK}-other-header")},
            {"payload": ["{{secret:kept}}"]},
            {
                "task": "send_email",
                "max_retries": 0,
                "payload": {"to": "{{secret:kept}}", "subject": "{{secret:kept}}", "body": "x"},
            },
            {**failing, "payload": {"url": "http://127.0.0.2:9/?key={{secret:kept}}"}},
            {**failing, "payload": self._request("x", expected_status=418, body="{{secret:kept}}")},
        ]
        return [str(self.server.data("POST", JOBS, {"name": "a job", **job})["id"]) for job in jobs]

    def _request(self, secret: str, **fields: Any) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {secret}"}
        return {"url": self.hook.url, "method": "POST", "headers": headers, "body": f"{MARK}-sent", **fields}

    def is_over(self, job_id: str) -> bool:
        return self.server.data("GET", f"{JOBS}/{job_id}")["state"] in {"completed", "failed"}

    def make_mistakes(self) -> None:
        bad = [
            ("POST", JOBS, {"name": "a job", f"{MARK}-field": 1}),
            ("POST", JOBS, {"name": "a job", "task": "http_request", "payload": {"url": f"{MARK}-not-a-url"}}),
            ("GET", f"{JOBS}?cursor={MARK}-cursor", None),
            ("GET", f"{JOBS}?{MARK}-parameter=1", None),
            ("GET", f"{JOBS}/{MARK}-id", None),
            ("GET", f"/{MARK}-path", None),
        ]
        for method, path, body in bad:
            assert self.server.call(method, path, body)[0] in {404, 422}
        raw = [
            ("POST", JOBS, b'{"name": "' + MARK.encode(), {"Authorization": f"Bearer {self.server.token}"}),
            ("GET", JOBS, b"", {"Authorization": f"Bearer {MARK}-token", "Cookie": f"{MARK}-cookie"}),
            ("GET", JOBS, b"", {"Authorization": f"Basic {MARK}", "X-API-Key": f"{MARK}-key"}),
        ]
        for method, path, content, headers in raw:
            assert self._raw(method, path, content, headers) in {401, 422}

    def meet_a_locked_database(self, folder: Path) -> None:
        with closing(sqlite3.connect(folder / "tickwell.db", isolation_level=None)) as intruder:
            intruder.execute("BEGIN IMMEDIATE")
            body = {"name": f"{MARK}-name", "payload": f"{MARK}-refused"}
            assert self.server.call("POST", JOBS, body)[0] == 503
            intruder.execute("ROLLBACK")

    def _raw(self, method: str, path: str, content: bytes, headers: Mapping[str, str]) -> int:
        parts = urlsplit(self.server.url)
        with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
            connection.request(method, path, content, {"Content-Type": "application/json", **headers})
            return connection.getresponse().status
