"""What no flow shows by how it ends: who was answered, how often something was tried, when, and by what key.

Each is given an empty folder and an engine, and asserts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.wire import Crash, Kind, Wire
from tests.chaos.mutants.meddling import MeddledWire, Meddling
from tests.sync_lab import Blind
from tests.world import ADA
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.application.create_job import NewJob
from tickwell.application.losses import ON_SUSPICION
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import StaleDueItemError, UnavailableError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.slot import LEASE_MARGIN, TAKEOVER_DELAY
from tickwell.messages import decode_job_message

SECOND = timedelta(seconds=1)
TIMEOUT = timedelta(seconds=60)


@contextmanager
def a_lab(folder: Path, engine: Engine, wire: Wire | None = None) -> Iterator[Lab]:
    """A lab, which is closed afterwards."""
    lab, close = new_lab(folder, wire or Wire(), engine)
    try:
        yield lab
    finally:
        close()


def an_accepted_job_is_answered(folder: Path, engine: Engine) -> None:
    """Rule 1: if only the send fails, the answer is still 201."""
    recording = Wire(armed=True)
    with a_lab(folder, engine, recording) as lab:
        lab.create()
    (number,) = [n for n, call in enumerate(recording.calls) if call.endswith(".send")]
    for kind in (Kind.FAIL_BEFORE, Kind.FAIL_AFTER):
        with a_lab(folder, engine, Wire(armed=True, at=number, kind=kind)) as lab:
            try:
                lab.create()
            except UnavailableError as error:
                raise AssertionError("an accepted job was answered with an error") from error


def an_old_due_item_lets_no_job_in(folder: Path, engine: Engine) -> None:
    """Rule 1: the job's write is refused when its due item was prepared more than 20 s ago."""
    recorded = MeddledWire()
    with a_lab(folder, engine, recorded) as lab:
        recorded.armed = True
        lab.create()
    number = recorded.calls.index("due items.put")
    wire = MeddledWire(at=number, meddling=Meddling.STALL)
    with a_lab(folder, engine, wire) as lab:
        wire.lab, wire.armed = lab, True
        with suppress(StaleDueItemError):
            lab.create()
        wire.armed = False
        assert not lab.all_jobs(), "a job was written that the safety sync had let go"


def what_was_won_is_not_lost(folder: Path, engine: Engine) -> None:
    """Rule 2: who hears nothing of a claim that he won is told so when he asks again."""
    recording = Wire()
    with a_lab(folder, engine, recording) as lab:
        lab.create()
        recording.armed = True
        lab.world.work()
    number = recording.calls.index("jobs.claim_many")
    with a_lab(folder, engine, Wire(at=number, kind=Kind.FAIL_AFTER)) as lab:
        job = lab.create()
        lab.wire.armed = True
        lab.world.work()
        assert [e.status for e in lab.recorded(job.tenant_id, job.job_id)] == [ExecutionStatus.SUCCESS], "it was lost"


def nobody_is_taken_over_early(folder: Path, engine: Engine) -> None:
    """Rule 3: clocks differ, and so a takeover waits for 5 s behind the lease's end."""
    with a_lab(folder, engine) as lab:
        job = lab.create()
        assert lab.world.die()
        lab.world.clock.advance(TIMEOUT + LEASE_MARGIN + TAKEOVER_DELAY - SECOND)
        assert lab.world.sync().recovered == 0, "it was taken over within the margin"
        lab.world.live(timedelta(minutes=10))
        assert [e.status for e in lab.world.executions(job)] == [ExecutionStatus.LOST, ExecutionStatus.SUCCESS]


def what_kills_its_workers_ends(folder: Path, engine: Engine) -> None:
    """Rule 4: two losses fail the occurrence."""
    with a_lab(folder, engine) as lab:
        job = lab.create()
        for _ in range(5):
            lab.world.die()
            lab.world.clock.advance(TIMEOUT + LEASE_MARGIN + TAKEOVER_DELAY)
            lab.world.sync()
        assert [e.status for e in lab.world.executions(job)] == [ExecutionStatus.LOST] * 2
        assert lab.world.job(job).status is JobStatus.FAILED


def one_message_kills_only_itself(folder: Path, engine: Engine) -> None:
    """Rule 4: what is received again runs alone, so that a job that kills the process takes nothing along."""
    recording = Wire()
    with a_lab(folder, engine, recording) as lab:
        _receive_and_return(lab)
        recording.armed = True
        lab.world.work()
    with a_lab(folder, engine, Wire(at=recording.calls.index("task"))) as lab:
        _receive_and_return(lab)
        lab.wire.armed = True
        with suppress(Crash):
            lab.world.work()
        lab.wire.revive()
        held = [job for job in lab.all_jobs() if job.slot is not None]
        assert len(held) == 1, f"{len(held)} attempts died with the process instead of one"


def _receive_and_return(lab: Lab) -> None:
    """Three messages that somebody received and never deleted."""
    for _ in range(3):
        lab.create()
    for queue in lab.world.lanes.values():
        queue.receive(10, wait_seconds=0)
    lab.world.clock.advance(timedelta(seconds=931))


def a_backlog_is_not_multiplied(folder: Path, engine: Engine) -> None:
    """Rule 6: nothing is sent again while the lane's backlog explains the wait."""
    with a_lab(folder, engine) as lab:
        world = lab.world
        for lane, queue in list(world.lanes.items()):
            world.lanes[lane] = Blind(queue)
        many = [NewJob(name=f"job {number}", task="probe") for number in range(60)]
        world.create_many(ADA, many)
        for _ in range(4):
            world.clock.advance(timedelta(minutes=5))
            world.sync()
        waiting = sum(queue.depth().waiting for queue in world.lanes.values())
        assert waiting <= len(many) + ON_SUSPICION, f"{waiting} messages for {len(many)} jobs"


def a_key_is_that_of_the_occurrence(folder: Path, engine: Engine) -> None:
    """Rule 7: the same in each attempt at an occurrence, and another one for each occurrence."""
    with a_lab(folder, engine) as lab:
        run = lab.run
        seen: dict[Any, set[str]] = {}

        def look(payload: Any, context: Any) -> Any:
            seen.setdefault(context.due_at, set()).add(context.idempotency_key)
            return run(payload, context)

        lab.run = look  # type: ignore[method-assign,assignment]
        lab.failures = 2
        lab.create(schedule=CronExpression.parse("*/10 * * * *"))
        lab.world.live(timedelta(minutes=35), step=timedelta(minutes=1))
        assert len(lab.started) > len(seen) > 1
        assert all(len(keys) == 1 for keys in seen.values()), "attempts at one occurrence have different keys"
        assert len({key for keys in seen.values() for key in keys}) == len(seen), "occurrences share a key"


def an_outcome_is_recorded_with_its_cause(folder: Path, engine: Engine) -> None:
    """Rule 9: whichever transaction is the last that reaches the disk, an outcome is there if its cause is."""
    last, made, letters = 0, [0], 0
    while last == len(made) - 1:
        last += 1
        with a_lab(folder, engine) as lab:
            lab.failures = 1
            lab.create(max_retries=0)
            with _last_transaction(last) as made, suppress(Crash):
                lab.world.work()
            found = lab.world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
            letters += len(found)
            history: Any = lab.ground.stores.history
            told = {event.subject for _, event in EmbeddedOutcomeFeed(history._database).read(10)}
            assert told == {letter.dead_letter_id for letter in found}, "an outcome without its cause, or without one"
    assert letters


@contextmanager
def _last_transaction(number: int) -> Iterator[list[int]]:
    """The process dies when it begins another transaction than the first ``number``; those that reached the disk.

    The list begins with a 0, and so its last one is the number of the last transaction.
    """
    made = [0]
    begin = Database.transaction

    @contextmanager
    def transaction(database: Database, *, durable: bool = True) -> Iterator[Any]:
        if len(made) > number:
            raise Crash("the process is gone")
        with begin(database, durable=durable) as cursor:
            yield cursor
        made.append(len(made))

    Database.transaction = transaction  # type: ignore[method-assign,assignment]
    try:
        yield made
    finally:
        Database.transaction = begin  # type: ignore[method-assign]


def nobody_spins(folder: Path, engine: Engine) -> None:
    """Rule 10: who waits for a permit is received once, and not again until it has one."""
    with a_lab(folder, engine) as lab:
        lab.world.queue(concurrency=1)
        for _ in range(4):
            lab.create(queue="images", timeout_seconds=600)
        (first, *rest) = [
            delivery for queue in lab.world.lanes.values() for delivery in queue.receive(10, wait_seconds=0)
        ]
        admitted = lab.world.core.admit_attempts()
        messages = [d.message for d in (first, *rest) if isinstance(d.message, JobMessage)]
        ready = admitted(messages, now=lab.world.clock.now()).ready
        assert len(ready) == 1
        lab.world.core.claim_attempts()(ready, now=lab.world.clock.now())
        for queue in lab.world.lanes.values():
            queue.delete([first, *rest])
        received = 0
        for _ in range(10):
            lab.world.clock.advance(30)
            received += sum(len(queue.receive(10, wait_seconds=0)) for queue in lab.world.lanes.values())
        assert received == 0, f"those who wait were received {received} times in five minutes"


def messages_of_earlier_releases_are_read(folder: Path, engine: Engine) -> None:
    """Rule 12: what the first release sent, which knew less, is understood."""
    del folder, engine
    body = (
        '{"kind":"job","v":1,"tenant":"t","job":"j","version":1,"due_at":"2026-11-22T12:00:00Z","attempt":1,'
        '"run_at":"2026-11-22T12:00:00Z","lane":"medium","recurring":false}'
    )
    message = decode_job_message(body)
    assert isinstance(message, JobMessage), message


PROBES: dict[str, Callable[[Path, Engine], None]] = {
    each.__name__: each
    for each in (
        an_accepted_job_is_answered,
        an_old_due_item_lets_no_job_in,
        what_was_won_is_not_lost,
        nobody_is_taken_over_early,
        what_kills_its_workers_ends,
        one_message_kills_only_itself,
        a_backlog_is_not_multiplied,
        a_key_is_that_of_the_occurrence,
        an_outcome_is_recorded_with_its_cause,
        nobody_spins,
        messages_of_earlier_releases_are_read,
    )
}
