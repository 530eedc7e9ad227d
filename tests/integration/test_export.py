"""The export of a tenant, page by page, on both engines."""

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.contract.makers import dead_letter, execution
from tests.doubles import FakeClock
from tests.export_lab import (
    BIG,
    DAILY,
    HOUR,
    TENANT,
    Item,
    exported,
    family,
    furnish,
    gone,
    ids,
    kinds,
    page,
    talk,
    with_tenant,
)
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application import export_tenant
from tickwell.application.export_tenant import LARGEST_PAGE_BYTES, LONGEST_PAGE
from tickwell.application.export_walk import Holding
from tickwell.application.ports import Holdings, Stretch
from tickwell.domain.child import child
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.job import Job, JobStatus
from tickwell.http.export_bodies import export_line


@pytest.fixture
def world(build: Build) -> World:
    made: World = build(tasks=[talk()])
    return with_tenant(made)


def test_everything_comes_in_its_order_and_nothing_secret(world: World) -> None:
    furnish(world)
    items = exported(world)
    assert kinds(items) == [
        "organization",
        "member",
        "invitation",
        "webhook",
        "secret",
        "queue",
        "job",
        "execution",
        "job",
        "execution",
        "skip",
        "notification",
        "dead_letter",
        "sent_mail",
        "file",
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
    (file,) = (item for item in items if item["kind"] == "file")
    assert (file["name"], file["size_bytes"]) == ("reports/may.pdf", 6)
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
