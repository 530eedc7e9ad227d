"""Jobs under keys of their callers, on both engines: what is written, and what happens when several want one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.store_engines import DynamoStores
from tests.new_world import new_world
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.apply_jobs import ApplyJobs, Choice, Prune
from tickwell.application.create_job import After, At, Every, NewJob
from tickwell.application.define_job import DefineAction, Defined, KeyedJob
from tickwell.domain.bounds import Bounds
from tickwell.domain.caller_key import ABANDONED_AFTER, JOINED_FOR, KeyHolder
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import ConflictError, IllegalTransitionError, InvalidInputError, QuotaExceededError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.quota import QuotaName
from tickwell.domain.retry import Misfire

CREATED, CHANGED, UNCHANGED = DefineAction.CREATED, DefineAction.CHANGED, DefineAction.UNCHANGED
DAILY = CronExpression.parse("0 12 * * *")
OFTEN = CronExpression.parse("*/10 * * * *")
LARGE = 300_000


def put(world: World, key: str = "k", *, scope: str | None = None, adopts: bool = False, **fields: Any) -> Defined:
    wanted = KeyedJob(key=key, job=NewJob(**{"name": "a job", **fields}), scope=scope, adopts=adopts)
    return world.define_job(ADA, wanted)


def holder(world: World, key: str = "k") -> KeyHolder:
    found = world.core.caller_keys.find(ADA.tenant_id, key)
    assert found is not None
    return found


def jobs_of(world: World) -> list[Job]:
    return list(world.core.jobs.list_jobs(ADA.tenant_id, limit=100, cursor=None).items)


def fields(defined: Defined) -> list[str]:
    return [change.field for change in defined.changes]


def test_it_is_created_once_and_runs(world: World) -> None:
    first = put(world, payload={"n": 1})
    again = put(world, payload={"n": 1})
    assert (first.action, again.action) == (CREATED, UNCHANGED)
    assert again.job == first.job
    world.work()
    after = put(world, payload={"n": 1})
    assert (after.action, after.job.status) == (UNCHANGED, JobStatus.COMPLETED)
    assert len(world.executions(first.job)) == 1
    assert len(jobs_of(world)) == 1


def test_it_becomes_what_is_asked_for_and_what_is_left_out_has_its_default(world: World) -> None:
    first = put(world, schedule=DAILY, description="d", tags=("a",), max_retries=9, priority="high", payload=1)
    second = put(world, name="another", schedule=OFTEN)
    assert second.action is CHANGED
    assert fields(second) == [
        "name",
        "description",
        "payload",
        "cron_expression",
        "queue",
        "priority",
        "max_retries",
        "tags",
    ]
    found = world.job(first.job)
    plain = put(world, "other", name="another", schedule=OFTEN).job
    assert replace(plain, job_id=found.job_id, caller_key="k", version=2) == found
    world.clock.advance(600)
    world.work()
    assert len(world.executions(found)) == 1


def test_a_changed_payload_and_a_changed_task_are_what_runs_next(build: Build) -> None:
    seen: list[Any] = []
    world = build(lambda payload, _: seen.append(payload))
    put(world, task="echo", schedule=OFTEN, payload=1)
    assert fields(put(world, task="probe", schedule=OFTEN, payload=True)) == ["task", "payload"]
    world.clock.advance(600)
    world.work()
    assert seen == [True]


def test_large_payloads_are_compared_where_they_lie(world: World) -> None:
    put(world, schedule=DAILY, payload="p" * LARGE)
    assert put(world, schedule=DAILY, payload="p" * LARGE).action is UNCHANGED
    assert fields(put(world, schedule=DAILY, payload="q" * LARGE)) == ["payload"]
    assert fields(put(world, schedule=DAILY, payload="small")) == ["payload"]
    assert world.core.jobs.get(ADA.tenant_id, holder(world).job_id).payload == "small"


def test_an_interval_goes_on_where_it_began(world: World) -> None:
    put(world, schedule=Every(seconds=600))
    world.clock.advance(100)
    renamed = put(world, schedule=Every(seconds=600), name="renamed")
    assert fields(renamed) == ["name"]
    assert renamed.job.next_run_at == world.clock.now() + timedelta(seconds=500)


def test_a_delay_counts_from_each_request(world: World) -> None:
    first = put(world, schedule=After(delay_seconds=60))
    world.clock.advance(30)
    moved = put(world, schedule=After(delay_seconds=60))
    assert fields(moved) == ["scheduled_time"]
    world.clock.advance(31)
    world.work()
    assert world.executions(first.job) == []
    world.clock.advance(30)
    world.work()
    assert len(world.executions(first.job)) == 1


def test_what_has_ended_runs_again_when_it_gets_another_time(world: World) -> None:
    first = put(world, schedule=At(at=world.clock.now()))
    world.work()
    world.clock.advance(60)
    assert fields(put(world, schedule=At(at=first.job.created_at), name="described anew")) == ["name"]
    world.work()
    assert len(world.executions(first.job)) == 1
    soon = world.clock.now() + timedelta(seconds=30)
    again = put(world, schedule=At(at=soon), name="described anew")
    assert (again.action, again.job.status, again.job.next_run_at) == (CHANGED, JobStatus.ACTIVE, soon)
    assert again.job.expires_at is None
    world.clock.advance(30)
    world.work()
    assert [execution.due_at for execution in world.executions(first.job)] == [first.job.created_at, soon]


def test_what_refuses_to_be_late_is_refused_once_it_is_to_be_made_or_moved(world: World) -> None:
    soon = world.clock.now() + timedelta(seconds=30)
    fields_of: dict[str, Any] = {"schedule": At(at=soon), "misfire": Misfire.REFUSE}
    put(world, **fields_of)
    world.clock.advance(60)
    world.work()
    assert put(world, **fields_of).action is UNCHANGED, "a file that is applied again is not refused for what it did"
    assert fields(put(world, name="described anew", **fields_of)) == ["name"]
    for key, at in (("k", soon + timedelta(seconds=1)), ("other", soon)):
        with pytest.raises(InvalidInputError, match="scheduled_time"):
            put(world, key, schedule=At(at=at), misfire=Misfire.REFUSE)


def test_a_schedule_that_is_over_is_left_alone_and_taken_up_when_it_is_longer(world: World) -> None:
    def until(minutes: int) -> Every:
        return Every(seconds=300, bounds=Bounds(end_at=begun_at + timedelta(minutes=minutes)))

    begun_at = world.clock.now()
    first = put(world, schedule=until(5))
    world.clock.advance(300)
    world.work()
    assert world.job(first.job).status is JobStatus.COMPLETED
    world.clock.advance(60)
    assert put(world, schedule=until(5)).action is UNCHANGED
    with pytest.raises(InvalidInputError, match="end_at"):
        put(world, schedule=until(6))
    longer = put(world, schedule=until(15))
    assert (fields(longer), longer.job.status) == (["end_at"], JobStatus.ACTIVE)
    assert longer.job.next_run_at == begun_at + timedelta(minutes=10), "it goes on where it began"
    world.clock.advance(240)
    world.work()
    assert len(world.executions(first.job)) == 2


def test_an_interval_that_says_where_it_begins_begins_there(world: World) -> None:
    put(world, schedule=Every(seconds=600))
    begins = world.clock.now() + timedelta(seconds=700)
    moved = put(world, schedule=Every(seconds=600, bounds=Bounds(start_at=begins)))
    assert (fields(moved), moved.job.next_run_at) == (["start_at"], begins)
    free = put(world, schedule=Every(seconds=600))
    assert (fields(free), free.job.next_run_at) == (["start_at"], begins + timedelta(seconds=600))


def test_what_has_ended_becomes_recurring(world: World) -> None:
    first = put(world)
    world.change.cancel(ADA, first.job.job_id)
    recurring = put(world, schedule=OFTEN, priority="high")
    assert (recurring.job.status, recurring.job.is_recurring) == (JobStatus.ACTIVE, True)
    world.clock.advance(600)
    world.work()
    assert len(world.executions(first.job)) == 1


def test_paused_stays_paused(world: World) -> None:
    first = put(world, schedule=DAILY)
    world.change.pause(ADA, first.job.job_id)
    assert put(world, schedule=DAILY).action is UNCHANGED
    changed = put(world, schedule=OFTEN)
    assert (changed.action, changed.job.status, changed.job.next_run_at) == (CHANGED, JobStatus.PAUSED, None)


def test_what_runs_is_not_made_something_else(build: Build) -> None:
    refused: list[Exception] = []

    def probe(_payload: Any, _context: Any) -> None:
        try:
            put(world, task="probe", schedule=At(at=world.clock.now() + timedelta(days=1)))
        except IllegalTransitionError as error:
            refused.append(error)

    world = build(probe)
    put(world, task="probe")
    world.work()
    assert [str(error) for error in refused] == ["cannot reschedule a job that is running"]


def test_a_deleted_job_frees_its_key(world: World) -> None:
    first = put(world, schedule=DAILY)
    world.change.delete(ADA, first.job.job_id)
    assert world.core.caller_keys.find(ADA.tenant_id, "k") is None
    second = put(world, schedule=DAILY)
    assert (second.action, holder(world).job_id) == (CREATED, second.job.job_id)
    assert second.job.job_id != first.job.job_id


def test_a_deleted_job_whose_key_was_not_freed_gives_way(world: World) -> None:
    first = put(world, schedule=DAILY)
    left = holder(world)
    world.change.delete(ADA, first.job.job_id)
    assert world.core.caller_keys.take(left, standing=None)
    second = put(world, schedule=DAILY)
    assert (second.action, holder(world).job_id) == (CREATED, second.job.job_id)
    world.core.caller_keys.release(ADA.tenant_id, "k", first.job.job_id)
    assert put(world, schedule=DAILY).action is UNCHANGED


@pytest.mark.parametrize("age", [timedelta(0), JOINED_FOR, JOINED_FOR * 2, ABANDONED_AFTER, ABANDONED_AFTER * 2])
def test_a_key_whose_job_was_never_written_is_repaired(world: World, age: timedelta) -> None:
    unborn = KeyHolder(tenant_id=ADA.tenant_id, key="k", job_id=world.core.ids.new(), taken_at=world.clock.now())
    assert world.core.caller_keys.take(unborn, standing=None)
    world.clock.advance(age)
    made = put(world)
    assert made.action is CREATED
    assert (made.job.job_id == unborn.job_id) == (age <= ABANDONED_AFTER), "later, its id would be of another time"
    assert (holder(world).taken_at == unborn.taken_at) == (age <= JOINED_FOR)
    world.work()
    assert len(world.executions(made.job)) == 1
    assert put(world).action is UNCHANGED


def test_who_took_the_key_and_was_slow_finds_the_job_that_another_one_made(world: World) -> None:
    """Between the key and the job, somebody else comes, and joins."""
    slow = world.define_job
    joined: list[Defined] = []
    store = slow.create_job.jobs

    class Slow:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def create(self, job: Job) -> None:
            if not joined:
                joined.append(put(world, payload="theirs"))
            store.create(job)

    jobs: Any = Slow()
    slow = replace(slow, create_job=replace(slow.create_job, jobs=jobs))
    mine = slow(ADA, KeyedJob(key="k", job=NewJob(name="a job", payload="mine")))
    (theirs,) = joined
    assert (theirs.action, mine.action, fields(mine)) == (CREATED, CHANGED, ["payload"])
    (only,) = jobs_of(world)
    assert (only.job_id, world.job(only).payload) == (theirs.job.job_id, "mine")


def test_of_many_who_want_a_key_at_once_one_makes_the_job(world: World) -> None:
    barrier = threading.Barrier(8)

    def want(_: int) -> Defined:
        barrier.wait()
        return put(world, schedule=DAILY)

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(want, range(8)))
    (only,) = jobs_of(world)
    assert {defined.job.job_id for defined in made} == {only.job_id}
    assert {defined.action for defined in made} <= {CREATED, UNCHANGED}
    assert only.version == 1


def test_a_quota_that_is_used_up_refuses_a_new_job_and_no_change(build: Build) -> None:
    world = build()
    world.quotas.store.change(ADA.tenant_id, {QuotaName.JOBS: 1})
    put(world, schedule=DAILY)
    with pytest.raises(QuotaExceededError):
        put(world, "other", schedule=DAILY)
    assert world.core.caller_keys.find(ADA.tenant_id, "other") is None
    assert put(world, schedule=OFTEN).action is CHANGED


def test_a_job_of_another_scope_is_refused_or_taken_over(world: World) -> None:
    first = put(world, schedule=DAILY, scope="a")
    for name in ("a job", "another"):
        with pytest.raises(ConflictError, match="carries the scope a"):
            put(world, schedule=DAILY, scope="b", name=name)
    assert holder(world).scope == world.job(first.job).scope == "a"
    moved = put(world, schedule=DAILY, scope="b", adopts=True)
    assert fields(moved) == ["scope"]
    assert holder(world).scope == world.job(first.job).scope == "b"
    assert put(world, schedule=DAILY).action is UNCHANGED, "without a scope it keeps its own"


def prune(world: World, scope: str, *, dry_run: bool = False) -> list[str | None]:
    """Apply an empty file; the keys of what was deleted."""
    apply = ApplyJobs(define_job=world.define_job, side_by_side=1)
    report = apply(ADA, [], Choice(scope=scope, prune=True, dry_run=dry_run))
    assert report.prune is Prune.DONE
    return [one.key for one in report.applied]


def test_a_job_that_is_half_way_to_another_scope_is_deleted_with_neither(world: World) -> None:
    first = put(world, schedule=DAILY, scope="a")
    standing = holder(world)
    assert world.core.caller_keys.take(replace(standing, scope="b"), standing=standing)
    assert [prune(world, scope) for scope in ("a", "b")] == [[], []]
    assert world.job(first.job).status is JobStatus.ACTIVE
    with pytest.raises(ConflictError):
        put(world, schedule=DAILY, scope="b")
    put(world, schedule=DAILY, scope="b", adopts=True)
    assert [prune(world, scope) for scope in ("a", "b")] == [[], ["k"]]


def test_a_key_that_says_another_scope_than_its_job_is_put_right(world: World) -> None:
    """As after two who made the job at once, one of them without a scope."""
    put(world, schedule=DAILY, scope="a")
    standing = holder(world)
    assert world.core.caller_keys.take(replace(standing, scope=None), standing=standing)
    assert put(world, schedule=DAILY, scope="a").action is UNCHANGED
    assert holder(world) == standing


def test_pruning_tidies_up_keys_whose_jobs_were_never_written(world: World) -> None:
    unborn = KeyHolder(tenant_id=ADA.tenant_id, key="k", job_id="unborn", taken_at=world.clock.now(), scope="s")
    assert world.core.caller_keys.take(unborn, standing=None)
    assert prune(world, "s") == []
    assert holder(world) == unborn, "somebody may be writing its job"
    world.clock.advance(ABANDONED_AFTER + timedelta(seconds=1))
    assert prune(world, "s", dry_run=True) == []
    assert holder(world) == unborn
    assert prune(world, "s") == []
    assert world.core.caller_keys.find(ADA.tenant_id, "k") is None


def test_a_job_without_scope_gets_one(world: World) -> None:
    put(world, schedule=DAILY)
    assert fields(put(world, schedule=DAILY, scope="a")) == ["scope"]
    assert holder(world).scope == "a"


def test_what_is_wrong_is_told_before_anything_is_written(world: World) -> None:
    wrong: list[tuple[str, dict[str, Any], str]] = [
        ("..", {}, "key"),
        ("k", {"task": "unknown"}, "task"),
        ("k", {"queue": "q"}, "queue"),
    ]
    for key, job, field in wrong:
        with pytest.raises(InvalidInputError) as raised:
            put(world, key, **job)
        assert raised.value.field == field
    assert world.core.caller_keys.find(ADA.tenant_id, "k") is None


@pytest.mark.parametrize("scope", [None, "s"])
def test_a_key_costs_one_write_on_aws_and_what_is_unchanged_none(
    dynamodb: DynamoStores, tmp_path: Path, scope: str | None
) -> None:
    """With a scope the index takes one write unit besides: 2 more than a plain creation."""
    world = new_world(tmp_path, dynamodb.stores)
    world.create(schedule=DAILY)  # reads queues and quotas, which are remembered
    with counted(dynamodb) as plain:
        world.create(schedule=DAILY)
    with counted(dynamodb) as keyed:
        put(world, schedule=DAILY, scope=scope)
    assert keyed - plain == {"PutItem": 1, "GetItem": 1}
    with counted(dynamodb) as unchanged:
        put(world, schedule=DAILY, scope=scope)
    assert unchanged == {"GetItem": 2}
    with counted(dynamodb) as changed:
        put(world, schedule=OFTEN, scope=scope)
    assert changed == {"GetItem": 3, "BatchWriteItem": 1, "UpdateItem": 1}
    world.close()
