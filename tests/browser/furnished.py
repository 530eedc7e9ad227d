"""An organization as it looks after a day of work: something of everything, with names as people give them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.browser.tenant import Tenant
from tests.server_process import eventually

GONE = "gone@closed.example"
"""A recipient whom the mail server refuses for good."""

_HOURLY = ("Refresh the exchange rates", "Collect the carriers' states", "Warm the cache of the shop")
_RECURRING: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("Nightly backup of the warehouse database", "15 3 * * *", {"tags": ["backup", "night"]}),
    ("Weekly digest for subscribers", "0 8 * * 1", {"queue": "campaign", "tags": ["mail"]}),
    ("Close the till", "30 22 * * 1-6", {"tags": ["finance"], "priority": "high"}),
    ("Remind of unpaid invoices", "0 9 1,15 * *", {"tags": ["finance", "mail"], "overlap": "queue_one"}),
    ("Rotate the log files on every machine of the second data centre in Frankfurt", "5 0 * * *", {}),
)
_QUEUES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("messages", {"priority": "high", "concurrency": 5, "rate_limit": {"limit": 10, "per_seconds": 1}}),
    ("campaign", {"priority": "low", "concurrency": 3, "rate_limit": {"limit": 100, "per_seconds": 60}}),
    ("reports", {"concurrency": 2, "timeout_seconds": 300, "max_retries": 3}),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Furnished:
    """The owner, and what can be looked at: ``ids`` by the names that ``places`` uses."""

    owner: Tenant
    ids: dict[str, str]


def furnish(owner: Tenant, *, hours: int, next_hour: Callable[[], None]) -> Furnished:
    """Let the organization work for some hours, and leave things of all kinds behind.

    ``next_hour`` moves the server's clock ahead between two hours.
    """
    owner.inbox.recipient_answers[GONE] = "550 no such mailbox"
    owner.data("PATCH", "organization", {"name": "Lovelace & Daughters"})
    for name, fields in _QUEUES:
        owner.queue(name, **fields)
    for hour in range(hours):
        _work(owner, hour)
        next_hour()
    ids = {**_jobs(owner), **_mails(owner)}
    ids["letter"] = owner.data("GET", f"dead-letters?job_id={ids['failed']}")["dead_letters"][0]["id"]
    _settings(owner)
    return Furnished(owner=owner, ids=ids)


def _work(owner: Tenant, hour: int) -> None:
    """One hour's jobs, more by day than by night; now and then one fails."""
    busy = 2 + (hour * 5) % 7 + (6 if hour % 24 > 8 else 0)
    jobs: list[dict[str, Any]] = [{"name": _HOURLY[n % 3], "payload": {"hour": hour}} for n in range(busy)]
    if hour % 3 == 0:
        payload = {"customer": "Babbage Ltd", "ledger": str(owner.ledger(f"{hour}.csv")), "month": "2026-10"}
        jobs.append({"name": "Report for Babbage Ltd", "task": "monthly_report", "payload": payload, "max_retries": 0})
    made = owner.data("POST", "jobs/batch", {"jobs": jobs})
    for result in made["results"]:
        owner.ended(result["data"]["id"])


def _jobs(owner: Tenant) -> dict[str, str]:
    recurring = [owner.recurring(name, cron, **fields) for name, cron, fields in _RECURRING]
    for job_id in recurring[:2]:
        owner.ended(owner.data("POST", f"jobs/{job_id}/execute")["child_id"])
    owner.data("POST", f"jobs/{recurring[3]}/pause")
    failed = owner.failed("Report for Höllenstein & Söhne GmbH", queue="reports", tags=["finance"])
    owner.blocked("Call the till in Zürich")
    cancelled = owner.job("Import the price list of 2019", delay_seconds=86_400, tags=["import"])
    owner.data("POST", f"jobs/{cancelled}/cancel")
    owner.data("POST", "queues/campaign/pause")
    for number in range(3):
        owner.job(f"Autumn campaign, part {number + 1}", queue="campaign", tags=["campaign"])
    running, _ = owner.running("Count the warehouse in Hamburg", tags=["stock"])
    return {"recurring": recurring[0], "failed": failed, "running": running}


def _mails(owner: Tenant) -> dict[str, str]:
    html = "<h1>Welcome, Grace</h1><p>Your account is ready. <b>Have a good start!</b></p>"
    body = {"to": "grace@example.com", "subject": "Welcome aboard", "body": "Your account is ready.", "html": html}
    sent = _scheduled(owner, body)
    scheduled = _scheduled(owner, {**body, "subject": "How was your first day?"}, hours=20)
    _scheduled(owner, {**body, "to": "alan@example.com", "subject": "Your invoice of October"}, hours=3)
    bounced = _scheduled(owner, {**body, "to": GONE, "subject": "We miss you"})
    assert owner.ended(sent)["status"] == "completed"
    assert owner.ended(bounced)["status"] == "failed"
    return {"sent": sent, "scheduled": scheduled, "bounced": bounced}


def _scheduled(owner: Tenant, mail: dict[str, Any], *, hours: int = 0) -> str:
    later = {"scheduled_time": (datetime.now(UTC) + timedelta(hours=hours)).isoformat()} if hours else {}
    job_id: str = owner.data("POST", "emails/schedule", {**mail, **later})["id"]
    return job_id


def _settings(owner: Tenant) -> None:
    owner.joined("admin")
    owner.joined("viewer")
    owner.data("POST", "organization/invitations", {"email": f"edsger.{owner.email}", "role": "member"})
    eventually(lambda: owner.mail_to(f"edsger.{owner.email}"))
    build = {"name": "Build server", "scopes": ["jobs:read", "jobs:write"], "expires_in_days": 90}
    for key in (build, {"name": "Monitoring", "scopes": ["jobs:read", "queues:read"], "role": "viewer"}):
        owner.data("POST", "api-keys", key)
    owner.data("POST", "webhooks", {"url": "https://hooks.example.com/tickwell", "description": "The pager"})
    owner.data("POST", "hooks", {"name": "Message from the shop", "task": "echo", "queue": "messages"})
    owner.data("PUT", "secrets/till-password", {"value": "not-for-your-eyes"})
    owner.data("PUT", "secrets/hook-shop", {"value": "neither-is-this"})
