"""A tenant with something of every kind, and its export read page by page."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.contract.makers import dead_letter, execution, skip
from tests.contract.test_notifying import record
from tests.world import ADA, World, task
from tickwell.application.export_tenant import ExportPage
from tickwell.application.export_walk import Holding
from tickwell.application.task import Task
from tickwell.domain.account import Role, User
from tickwell.domain.audit import AuditOutcome, AuditRecord
from tickwell.domain.child import child
from tickwell.domain.cron import CronExpression
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.organization import Invitation
from tickwell.domain.task_file import file_blob
from tickwell.domain.webhook import WebhookEndpoint, Webhooks
from tickwell.http.export_bodies import export_line

TENANT = ADA.tenant_id
BIG = "x" * 300_000
HOUR = timedelta(hours=1)
DAILY = CronExpression.parse("0 12 * * *")
Item = dict[str, Any]


def talk() -> Task[Any]:
    def run(payload: Any, context: Any) -> Any:
        context.log("info", "at work", payload=payload)
        return payload

    return task("talk", run)


def with_tenant(world: World) -> World:
    now = world.clock.now()
    world.accounts.create(
        User(
            tenant_id=TENANT,
            user_id=ADA.user_id,
            email="ada@example.com",
            password_hash="$argon2id$secret",
            role=Role.OWNER,
            created_at=now,
            updated_at=now,
        )
    )
    return world


def page(world: World, *, limit: int = 500, cursor: str | None = None, tenant_id: str = TENANT) -> ExportPage:
    def present(holding: Holding) -> str:
        return export_line(holding, world.clock.now())

    return world.export_tenant(tenant_id, limit=limit, cursor=cursor, present=present)


def exported(
    world: World, *, limit: int = 500, between: Callable[[int], None] | None = None, tenant_id: str = TENANT
) -> list[Item]:
    """Everything, page by page; ``between`` is called with the number of each page that follows."""
    items: list[Item] = []
    cursor, number = None, 0
    while True:
        found = page(world, limit=limit, cursor=cursor, tenant_id=tenant_id)
        items += [json.loads(line) for line in found.lines]
        cursor, number = found.next_cursor, number + 1
        if cursor is None:
            return items
        assert number < 1000
        if between is not None:
            between(number)


def kinds(items: Sequence[Item]) -> list[str]:
    """The kinds in their order, without repeats side by side."""
    found = [item["kind"] for item in items]
    return [kind for number, kind in enumerate(found) if number == 0 or found[number - 1] != kind]


def ids(items: Sequence[Item], kind: str) -> list[str]:
    return [item["id"] for item in items if item["kind"] == kind]


def family(world: World) -> tuple[Job, Job, list[str]]:
    """A job and its child, with what they ran."""
    parent = world.create(task="talk", schedule=DAILY)
    beside = child(parent, world.clock.now(), mark="0a", now=world.clock.now())
    world.core.jobs.create(beside)
    ran = [execution(parent, due_at=world.clock.now() - HOUR * n) for n in range(3)]
    ran += [execution(beside, due_at=world.clock.now()), execution(beside, due_at=world.clock.now(), attempt=2)]
    world.core.history.record_many(ran)
    world.notifying.records.put(record(tenant_id=TENANT, job_id=beside.job_id, due_at=world.clock.now()))
    return parent, beside, sorted(one.execution_id for one in ran)


def gone(world: World, job: Job) -> None:
    """Let a job be deleted and expire, before its children do."""
    (standing,) = world.core.jobs.get_many([job.key]).values()
    whole = world.core.jobs.get(job.tenant_id, job.job_id)
    now = world.clock.now()
    ended = replace(
        whole,
        version=standing.version + 1,
        status=JobStatus.DELETED,
        next_run_at=None,
        updated_at=now,
        expires_at=now + timedelta(seconds=1),
    )
    assert world.core.jobs.replace(ended, read=whole)
    world.clock.advance(2)


def furnish(world: World) -> None:
    """Something of every kind."""
    now = world.clock.now()
    world.queue("images", concurrency=1)
    endpoint = WebhookEndpoint(
        endpoint_id="hook-1", url="https://example.com/", events=(), secret="whsec_secret", created_at=now
    )
    assert world.notifying.webhooks.replace(Webhooks(tenant_id=TENANT).adding(endpoint))
    world.members.invite(
        Invitation(
            tenant_id=TENANT,
            invitation_id="invitation-1",
            email="grace@example.com",
            role=Role.MEMBER,
            invited_by=ADA.user_id,
            created_at=now,
            expires_at=now + HOUR,
            digest="the digest of a token",
        )
    )
    world.core.tenant_secrets.put(TENANT, "token", "a secret value")
    world.create(task="talk", payload={"big": BIG})
    mail = world.create(
        task="send_email", payload={"to": "grace@example.com", "subject": "It is time", "body": "Close the books."}
    )
    world.work()
    world.core.history.put_skip(skip(mail))
    world.notifying.records.put(record(tenant_id=TENANT, job_id=mail.job_id))
    world.core.history.put_dead_letters([dead_letter(mail, payload={"a": 1})])
    world.blobs.put(file_blob(TENANT, "reports/may.pdf"), b"of May", content_type="application/pdf")
    world.blobs.put(file_blob("another", "theirs"), b"of others", content_type="text/plain")
    world.core.audit_log.append(
        AuditRecord(
            tenant_id=TENANT,
            record_id=world.core.ids.new(),
            at=now,
            user_id=ADA.user_id,
            action="deleteJob",
            outcome=AuditOutcome.SUCCEEDED,
            status=200,
            request_id="request-1",
            address="192.0.2.1",
            expires_at=now + HOUR,
        )
    )
