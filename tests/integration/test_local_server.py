"""The local server as a real process: started, stopped, killed, started again."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.background_server import answering
from tests.contract.mail_servers import Postbox, serve
from tests.leaping_server import Leaps
from tests.notification_lab import Hook, serve_hook
from tests.server_process import ServerProcess, eventually, running, spawn
from tests.unit.test_webhook import verified


@dataclass(kw_only=True)
class Inbox(Postbox):
    """A postbox that remembers when each mail came, by the clock ``now``."""

    arrivals: list[datetime] = field(default_factory=list)
    port: int = 0
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.arrivals.append(self.now())
        return await super().handle_DATA(server, _session, envelope)

    @property
    def mails(self) -> list[EmailMessage]:
        octets = [e.content for e in self.envelopes if isinstance(e.content, bytes)]
        return [message_from_bytes(content, policy=policy.default) for content in octets]


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    postbox = Inbox()
    for server in serve(postbox):
        postbox.port = server.port
        yield postbox


def smtp(inbox: Inbox) -> dict[str, str]:
    return {
        "TICKWELL_SMTP_HOST": "127.0.0.1",
        "TICKWELL_SMTP_PORT": str(inbox.port),
        "TICKWELL_SMTP_SECURITY": "plain",
    }


class Receiver(BaseHTTPRequestHandler):
    """Answers every request and remembers its idempotency key."""

    keys: list[str | None]

    def do_POST(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        body = b'{"taken": true}'
        self.send_response(202)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[str | None]]]:
    keys: list[str | None] = []
    handler = type("Handler", (Receiver,), {"keys": keys})
    server = HTTPServer(("127.0.0.1", 0), handler)
    with answering(server):
        yield f"http://127.0.0.1:{server.server_port}/hook", keys


def executions(server: ServerProcess, job_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.data("GET", f"/api/v1/jobs/{job_id}/executions")["executions"]
    return [execution for execution in found if execution["status"] != "running"]


def test_a_mail_accepted_before_a_kill_arrives_once_and_at_its_time(tmp_path: Path, inbox: Inbox) -> None:
    leaps = Leaps(tmp_path / "leaps")
    inbox.now = leaps.now
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.register()
        job = server.data(
            "POST",
            "/api/v1/jobs",
            {
                "name": "greeting",
                "task": "send_email",
                "delay_seconds": 600,
                "payload": {"to": "bob@example.com", "subject": "Hello", "body": "It is time."},
            },
        )
        due_at = datetime.fromisoformat(job["next_run"])
        token = server.token
        server.kill()
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.token = token
        assert inbox.mails == []
        leaps.leap(due_at - inbox.now())
        (execution,) = eventually(lambda: executions(server, job["id"]))
        assert execution["status"] == "success"
        time.sleep(1.5)
        (mail,), (arrived_at,) = inbox.mails, inbox.arrivals
        assert due_at <= arrived_at
        # Not by the safety sync, which would find it after a minute.
        assert (arrived_at - due_at).total_seconds() < 30
        assert mail["Subject"] == "Hello"
        assert mail["Message-ID"].strip("<>") == execution["output"]["message_id"]
        shown = server.data("GET", f"/api/v1/executions/{execution['id']}/email")
        assert (shown["subject"], shown["to"]) == ("Hello", ["bob@example.com"])
        assert server.data("GET", f"/api/v1/jobs/{job['id']}")["status"] == "completed"


def test_an_http_job_calls_a_real_server_at_once(tmp_path: Path, receiver: tuple[str, list[str | None]]) -> None:
    url, keys = receiver
    with running(tmp_path, {"TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}) as server:
        server.register()
        payload = {"url": url, "method": "POST", "json": {"a": 1}}
        job = server.data("POST", "/api/v1/jobs", {"name": "call", "task": "http_request", "payload": payload})
        (execution,) = eventually(lambda: executions(server, job["id"]))
        assert (execution["status"], execution["output"]["status_code"]) == ("success", 202)
        assert keys == [execution["id"].rpartition("-")[0]]
        logs = server.data("GET", f"/api/v1/executions/{execution['id']}/logs")["logs"]
        assert [logs[0]["message"], logs[-1]["message"]] == ["Job execution started", "Job completed successfully"]
        assert url not in "".join(server.output), "a URL may hold a secret: it must not be logged"


def test_without_leave_no_job_reaches_the_machine_itself(
    tmp_path: Path, receiver: tuple[str, list[str | None]]
) -> None:
    url, keys = receiver
    with running(tmp_path) as server:
        server.register()
        payload = {"url": url, "method": "POST"}
        job = server.data("POST", "/api/v1/jobs", {"name": "call", "task": "http_request", "payload": payload})
        (execution,) = eventually(lambda: executions(server, job["id"]))
        assert (execution["status"], execution["error_code"]) == ("failed", "BLOCKED_ADDRESS")
        assert keys == []


def test_an_interval_fires_again_and_again_until_the_job_is_deleted(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.register()
        job = server.data("POST", "/api/v1/jobs", {"name": "tick", "interval_seconds": 1, "payload": {"n": 1}})
        eventually(lambda: len(executions(server, job["id"])) >= 3)
        server.call("DELETE", f"/api/v1/jobs/{job['id']}")
        count = len(executions(server, job["id"]))
        time.sleep(2.5)
        found = executions(server, job["id"])
        assert len(found) <= count + 1
        due = [datetime.fromisoformat(execution["due_at"]) for execution in reversed(found)]
        # On whole seconds from the first on; what comes due while another one runs is left out.
        steps = [(after - before).total_seconds() for before, after in pairwise(due)]
        assert all(step >= 1 and step.is_integer() for step in steps), steps


def test_a_failed_job_is_reported_to_its_owner_by_mail(tmp_path: Path, inbox: Inbox) -> None:
    with running(tmp_path, smtp(inbox)) as server:
        server.register("owner@example.com")
        body = {"name": "doomed", "task": "http_request", "max_retries": 0, "payload": {"url": "http://127.0.0.1:9"}}
        job = server.data("POST", "/api/v1/jobs", body)
        (mail,) = eventually(lambda: inbox.mails)
        assert mail["To"] == "owner@example.com"
        assert mail["Subject"] == "Job failed: doomed"
        (letter,) = server.data("GET", "/api/v1/dead-letters")["dead_letters"]
        assert letter["job_id"] == job["id"]


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


def test_a_webhook_is_told_of_a_failure_and_the_log_says_so(tmp_path: Path, inbox: Inbox, hook: Hook) -> None:
    with running(tmp_path, {**smtp(inbox), "TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}) as server:
        server.register("owner@example.com")
        added = server.data("POST", "/api/v1/webhooks", {"url": hook.url, "events": ["job.failed"]})
        body = {"name": "doomed", "task": "http_request", "max_retries": 0, "payload": {"url": "http://127.0.0.2"}}
        job = server.data("POST", "/api/v1/jobs", body)
        ((headers, sent),) = eventually(lambda: hook.seen)
        assert verified(added["secret"], headers, sent)
        (execution,) = executions(server, job["id"])

        def told() -> set[str]:
            lines = server.data("GET", f"/api/v1/executions/{execution['id']}/logs")["logs"]
            return {line["metadata"]["channel"] for line in lines if line["message"] == "Notification sent"}

        assert eventually(lambda: told() == {"email", "webhook"})
        assert hook.url not in "".join(server.output), "a URL may hold a secret: it must not be logged"


def test_a_locked_database_is_a_clear_error_and_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.register()
        kept = server.data("POST", "/api/v1/jobs", {"name": "before", "delay_seconds": 3600})
        intruder = sqlite3.connect(tmp_path / "tickwell.db", isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        status, answer = server.call("POST", "/api/v1/jobs", {"name": "during"})
        assert (status, answer["error"], answer["code"]) == (503, True, "UNAVAILABLE")
        intruder.execute("ROLLBACK")
        intruder.close()
        after = server.data("POST", "/api/v1/jobs", {"name": "after"})
        assert eventually(lambda: executions(server, after["id"]))
        names = {job["name"] for job in server.data("GET", "/api/v1/jobs")["jobs"]}
        assert names == {"before", "after"}
        assert server.data("GET", f"/api/v1/jobs/{kept['id']}")["state"] == "delayed"


def test_zones_are_not_those_of_the_machine(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.register()
        noon = {"name": "noon", "cron_expression": "0 12 * * *"}
        for name in ("right/UTC", "posixrules", "localtime"):
            status, answer = server.call("POST", "/api/v1/jobs", {**noon, "timezone": name})
            assert (status, answer["details"][0]["field"]) == (422, "timezone")
        server.data("POST", "/api/v1/jobs", {**noon, "timezone": "Europe/Berlin"})


def test_what_the_server_keeps_is_for_its_own_user_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with running(tmp_path) as server:
        server.register()
        job = server.data("POST", "/api/v1/jobs", {"name": "large", "payload": "x" * 300_000})
        eventually(lambda: executions(server, job["id"]))  # its output is written, and nothing is any more
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert {path.name for path in files} >= {"tickwell.db", "jwt-signing-key"}
        assert {oct(path.stat().st_mode & 0o077) for path in files} == {"0o0"}


def test_nobody_chooses_the_address_that_is_counted_and_noted(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        server.register()
        claim = {"X-Forwarded-For": "203.0.113.9", "X-Real-IP": "203.0.113.9", "Forwarded": "for=203.0.113.9"}
        assert server.call("POST", "/api/v1/queues", {"name": "images"}, claim)[0] == 201
        records = server.data("GET", "/api/v1/audit")["records"]
        assert {record["client_address"] for record in records} == {"127.0.0.1"}


def test_sigterm_ends_the_server_cleanly(tmp_path: Path) -> None:
    with running(tmp_path) as server:
        assert server.terminate() == 0


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PORT": "70000"}, "setting PORT: must be a whole number from 0 to 65535"),
        ({"TICKWELL_WORKER_CONCURRENCY": "many"}, "TICKWELL_WORKER_CONCURRENCY"),
        ({"TICKWELL_SMTP_PASSWORD": "hunter2", "TICKWELL_SMTP_SECURITY": "maybe"}, "TICKWELL_SMTP_SECURITY"),
        ({"DATA_DIR": "/dev/null/nowhere"}, "setting DATA_DIR: /dev/null/nowhere is no folder"),
        ({"TICKWELL_HOST": "nowhere.invalid"}, "setting TICKWELL_HOST: cannot listen on nowhere.invalid:"),
        ({"TICKWELL_ALLOW_PRIVATE_HOSTS": "10.0.0.0/8"}, "TICKWELL_ALLOW_PRIVATE_HOSTS"),
        ({"TICKWELL_SMTPHOST": "smtp.example.com"}, "TICKWELL_SMTPHOST"),
        ({"TICKWELL_SENDER_ADDRESS": "nonsense"}, "TICKWELL_SENDER_ADDRESS"),
        ({"TICKWELL_SMTP_PASSWORD": "hunter2"}, "TICKWELL_SMTP_USER"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path, settings: dict[str, str], named: str) -> None:
    process = spawn(tmp_path, **settings)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    assert named in output
    assert "Traceback" not in output
    assert "hunter2" not in output


def test_a_taken_port_is_named(tmp_path: Path, receiver: tuple[str, list[str | None]]) -> None:
    port = receiver[0].split(":")[2].split("/")[0]
    process = spawn(tmp_path, PORT=port)
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 2
    refusal = f"setting PORT: cannot listen on 127.0.0.1:{port} (Address already in use); choose another one"
    assert refusal in output
