"""Queues and jobs that are changed while others wait: nobody is stranded, and no permit is left behind."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.editing import edit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.arming import first_attempt
from tickwell.application.create_job import Every
from tickwell.application.ports import QueueKey
from tickwell.application.remembered import FRESH
from tickwell.domain.admission import Gate, Permit
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Queue, RateLimit

SECOND = timedelta(seconds=1)
KEY = QueueKey(tenant_id=ADA.tenant_id, name="images")


def submit(world: World, count: int = 1, **fields: Any) -> list[Job]:
    return [world.create(task="probe", queue="images", **fields) for _ in range(count)]


def statuses(world: World, jobs: list[Job]) -> list[JobStatus]:
    return [world.job(job).status for job in jobs]


def waiting(world: World) -> int:
    return world.core.queues.count_waiting([KEY], most=1000)[KEY]


def permits(world: World) -> int:
    return len(world.core.queues.gate(KEY).at(world.clock.now()).permits)


def change(world: World, **fields: Any) -> Queue:
    return world.queues.change(ADA, "images", lambda queue, now: queue.changed(now, **fields))


def message(job: Job) -> JobMessage:
    assert job.next_run_at is not None
    return first_attempt(job, job.next_run_at)


def echo(payload: Any, _context: Any) -> Any:
    return payload


def hold_a_permit(world: World) -> Job:
    """A job that has the permit, and whose message is on its way."""
    (holder,) = submit(world)
    admitted = world.core.admit_attempts()([message(holder)], now=world.clock.now())
    assert admitted.ready
    return holder


def test_a_message_of_before_an_edit_does_not_give_back_the_permit_of_the_one_after_it(build: Build) -> None:
    waited: list[int] = []
    world: World = build(lambda _payload, _context: waited.append(waiting(world)))
    world.queue(concurrency=1)
    jobs = submit(world, 2)
    edit(world, jobs[0], name="edited while its message is on its way")
    world.work()
    assert waited == [1, 0], "the second one was let go while the first one ran"
    assert statuses(world, jobs) == [JobStatus.COMPLETED] * 2
    assert (waiting(world), permits(world)) == (0, 0)


def wait_behind_another(world: World) -> tuple[Job, Job]:
    """A job that was edited, as before and after: its new message waits for the only permit, which another one has."""
    world.queue(concurrency=1)
    (job,) = submit(world)
    taken = Gate(version=0, permits=(Permit(key="another", until=world.clock.now() + 600 * SECOND),))
    assert world.core.queues.save_gate(KEY, taken, read=world.core.queues.gate(KEY))
    edited = edit(world, job, name="edited while its message is on its way")
    assert world.core.admit_attempts()([message(edited)], now=world.clock.now()).parked == 1
    return job, edited


def test_who_waits_for_the_permit_that_an_older_message_of_its_attempt_has_got_starts_by_it(build: Build) -> None:
    world = build(echo)
    job, _ = wait_behind_another(world)
    full = world.core.queues.gate(KEY)
    assert world.core.queues.save_gate(KEY, full.without({"another": None}), read=full), "nobody told the waiting list"
    world.lose_messages()
    world.core.arming.send([message(job)], now=world.clock.now())
    world.work()
    assert statuses(world, [job]) == [JobStatus.COMPLETED]
    assert (waiting(world), permits(world)) == (0, 0)


def test_nobody_is_let_through_whose_queue_cannot_be_looked_up(
    build: Build, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    world = build(echo)
    _, edited = wait_behind_another(world)
    admit = world.core.admit_attempts()
    world.lose_messages()
    world.clock.advance(FRESH)

    def unavailable(_key: QueueKey) -> None:
        raise UnavailableError("store", "it does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(world.core.queues, "find", unavailable)
        admit.make_way([message(edited)])
    assert [vars(record).get("action") for record in caplog.records] == ["permit.kept"]
    assert (waiting(world), world.lose_messages()) == (1, 0)
    admit.make_way([message(edited)])
    assert (waiting(world), world.lose_messages()) == (0, 1)


def test_the_settings_of_a_queue_are_looked_up_once_for_all_who_wait_in_it(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a table that is slow, what is remembered of them is old before the next of a hundred is looked at."""
    world = build(echo)
    world.queue(concurrency=1)
    waits = [message(submit(world)[0]) for _ in range(5)]
    admit, find, asked = world.core.admit_attempts(), world.core.queues.find, list[QueueKey]()

    def slow(key: QueueKey) -> Queue | None:
        asked.append(key)
        world.clock.advance(FRESH)
        return find(key)

    monkeypatch.setattr(world.core.queues, "find", slow)
    world.clock.advance(FRESH)
    admit.explained(waits, now=world.clock.now())
    admit.make_way(waits)
    assert len(asked) == 2, "once by each"


def test_who_had_an_occurrence_wait_does_not_give_back_the_permit_that_it_begins_with_later(build: Build) -> None:
    world = build(echo)
    world.queue(concurrency=1)
    armed = message(submit(world, schedule=Every(seconds=60))[0])
    admit = world.core.admit_attempts()
    assert admit([armed], now=world.clock.now()).ready, "its message finds the slot busy"
    admit.give_back([armed])
    assert admit([replace(armed, queued=True)], now=world.clock.now()).ready, "its turn has come"
    admit.give_back([armed])
    assert permits(world) == 1, "as of the first message, delivered twice"
    admit.leave([armed])
    assert permits(world) == 0


def test_the_message_that_had_an_occurrence_wait_does_not_stand_in_the_place_of_the_one_that_starts_it(
    build: Build,
) -> None:
    """Found by a random life: the first one came once more, was looked at and taken off, and the other with it."""
    world = build(echo)
    world.queue(concurrency=1)
    armed = message(submit(world, schedule=Every(seconds=60))[0])
    starts = replace(armed, queued=True)
    queues = world.core.queues
    queues.park([armed])
    assert set(queues.parked([armed, starts])) == {armed}, "nobody would look after the other"
    queues.park([starts])
    queues.unpark([armed])
    assert queues.waiting(KEY, limit=10) == [starts]
    queues.unpark([starts])
    assert waiting(world) == 0


def test_a_message_of_before_a_move_to_another_queue_gives_back_its_permit(build: Build) -> None:
    world = build(echo)
    world.queue(concurrency=1)
    world.queue("others")
    (job,) = submit(world)
    assert world.core.admit_attempts()([message(job)], now=world.clock.now()).ready
    edit(world, job, queue="others")
    world.work()
    assert statuses(world, [job]) == [JobStatus.COMPLETED]
    assert permits(world) == 0


def test_a_message_of_before_an_edit_does_not_take_the_place_of_the_one_after_it(build: Build) -> None:
    starts: list[Any] = []
    world = build(lambda _payload, context: starts.append(context.now()))
    world.queue()
    world.queues.change(ADA, "images", Queue.paused)
    (job,) = submit(world, schedule=Every(seconds=60))
    world.change.pause(ADA, job.job_id)
    resumed = world.change.resume(ADA, job.job_id)
    assert resumed.next_run_at == job.next_run_at
    world.live(timedelta(minutes=6))
    assert starts == []
    world.queues.change(ADA, "images", Queue.resumed)
    world.live(timedelta(minutes=6))
    assert starts


def test_whoever_holds_a_permit_when_its_queue_is_paused_is_let_go_at_the_resume(build: Build) -> None:
    world = build(echo)
    world.queue(concurrency=1)
    jobs = [hold_a_permit(world), *submit(world, 2)]
    world.queues.change(ADA, "images", Queue.paused)
    world.work()
    assert (waiting(world), permits(world)) == (3, 0)
    world.queues.change(ADA, "images", Queue.resumed)
    world.work()
    assert statuses(world, jobs) == [JobStatus.COMPLETED] * 3
    assert (waiting(world), permits(world)) == (0, 0)


def test_a_second_message_of_what_runs_does_not_give_its_permit_back_in_a_paused_queue(build: Build) -> None:
    seen: list[int] = []

    def run(_payload: Any, _context: Any) -> None:
        world.queues.change(ADA, "images", Queue.paused)
        world.core.admit_attempts()([message(job)], now=world.clock.now())
        seen.append(permits(world))

    world = build(run)
    world.queue(concurrency=1)
    (job,) = submit(world)
    world.work()
    assert (seen, permits(world)) == ([1], 0)


def test_permits_of_before_a_limit_was_lifted_do_not_count_when_there_is_one_again(build: Build) -> None:
    def lift(_payload: Any, _context: Any) -> None:
        change(world, concurrency=None)

    world = build(lift)
    world.queue(concurrency=1)
    first = submit(world)
    world.work()
    assert statuses(world, first) == [JobStatus.COMPLETED]
    change(world, concurrency=1)
    assert permits(world) == 0
    second = submit(world)
    world.work()
    assert statuses(world, second) == [JobStatus.COMPLETED]


def test_a_new_queue_does_not_begin_with_the_permits_of_one_that_had_its_name(build: Build) -> None:
    world = build(echo)
    world.queue(concurrency=1)
    world.queues.delete(ADA, "images")
    # As a worker does that has not noticed yet that the queue is gone.
    stray = Permit(key="0" * 12, until=world.clock.now() + timedelta(hours=1))
    world.core.queues.save_gate(KEY, Gate(permits=(stray,)), read=Gate())
    world.queue(concurrency=1)
    assert permits(world) == 0


def test_start_times_of_a_rate_that_was_lifted_hold_nobody_up(build: Build) -> None:
    world = build(echo)
    world.queue(concurrency=2, rate_limit=RateLimit(limit=1, per_seconds=86400))
    submit(world, 3)
    world.work()
    assert (waiting(world), permits(world)) == (0, 2)
    change(world, rate_limit=None)
    assert permits(world) == 0
    change(world, rate_limit=RateLimit(limit=1, per_seconds=1))
    late = submit(world)
    world.live(timedelta(seconds=30))
    assert statuses(world, late) == [JobStatus.COMPLETED]


def test_a_long_list_of_cancelled_jobs_is_cleared_in_bounded_steps(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tickwell.application.admission._HEADS", 4)
    world = build(echo)
    world.queue(concurrency=1)
    world.queues.change(ADA, "images", Queue.paused)
    cancelled, kept = submit(world, 20), submit(world)
    world.work()
    for job in cancelled:
        world.change.cancel(ADA, job.job_id)
    reads = 0
    get_many = world.core.jobs.get_many

    def counted(keys: Any) -> Any:
        nonlocal reads
        reads += 1
        return get_many(keys)

    world.core.jobs.get_many = counted  # type: ignore[method-assign]
    admit = world.core.admit_attempts()
    world.queues.queues.put(
        replace(world.queues.get(ADA, "images").queue, paused_at=None, version=9),
        read=world.queues.get(ADA, "images").queue,
    )
    assert admit.let_go(KEY, most=8) == 9
    assert (waiting(world), reads) == (12, 3)
    assert world.sync().let_go == 12
    world.work()
    assert statuses(world, kept) == [JobStatus.COMPLETED]


def test_the_safety_sync_goes_on_with_lists_longer_than_one_step(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.application.manage_queues._FIRST_LET_GO", 1)
    monkeypatch.setattr("tickwell.application.admission._HEADS", 1)
    monkeypatch.setattr("tickwell.application.admission.MOST_AT_ONCE", 2)
    monkeypatch.setattr("tickwell.application.safety_sync.MOST_AT_ONCE", 2)
    monkeypatch.setattr("tickwell.application.waiting_lists.MOST_AT_ONCE", 2)
    world = build(echo)
    world.queue()
    world.queues.change(ADA, "images", Queue.paused)
    jobs = submit(world, 8)
    world.work()
    world.queues.change(ADA, "images", Queue.resumed)
    assert world.sync().let_go == 7
    world.work()
    assert statuses(world, jobs) == [JobStatus.COMPLETED] * 8


def test_an_outage_ends_in_no_crowd_of_starts(build: Build) -> None:
    starts: list[Any] = []
    world = build(lambda _payload, context: starts.append(context.now()))
    world.queue(rate_limit=RateLimit(limit=1, per_seconds=10))
    jobs = submit(world, 6)
    world.work()
    world.clock.advance(timedelta(minutes=10))
    for _ in range(60):
        world.work()
        world.clock.advance(SECOND)
    assert statuses(world, jobs) == [JobStatus.COMPLETED] * 6
    assert min(later - earlier for earlier, later in pairwise(starts)) == 10 * SECOND


def test_a_clock_that_is_set_back_hides_no_change_of_a_queue(build: Build) -> None:
    world = build(echo)
    world.queue()
    assert world.core.directory.find(KEY) is not None
    world.clock.advance(-timedelta(hours=1))
    # Another process pauses it.
    read = world.core.queues.find(KEY)
    assert read is not None
    world.core.queues.put(read.paused(world.clock.now()), read=read)
    found = world.core.directory.find(KEY)
    assert found is not None
    assert found.paused_at is not None
