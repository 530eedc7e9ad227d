"""Dead letters, from the attempt that was the last to the job that is made of them, on both engines."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import Every
from tickwell.application.dead_letters import DeleteDeadLetter
from tickwell.domain.dead_letter import DeadLetter, DeadLetterFilter
from tickwell.domain.errors import (
    AttemptFailedError,
    DoNotRetryError,
    IllegalTransitionError,
    InvalidInputError,
    NotFoundError,
    RetryAfterError,
    UnavailableError,
)
from tickwell.domain.job import JobStatus
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy

EACH_SECOND = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1)
MINUTE = timedelta(minutes=1)


def broken(_payload: Any, context: Any) -> Any:
    raise AttemptFailedError(f"CODE_{context.attempt}", f"broke in attempt {context.attempt}")


def letters(world: World) -> list[DeadLetter]:
    return list(world.read.dead_letters(ADA, limit=100, cursor=None).items)


def give_up(world: World, **fields: Any) -> DeadLetter:
    job = world.create(**{"task": "probe", "max_retries": 0, **fields})
    world.live(3 * MINUTE, step=timedelta(seconds=1))
    (letter,) = [letter for letter in letters(world) if letter.job_id == job.job_id]
    return letter


def mended() -> tuple[Callable[..., Any], Callable[[], None]]:
    """A task that fails until it is mended, and what mends it."""
    faults = [True]

    def body(payload: Any, _context: Any) -> Any:
        if faults:
            raise RuntimeError("still broken")
        return payload

    return body, faults.clear


def test_it_tells_all_that_led_there(build: Build) -> None:
    world = build(broken)
    letter = give_up(world, payload={"to": "x"}, max_retries=2, retry=EACH_SECOND, tags=("a",), priority="low")
    assert (letter.attempts, letter.first_attempt_at, letter.failed_at) == (3, NOON, NOON + timedelta(seconds=2))
    assert [(one.attempt, one.code, one.message) for one in letter.errors] == [
        (number, f"CODE_{number}", f"broke in attempt {number}") for number in (1, 2, 3)
    ]
    assert (letter.error_code, letter.reason) == ("CODE_3", "all 3 attempts failed")
    assert (letter.payload_kept, letter.payload, letter.tags, letter.lane) == (True, {"to": "x"}, ("a",), "low")


@pytest.mark.parametrize("size", [4_000, 5_000, 300_000])
def test_the_payload_is_kept_whatever_its_size(build: Build, size: int) -> None:
    body, mend = mended()
    world = build(body)
    letter = give_up(world, payload="p" * size)
    assert letter.payload_kept
    assert (letter.payload_blob is None) is (size <= 4_000)
    assert world.read.dead_letter(ADA, letter.dead_letter_id).payload == "p" * size
    mend()
    retried = world.retry_letter(ADA, letter.dead_letter_id)
    world.work()
    (execution,) = world.executions(retried.job)
    assert world.read.execution(ADA, execution.execution_id).execution.output == "p" * size  # type: ignore[union-attr]  # it has ended


@pytest.mark.parametrize("size", [10, 5_000, 300_000])
def test_the_payload_is_kept_also_where_the_worker_was_lost(world: World, size: int) -> None:
    job = world.create(payload="p" * size, timeout_seconds=60, on_lost=OnLost.FAIL)
    for queue in world.lanes.values():
        messages: list[Any] = [delivery.message for delivery in queue.receive(10, wait_seconds=0)]
        if messages:
            assert world.core.claim_attempts()(messages, now=world.clock.now()).claimed
    world.live(10 * MINUTE)
    (letter,) = letters(world)
    assert (letter.job_id, letter.error_code) == (job.job_id, "WORKER_LOST")
    assert world.read.dead_letter(ADA, letter.dead_letter_id).payload == "p" * size


def test_a_bucket_that_fails_costs_the_copy_and_not_the_dead_letter(world: World) -> None:
    broken: Any = _BrokenBlobs()
    core = replace(world.core, blobs=broken)
    job = world.create(payload="p" * 5000, on_lost=OnLost.FAIL)
    messages: list[Any] = [delivery.message for delivery in world.lanes[job.lane].receive(10, wait_seconds=0)]
    core.recover()(core.claim_attempts()(messages, now=world.clock.now()).claimed)
    (letter,) = letters(world)
    assert (letter.payload_kept, letter.payload, letter.payload_blob) == (False, None, None)
    assert world.retry_letter(ADA, letter.dead_letter_id).job.payload == "p" * 5000


class _BrokenBlobs:
    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        raise UnavailableError("blobs", f"{name} {len(data)} {content_type}")

    def get(self, name: str) -> bytes:
        raise UnavailableError("blobs", name)

    def delete(self, name: str) -> None:
        raise UnavailableError("blobs", name)

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        raise UnavailableError("blobs", f"{folder} {after} {limit}")


def test_a_retry_is_a_new_job_like_the_old_one_and_both_are_linked(build: Build) -> None:
    body, mend = mended()
    world = build(body)
    letter = give_up(world, payload=[1], tags=("t",), priority="high", timeout_seconds=7, name="the job")
    mend()
    retried = world.retry_letter(ADA, letter.dead_letter_id)
    old, new = world.core.jobs.get(ADA.tenant_id, str(letter.job_id)), retried.job
    assert new.job_id != old.job_id
    assert (new.name, new.task, new.payload, new.policy) == (old.name, old.task, old.payload, old.policy)
    assert (new.lane, new.queue, new.tags, new.user_id) == (old.lane, old.queue, old.tags, old.user_id)
    assert (new.retry_of, new.next_run_at) == (letter.dead_letter_id, world.clock.now())
    assert world.job(new) == new
    marked = world.read.dead_letter(ADA, letter.dead_letter_id)
    assert (marked.retried_as, marked.retried_at) == (new.job_id, world.clock.now())
    world.work()
    assert world.job(new).status is JobStatus.COMPLETED
    assert world.job(old).status is JobStatus.FAILED
    assert [execution.status.value for execution in world.executions(old)] == ["failed"]


def test_while_the_retry_has_not_ended_there_is_no_second_one(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    first = world.retry_letter(ADA, letter.dead_letter_id)
    with pytest.raises(IllegalTransitionError):
        world.retry_letter(ADA, letter.dead_letter_id)
    world.work()
    second = world.retry_letter(ADA, letter.dead_letter_id)
    assert second.job.job_id != first.job.job_id
    assert world.read.dead_letter(ADA, letter.dead_letter_id).retried_as == second.job.job_id
    assert {one.job_id for one in letters(world)} == {letter.job_id, first.job.job_id}


def test_of_many_retries_at_once_one_job_comes(build: Build) -> None:
    runs: list[str] = []

    def body(_payload: Any, context: Any) -> None:
        runs.append(context.job_id)
        raise RuntimeError("no")

    world = build(body)
    letter = give_up(world)
    runs.clear()

    def retry(_: int) -> str:
        try:
            return world.retry_letter(ADA, letter.dead_letter_id).job.job_id
        except IllegalTransitionError:
            return ""

    with ThreadPoolExecutor(max_workers=8) as threads:
        made = set(threads.map(retry, range(8))) - {""}
    world.work()
    assert len(made) == 1
    assert runs == list(made)


def test_a_retry_that_was_marked_and_not_made_is_finished_by_the_next_one(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    mark(world, letter, "01a20320-0000-7000-8000-000000000000")
    world.clock.advance(30)
    retried = world.retry_letter(ADA, letter.dead_letter_id)
    assert retried.job.job_id == "01a20320-0000-7000-8000-000000000000"
    assert retried.job.created_at == world.clock.now() - timedelta(seconds=30)
    world.work()
    assert world.job(retried.job).status is JobStatus.FAILED


def test_a_mark_whose_job_is_long_gone_is_followed_by_a_new_one(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    mark(world, letter, "01a20320-0000-7000-8000-000000000000")
    world.clock.advance(timedelta(hours=1))
    retried = world.retry_letter(ADA, letter.dead_letter_id)
    assert retried.job.job_id != "01a20320-0000-7000-8000-000000000000"
    assert retried.job.created_at == world.clock.now()


def test_what_cannot_be_run_again_is_refused_and_not_marked(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    cases: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"task": None}, IllegalTransitionError),
        ({"user_id": None}, IllegalTransitionError),
        ({"task": "gone"}, InvalidInputError),
        ({"payload_kept": False, "payload": None, "job_id": "gone"}, IllegalTransitionError),
        ({"payload": None, "payload_blob": "tenants/x/gone.json"}, IllegalTransitionError),
    ]
    for number, (changes, error) in enumerate(cases):
        odd = replace(letter, dead_letter_id=f"odd-{number}", **changes)
        world.core.history.put_dead_letters([odd])
        with pytest.raises(error):
            world.retry_letter(ADA, odd.dead_letter_id)
        assert world.read.dead_letter(ADA, odd.dead_letter_id).retried_as is None


def test_another_tenant_can_neither_retry_nor_delete_it(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    eve = replace(ADA, tenant_id="tenant-eve")
    with pytest.raises(NotFoundError):
        world.retry_letter(eve, letter.dead_letter_id)
    with pytest.raises(NotFoundError):
        DeleteDeadLetter(history=world.core.history, blobs=world.blobs)(eve, letter.dead_letter_id)
    assert letters(world) == [letter]


@pytest.mark.parametrize("size", [10, 5_000, 300_000])
def test_deleting_takes_its_own_copy_of_the_payload_along_and_no_other(build: Build, size: int) -> None:
    world = build(broken)
    letter = give_up(world, payload="p" * size)
    DeleteDeadLetter(history=world.core.history, blobs=world.blobs)(ADA, letter.dead_letter_id)
    assert letters(world) == []
    if size == 5_000:
        with pytest.raises(NotFoundError):
            world.blobs.get(str(letter.payload_blob))
    if size == 300_000:
        assert world.blobs.get(str(letter.payload_blob))


def test_what_was_retried_after_it_was_listed_stays(build: Build) -> None:
    world = build(broken)
    letter = give_up(world)
    delete = DeleteDeadLetter(history=world.core.history, blobs=world.blobs)
    world.retry_letter(ADA, letter.dead_letter_id)
    with pytest.raises(IllegalTransitionError):
        delete(ADA, letter.dead_letter_id, DeadLetterFilter(retried=False))
    assert world.read.dead_letter(ADA, letter.dead_letter_id).retried_as is not None
    delete(ADA, letter.dead_letter_id, DeadLetterFilter(retried=True))


def test_dead_letters_are_found_by_what_they_are(build: Build) -> None:
    world = build(broken)
    made = [give_up(world) for _ in range(3)]
    page = world.read.dead_letters(ADA, limit=10, cursor=None, chosen=DeadLetterFilter(job_id=made[1].job_id))
    assert page.items == (made[1],)
    world.retry_letter(ADA, made[0].dead_letter_id)
    chosen = DeadLetterFilter(retried=False, failed_after=made[0].failed_at)
    assert set(world.read.dead_letters(ADA, limit=10, cursor=None, chosen=chosen).items) == {made[1], made[2]}


def test_many_are_retried_by_filter_once(build: Build) -> None:
    world = build(broken)
    made = [give_up(world, max_retries=number % 2, retry=EACH_SECOND) for number in range(4)]
    chosen = DeadLetterFilter(error_code="CODE_2")
    dry = world.bulk_letters.retry(ADA, chosen, dry_run=True, cursor=None)
    assert (dry.matched, dry.changed, dry.skipped, dry.next_cursor) == (2, 2, 0, None)
    assert letters(world) == made[::-1]
    done = world.bulk_letters.retry(ADA, chosen, dry_run=False, cursor=None)
    assert (done.matched, done.changed, done.skipped, done.failed) == (2, 2, 0, 0)
    for _ in range(2):
        again = world.bulk_letters.retry(ADA, DeadLetterFilter(job_id=made[1].job_id), dry_run=False, cursor=None)
        assert (again.matched, again.changed, again.skipped) == (1, 0, 1)
        world.live(3 * MINUTE, step=timedelta(seconds=1))
    assert len(letters(world)) == 6


def test_many_are_deleted_by_filter(build: Build) -> None:
    world = build(broken)
    made = [give_up(world, max_retries=number % 2, retry=EACH_SECOND) for number in range(4)]
    dry = world.bulk_letters.delete(ADA, DeadLetterFilter(error_code="CODE_1"), dry_run=True, cursor=None)
    assert (dry.matched, dry.changed) == (2, 2)
    assert len(letters(world)) == 4
    done = world.bulk_letters.delete(ADA, DeadLetterFilter(error_code="CODE_1"), dry_run=False, cursor=None)
    assert (done.matched, done.changed) == (2, 2)
    assert letters(world) == [made[3], made[1]]


def test_a_recurring_job_leaves_one_for_each_occurrence_that_is_given_up(build: Build) -> None:
    world = build(broken)
    world.create(task="probe", schedule=Every(seconds=60), max_retries=0)
    world.live(3 * MINUTE + timedelta(seconds=1))
    assert [letter.due_at for letter in letters(world)] == [NOON + number * MINUTE for number in (3, 2, 1)]


def test_a_task_can_say_that_trying_again_cannot_help(build: Build) -> None:
    def refuse(_payload: Any, _context: Any) -> Any:
        raise DoNotRetryError("no such customer", error_code="NO_CUSTOMER")

    letter = give_up(build(refuse), max_retries=5)
    assert (letter.attempts, letter.error_code, letter.error_message) == (1, "NO_CUSTOMER", "no such customer")


def test_a_task_can_say_when_to_try_again(build: Build) -> None:
    def wait(_payload: Any, context: Any) -> str:
        if context.attempt == 1:
            raise RetryAfterError(42, "quota used up")
        return "done"

    world = build(wait)
    job = world.create(task="probe")
    world.live(MINUTE, step=timedelta(seconds=1))
    first, second = world.executions(job)
    assert (first.failure and first.failure.code) == "RETRY_AFTER"
    assert second.started_at == NOON + timedelta(seconds=42)


def mark(world: World, letter: DeadLetter, job_id: str) -> None:
    assert world.core.history.mark_retried(
        letter.tenant_id, letter.dead_letter_id, job_id=job_id, at=world.clock.now(), earlier=None
    )
