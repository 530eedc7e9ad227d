"""An organization with somebody who speaks for it, and jobs of each kind, made through the API."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from playwright.sync_api import StorageState

from tests.integration.test_local_server import Inbox
from tests.server_process import ServerProcess, eventually

PASSWORD = "Correct-Horse-9"
ZONE = "Europe/Berlin"
"""Where the tests' browser is."""

SESSION = "tickwell.session"
"""Under what name the dashboard keeps a session in the browser (lib/session.js)."""

_INVITATION = re.compile(r"twi_[\w.-]+")
_ENDED = {"completed", "failed", "cancelled"}

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """``server`` speaks as the user ``email``. ``folder``: where the tenant's jobs find and miss their files."""

    server: ServerProcess
    inbox: Inbox
    email: str
    folder: Path
    password: str = PASSWORD

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and answer of a request below /api/v1/."""
        return self.server.call(method, f"/api/v1/{path}", body)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """``data`` of an answer that must be a success."""
        return self.server.data(method, f"/api/v1/{path}", body)

    def sign_in(self) -> None:
        """Begin another session, and speak in it from now on."""
        self.server.token = self.data("POST", "auth/login", {"email": self.email, "password": self.password})["token"]

    @property
    def kept_session(self) -> StorageState:
        """What Playwright's ``storage_state`` takes, so that this user is signed in already."""
        session = json.dumps({"token": self.server.token, "user": self.data("GET", "auth/me")})
        kept: list[Any] = [{"name": SESSION, "value": session}]
        return {"cookies": [], "origins": [{"origin": self.server.url, "localStorage": kept}]}

    def job(self, name: str, **fields: Any) -> str:
        """A job as it is asked for; its id. Without a task it is ``echo``, which succeeds."""
        return str(self.data("POST", "jobs", {"name": name, **fields})["id"])

    def ended(self, job_id: str) -> Json:
        """The job, once it has ended."""
        return self.until(job_id, lambda job: job["status"] in _ENDED)

    def until(self, job_id: str, holds: Callable[[Json], bool]) -> Json:
        """The job, once something is true of it."""

        def look() -> Json | None:
            job: Json = self.data("GET", f"jobs/{job_id}")
            return job if holds(job) else None

        found: Json = eventually(look)
        return found

    def done(self, name: str = "Send the digest", **fields: Any) -> str:
        """A job that succeeded."""
        job_id = self.job(name, payload={"edition": 7}, **fields)
        assert self.ended(job_id)["status"] == "completed"
        return job_id

    def ledger(self, name: str = "ledger.csv") -> Path:
        """The file that a failed report misses; whoever writes it lets the next attempt succeed."""
        return self.folder / name

    def failed(self, name: str = "Report for Ada & Co.", *, ledger: str = "ledger.csv", **fields: Any) -> str:
        """A job that failed for good, with a traceback and a dead letter, because its ledger is missing."""
        payload = {"customer": name.removeprefix("Report for "), "ledger": str(self.ledger(ledger))}
        job_id = self.job(name, task="monthly_report", payload=payload, **{"max_retries": 0, **fields})
        assert self.ended(job_id)["status"] == "failed"
        eventually(lambda: self.data("GET", f"dead-letters?job_id={job_id}")["dead_letters"])
        return job_id

    def blocked(self, name: str = "Call the till", **fields: Any) -> str:
        """A job that failed for good with the code BLOCKED_ADDRESS."""
        payload = {"url": "http://127.0.0.1:9/till", "method": "POST", "json": {"close": True}}
        job_id = self.job(name, task="http_request", payload=payload, **{"max_retries": 0, **fields})
        assert self.ended(job_id)["status"] == "failed"
        return job_id

    def running(self, name: str = "Count the warehouse", *, gate: str = "gate", **fields: Any) -> tuple[str, Path]:
        """A job that is half-way and goes on once somebody writes the file that is given, too."""
        path = self.folder / gate
        payload = {"warehouse": "Hamburg", "gate": str(path)}
        job_id = self.job(name, task="take_stock", payload=payload, **fields)
        self.until(job_id, lambda job: job["state"] == "running")
        return job_id, path

    def recurring(self, name: str = "Nightly backup", cron: str = "", **fields: Any) -> str:
        """A job by a cron expression, in the zone of the tests' browser; by default one that is not due for hours."""
        daily = f"0 {(datetime.now(ZoneInfo(ZONE)) + timedelta(hours=12)).hour} * * *"
        return self.job(name, cron_expression=cron or daily, **{"timezone": ZONE, **fields})

    def queue(self, name: str = "reports", *, paused: bool = False, **fields: Any) -> str:
        """A queue; its name."""
        self.data("POST", "queues", {"name": name, **fields})
        if paused:
            self.data("POST", f"queues/{name}/pause")
        return name

    def mail(self, to: str = "grace@example.com", subject: str = "Welcome aboard", **fields: Any) -> str:
        """A job that sends a mail."""
        payload = {"to": to, "subject": subject, "body": f"{subject}, dear reader."}
        return self.job(subject, task="send_email", payload=payload, **fields)

    def joined(
        self, role: Literal["viewer", "member", "admin", "owner"], email: str | None = None, *, password: str = PASSWORD
    ) -> "Tenant":
        """Somebody else of the same organization, who was invited by mail and has accepted."""
        address = email or f"{role}.{self.email}"
        self.data("POST", "organization/invitations", {"email": address, "role": role})
        token = self.invitation(address)
        joined = replace(self, server=replace(self.server, token=""), email=address, password=password)
        joined.data("POST", "auth/invitations/accept", {"token": token, "password": password})
        joined.sign_in()
        return joined

    def invitation(self, address: str) -> str:
        """The token of the mail that invites an address, once it has come."""
        found = _INVITATION.search(self.mail_to(address))
        assert found is not None
        return found.group()

    def mail_to(self, address: str) -> str:
        """The text of the newest mail to an address, once there is one."""

        def look() -> str | None:
            mails = [mail for mail in self.inbox.mails if address in str(mail["To"])]
            part = mails[-1].get_body(("plain", "html")) if mails else None
            return None if part is None else str(part.get_content())

        found: str = eventually(look)
        return found


def new_tenant(server: ServerProcess, inbox: Inbox, email: str, folder: Path) -> Tenant:
    """Somebody who has just registered."""
    own = replace(server, token="")
    own.register(email)
    return Tenant(server=own, inbox=inbox, email=email, folder=folder)
