"""The export of a tenant, page by page, on both engines."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import dead_letter, execution, skip
from tests.contract.test_notifying import record
from tests.doubles import FakeClock
from tests.world import ADA, World, task
from tests.worlds import Build
from tickwell.application import export_tenant
from tickwell.application.export_tenant import LARGEST_PAGE_BYTES, LONGEST_PAGE, ExportPage
from tickwell.application.export_walk import Holding
from tickwell.application.ports import Holdings, Stretch
from tickwell.application.task import Task
from tickwell.domain.account import Role, User
from tickwell.domain.audit import AuditOutcome, AuditRecord
from tickwell.domain.child import child
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.organization import Invitation
from tickwell.domain.webhook import WebhookEndpoint, Webhooks
from tickwell.http.export_bodies import export_line

TENANT = ADA.tenant_id
BIG = "x" * 300_000
HOUR = timedelta(hours=1)
DAILY = CronExpression.parse("0 12 * * *")
Item = dict[str, Any]


@pytest.fixture
def world(build: Build) -> World:
    made: World = build(tasks=[_echo()])
    return with_tenant(made)


def _echo() -> Task[Any]:
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
    world.create(task="talk", payload={"big": BIG})
    mail = world.create(
        task="send_email", payload={"to": "grace@example.com", "subject": "It is time", "body": "Close the books."}
    )
    world.work()
    world.core.history.put_skip(skip(mail))
    world.notifying.records.put(record(tenant_id=TENANT, job_id=mail.job_id))
    world.core.history.put_dead_letters([dead_letter(mail, payload={"a": 1})])
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


def test_everything_comes_in_its_order_and_nothing_secret(world: World) -> None:
    furnish(world)
    items = exported(world)
    assert kinds(items) == [
        "organization",
        "member",
        "invitation",
        "webhook",
        "queue",
        "job",
        "execution",
        "job",
        "execution",
        "skip",
        "notification",
        "dead_letter",
        "sent_mail",
        "audit_record",
    ]
    big, mail = (item for item in items if item["kind"] == "job")
    assert big["payload"] == {"big": BIG}
    assert (big["payload_kept"], big["statistics"]["total_executions"], mail["name"]) == (True, 1, "a job")
    talk, _ = (item for item in items if item["kind"] == "execution")
    assert talk["output"] == {"big": BIG}
    assert [entry["message"] for entry in talk["logs"]] == ["at work"]
    assert not talk["output_omitted"]
    (sent,) = (item for item in items if item["kind"] == "sent_mail")
    assert (sent["subject"], sent["execution_id"]) == ("It is time", ids(items, "execution")[1])
    text = json.dumps(items)
    for secret in ("$argon2id$", "whsec_", "the digest of a token"):
        assert secret not in text
    assert exported(world, limit=1) == items


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_what_a_child_ran_comes_once_under_its_parent(world: World, limit: int) -> None:
    parent, beside, ran = family(world)
    items = exported(world, limit=limit)
    assert ids(items, "job") == [parent.job_id, beside.job_id]
    assert sorted(ids(items, "execution")) == ran
    assert kinds(items)[-4:] == ["job", "execution", "job", "notification"]


@pytest.mark.parametrize("limit", [1, 2, 3, 500])
def test_the_history_of_a_parent_that_is_gone_comes_with_its_first_child(world: World, limit: int) -> None:
    parent, beside, ran = family(world)
    second = child(parent, world.clock.now() + HOUR, mark="0b", now=world.clock.now() + HOUR)
    world.core.jobs.create(second)
    gone(world, parent)
    items = exported(world, limit=limit)
    assert ids(items, "job") == [beside.job_id, second.job_id]
    assert sorted(ids(items, "execution")) == ran
    assert kinds(items)[-4:] == ["job", "execution", "notification", "job"]


def test_a_parent_that_goes_meanwhile_brings_nothing_twice(world: World) -> None:
    parent, beside, ran = family(world)

    def between(number: int) -> None:
        if number == 4:  # the organization, the member, the parent, one of its executions
            gone(world, parent)

    items = exported(world, limit=1, between=between)
    assert ids(items, "job") == [parent.job_id, beside.job_id]
    assert sorted(ids(items, "execution")) == ran


def test_a_deleted_job_that_is_still_held_comes(world: World) -> None:
    job = world.create(task="talk", schedule=DAILY)
    world.change.delete(ADA, job.job_id)
    (item,) = (item for item in exported(world) if item["kind"] == "job")
    assert (item["id"], item["status"]) == (job.job_id, "deleted")


@pytest.mark.parametrize("limit", [3, 500])
def test_what_was_there_before_and_stays_is_met_once_whatever_comes_and_goes(world: World, limit: int) -> None:
    jobs = [world.create(task="talk", schedule=DAILY) for _ in range(14)]
    now = world.clock.now()
    world.core.history.record_many([execution(job, due_at=now - HOUR * n) for job in jobs for n in (0, 1)])
    spare = jobs[1::2]

    def between(number: int) -> None:
        del number
        world.clock.advance(1)
        new = world.create(task="talk", schedule=DAILY)
        world.core.history.record_many([execution(new), execution(jobs[0], due_at=world.clock.now())])
        if spare:
            world.core.jobs.replace(_expired(world, spare[-1]), read=world.core.jobs.get(TENANT, spare.pop().job_id))

    items = exported(world, limit=limit, between=between)
    for kind in ("job", "execution"):
        assert max(Counter(ids(items, kind)).values()) == 1
    stayed = {job.job_id for job in jobs[0::2]}
    assert stayed <= set(ids(items, "job"))
    for job_id in stayed:
        before = [one["due_at"] for one in items if one["kind"] == "execution" and one["job_id"] == job_id]
        assert len(before) >= 2


def test_an_export_ends_however_fast_jobs_are_made(world: World) -> None:
    before = world.create()

    def between(number: int) -> None:
        del number
        world.clock.advance(30)
        world.create()
        world.core.history.record_many([execution(before, due_at=world.clock.now())])

    items = exported(world, limit=1, between=between)
    assert ids(items, "job")[0] == before.job_id
    assert 1 <= len(ids(items, "job")) <= 4
    assert 1 <= len(ids(items, "execution")) <= 4


@dataclass(frozen=True, kw_only=True)
class _Hesitant:
    """Holdings that find nothing in every second read of jobs, as where a thousand have expired; each takes long."""

    inner: Holdings
    clock: FakeClock

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def jobs(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[Job]:
        self.clock.advance(LONGEST_PAGE)
        if after is not None and not after.endswith("!"):
            return Stretch(items=(), reached=f"{after}!")
        return self.inner.jobs(tenant_id, after=after, limit=min(limit, 1))


@pytest.mark.parametrize("with_parent", [True, False])
def test_a_page_may_end_between_a_parent_and_its_child(world: World, *, with_parent: bool) -> None:
    world.create()
    parent, beside, ran = family(world)
    if not with_parent:
        gone(world, parent)
    walk = world.export_tenant.walk
    hesitant: Any = _Hesitant(inner=walk.holdings, clock=world.clock)
    slow = replace(world, export_tenant=replace(world.export_tenant, walk=replace(walk, holdings=hesitant)))
    items = exported(slow)
    assert ids(items, "job")[1:] == ([parent.job_id] if with_parent else []) + [beside.job_id]
    assert sorted(ids(items, "execution")) == ran


def _expired(world: World, job: Job) -> Job:
    whole = world.core.jobs.get(TENANT, job.job_id)
    now = world.clock.now()
    return replace(whole, version=2, status=JobStatus.DELETED, next_run_at=None, updated_at=now, expires_at=now - HOUR)


def test_a_page_is_bounded_by_bytes_and_what_is_larger_comes_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for length in (10, 10, 5000, 10, 10):
        world.create(payload="p" * length)
    whole = exported(world)
    monkeypatch.setattr(export_tenant, "LARGEST_PAGE_BYTES", 4000)
    items: list[Item] = []
    sizes: list[list[int]] = []
    cursor = None
    while True:
        found = page(world, cursor=cursor)
        items += [json.loads(line) for line in found.lines]
        sizes.append([len(line) for line in found.lines])
        cursor = found.next_cursor
        if cursor is None:
            break
    assert items == whole
    assert all(sum(of_page) <= 4000 or len(of_page) == 1 for of_page in sizes)
    assert max(max(of_page, default=0) for of_page in sizes) > 5000
    assert len(sizes) == 3
    assert LARGEST_PAGE_BYTES == 4 * 1024 * 1024


def test_a_page_ends_early_and_the_next_one_goes_on(world: World) -> None:
    for _ in range(4):
        world.create()

    def present(holding: Holding) -> str:
        world.clock.advance(LONGEST_PAGE / 2)
        return export_line(holding, world.clock.now())

    sizes, found, cursor = [], [], None
    while True:
        part = world.export_tenant(TENANT, limit=500, cursor=cursor, present=present)
        sizes.append(len(part.lines))
        found += [json.loads(line)["kind"] for line in part.lines]
        cursor = part.next_cursor
        if cursor is None:
            break
    assert found == ["organization", "member", *["job"] * 4]
    assert sizes == [2, 2, 2, 0]


def test_blobs_that_are_gone_hold_up_nothing(world: World) -> None:
    world.create(task="talk", payload={"big": BIG})
    world.work()
    letter = dead_letter(world.create(), payload=None, payload_blob=f"tenants/{TENANT}/payloads/gone.json")
    world.core.history.put_dead_letters([letter])
    for name in world.blobs.list(f"tenants/{TENANT}/", after="", limit=100):
        world.blobs.delete(name)
    items = {item["kind"]: item for item in reversed(exported(world))}
    assert (items["job"]["payload"], items["job"]["payload_kept"]) == (None, False)
    assert (items["execution"]["output"], items["execution"]["output_omitted"]) == (None, True)
    assert items["dead_letter"]["payload_kept"] is False


def test_of_a_job_without_end_a_page_reads_what_it_gives(world: World) -> None:
    job = world.create(task="talk", schedule=DAILY)
    ran = [execution(job, due_at=world.clock.now() - HOUR * n) for n in range(130)]
    world.core.history.record_many(ran)
    assert ids(exported(world, limit=50), "execution") == [one.execution_id for one in reversed(ran)]


@pytest.mark.parametrize("limit", [0, 501])
def test_a_limit_out_of_bounds_is_refused(world: World, limit: int) -> None:
    with pytest.raises(InvalidInputError) as refused:
        page(world, limit=limit)
    assert refused.value.field == "limit"


def test_nobody_has_nothing(world: World) -> None:
    with pytest.raises(NotFoundError):
        page(world, tenant_id="nobody")


def test_another_tenants_cursor_is_refused(world: World) -> None:
    furnish(world)
    cursor = page(world, limit=1).next_cursor
    with pytest.raises(InvalidInputError) as refused:
        page(world, cursor=cursor, tenant_id="tenant-eve")
    assert refused.value.field == "cursor"
