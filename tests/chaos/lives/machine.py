"""The state machine: what may happen next, and what the model expects of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.chaos.lives.chance import (
    MINUTE,
    MOST_JOBS,
    again,
    asked,
    breaks,
    caller_keys,
    common,
    jobs_by_number,
    new_job,
    once,
    payloads,
    queues,
    recurring_only,
    schedules,
)
from tests.chaos.lives.engines import Open
from tests.chaos.lives.expected import BECOMES, may
from tests.chaos.lives.fate import NARROW, SLOW, Break
from tests.chaos.lives.invariants import check, check_at_rest, unfinished
from tests.chaos.lives.life import Life, resume_everything
from tests.chaos.lives.making import new_life
from tests.editing import edit, execute_now
from tests.occurring import backfill
from tests.world import ADA
from tickwell.application.create_job import Immediately, NewJob
from tickwell.application.manage_job import JobAction
from tickwell.domain.bounds import NO_BOUNDS, Bounds
from tickwell.domain.child import parent_of
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.queue import Queue
from tickwell.domain.retry import Overlap

LONG_ENOUGH = timedelta(hours=30)


class Lives(RuleBasedStateMachine):
    """A life on the engine that ``open_engine`` opens; a subclass says which. ``tally`` counts over all lives."""

    open_engine: Open
    tally: dict[str, int]

    def __init__(self) -> None:
        super().__init__()
        self._context = new_life(type(self).open_engine)
        self.life: Life = self._context.__enter__()
        self.checks = 0

    # What people do

    def create(self, broken: Break | None, *, retry: str, **fields: Any) -> None:
        """Accept a job, as the API does; it is refused for no reason but a failing service."""
        request = new_job(f"job {self.life.steps}", retry=retry, **fields)
        self._must(lambda: self.life.world.create_job(ADA, request), broken)

    @initialize(fields=common, more=recurring_only, schedule=again)
    def begin_life(self, fields: dict[str, Any], more: dict[str, Any], schedule: Any) -> None:
        """A life without jobs is short of surprises, and one of few in a narrow queue, too."""
        self.create_once(schedule=Immediately(), fields=fields, broken=None)
        self.create_again(schedule=schedule, fields=fields, more=more, over=False, broken=None)
        self.create_many(number=2, queue=NARROW, broken=None)

    @precondition(lambda self: self.has_room())
    @rule(schedule=once, fields=common, broken=breaks)
    def create_once(self, schedule: Any, fields: dict[str, Any], broken: Break | None) -> None:
        self.create(broken, schedule=schedule, **fields)

    @precondition(lambda self: self.has_room())
    @rule(schedule=again, fields=common, more=recurring_only, over=st.booleans(), broken=breaks)
    def create_again(self, schedule: Any, fields: Any, more: Any, over: Any, broken: Break | None) -> None:
        if more.get("overlap") is Overlap.CANCEL_OTHER:
            more = {name: value for name, value in more.items() if name != "misfire"}  # the two may contradict
        ends = over and isinstance(schedule, int)
        bounds = Bounds(end_at=self.life.now + timedelta(seconds=3 * schedule)) if ends else NO_BOUNDS
        self.create(broken, schedule=asked(schedule, bounds), **fields, **more)

    @precondition(lambda self: self.has_room())
    @rule(number=st.integers(2, 4), queue=queues, broken=breaks)
    def create_many(self, number: int, queue: str | None, broken: Break | None) -> None:
        requests = [NewJob(name=f"of {number}", task="probe", timeout_seconds=60, queue=queue) for _ in range(number)]
        self._must(lambda: self.life.world.create_many(ADA, requests), broken)

    @precondition(lambda self: self.has_room())
    @rule(key=caller_keys, schedule=st.one_of(once, again), fields=common, broken=breaks)
    def put(self, key: str, schedule: Any, fields: dict[str, Any], broken: Break | None) -> None:
        """A job under a key is made, or becomes what is asked for, or may not (as while it runs); the key has one."""
        before = self.life.broken
        refused = self.life.do(lambda: self.life.put(key, asked(schedule), **fields), broken)
        if refused is None and self.life.broken == before:
            names = [job.name for job in self.life.keyed() if job.caller_key == key]
            if names != [f"under {key}"]:
                self.life.ledger.fault(f"the job under {key} was put, and there is {names}")

    @precondition(lambda self: self.life.jobs())
    @rule(number=jobs_by_number, action=st.sampled_from(JobAction), broken=breaks)
    def act(self, number: int, action: JobAction, broken: Break | None) -> None:
        """Pause, resume, cancel, retry, delete: allowed by the status that the model knows, refused otherwise."""
        job = self._job(number)
        allowed = may(job, action)
        done = lambda: getattr(self.life.world.change, action.value)(ADA, job.job_id)  # noqa: E731 - said twice below
        if allowed is None:
            self.life.do(done, broken)
        elif allowed:
            self._must(done, broken)
            self._expect_status(job, action, broken)
        else:
            self._must_not(done, broken, f"{action} of {job.status} job {job.job_id}")

    @precondition(lambda self: self.life.jobs())
    @rule(
        number=jobs_by_number,
        changes=st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["B", "a", "Z"]),
                "queue": queues,
                "payload": payloads,
                "max_retries": st.integers(0, 2),
                "schedule": schedules,
            },
        ),
        broken=breaks,
    )
    def change(self, number: int, changes: dict[str, Any], broken: Break | None) -> None:
        """An edit is done or refused by rules of its own; the ledger sees to it that nothing is lost by it."""
        job = self._job(number)
        if changes:
            self.life.do(lambda: edit(self.life.world, job, **changes), broken)

    @precondition(lambda self: self.life.jobs() and self.has_room())
    @rule(number=jobs_by_number, broken=breaks)
    def execute(self, number: int, broken: Break | None) -> None:
        job = self._job(number)
        done = lambda: execute_now(self.life.world, job)  # noqa: E731 - said twice below
        if job.status is JobStatus.DELETED:
            self._must_not(done, broken, f"execute of deleted job {job.job_id}")
        elif not self.life.world.core.directory.hides(job, self.life.now):
            self._must(done, broken)

    @precondition(lambda self: self.life.jobs() and self.has_room())
    @rule(number=jobs_by_number, minutes=st.integers(1, 12), broken=breaks)
    def make_up(self, number: int, minutes: int, broken: Break | None) -> None:
        job = self._job(number)
        if job.is_recurring and parent_of(job.job_id) is None:
            self.life.do(lambda: backfill(self.life.world, job, self.life.now - minutes * MINUTE), broken)

    @precondition(lambda self: self.life.ledger.letters and self.has_room())
    @rule(number=jobs_by_number, broken=breaks)
    def retry_letter(self, number: int, broken: Break | None) -> None:
        letters = sorted(self.life.ledger.letters)
        self.life.do(lambda: self.life.world.retry_letter(ADA, letters[number % len(letters)]), broken)

    @rule(name=st.sampled_from([NARROW, SLOW]), stop=st.booleans(), broken=breaks)
    def gate(self, name: str, stop: Any, broken: Break | None) -> None:
        change = Queue.paused if stop else Queue.resumed
        self._must(lambda: self.life.world.queues.change(ADA, name, change), broken)

    # What workers and lanes do

    @rule(order=st.lists(st.integers(0, 9), max_size=3), most=st.sampled_from([1, 3, 10]), broken=breaks)
    def work(self, order: list[int], most: int, broken: Break | None) -> None:
        self._must(lambda: self.life.work(order, most), broken)

    @rule(times=st.integers(2, 6), seconds=st.sampled_from([5, 20, 60]), broken=breaks)
    def go_on(self, times: int, seconds: float, broken: Break | None) -> None:
        """As on most days: time passes, workers work, and the safety sync looks after them now and then."""
        self._must(lambda: self.life.go_on(times, seconds), broken)

    @rule(broken=breaks)
    def begin(self, broken: Break | None) -> None:
        self._must(self.life.begin, broken)

    @precondition(lambda self: self.life.held)
    @rule(number=jobs_by_number, broken=breaks)
    def end(self, number: int, broken: Break | None) -> None:
        self._must(lambda: self.life.end(number % len(self.life.held)), broken)

    @precondition(lambda self: self.life.ledger.tokens)
    @rule(number=jobs_by_number, what=st.sampled_from(["live", "complete", "fail", "fail for good"]), broken=breaks)
    def tell(self, number: int, what: str, broken: Break | None) -> None:
        """Work outside says something: what it is told to have been recorded stands."""
        ledger = self.life.ledger
        identity = sorted(ledger.tokens)[-1 - number % len(ledger.tokens)]
        before = self.life.broken
        refused = self.life.do(lambda: self.life.tell(identity, what), broken)
        if refused is not None or self.life.broken != before or what == "live":
            return
        record = ledger.records.get(identity)
        expected = ExecutionStatus.SUCCESS if what == "complete" else ExecutionStatus.FAILED
        if record is None or record.status is not expected:
            ledger.fault(f"{what} of {identity} was answered, and {record and record.status} is recorded")

    @rule(seconds=st.sampled_from([None, 1, 40, 600]))
    def mistreat(self, seconds: int | None) -> None:
        """The lanes lose what is deliverable, or deliver it later."""
        self.life.do(self.life.drop if seconds is None else lambda: self.life.put_off(seconds))

    @rule(broken=breaks)
    def sleep_over(self, broken: Break | None) -> None:
        self._must(self.life.sleep_over, broken)

    @rule(number=st.integers(0, 60))
    def repeat(self, number: int) -> None:
        self.life.do(lambda: self.life.repeat(number))

    @rule(broken=breaks)
    def sync(self, broken: Break | None) -> None:
        self._must(self.life.world.sync, broken)

    @rule(broken=breaks)
    def tidy(self, broken: Break | None) -> None:
        """What the lanes gave up is dealt with, and what has expired goes."""
        self._must(self.life.consume, broken)
        self.life.expire()

    @rule(seconds=st.sampled_from([-1, 0.2, 1, 5, 20, 60, 61, 300, 700, 1000, 4000]))
    def wait(self, seconds: float) -> None:
        """Time passes, or the clock of this machine is corrected."""
        self.life.world.clock.advance(seconds)

    # What is true

    @invariant()
    def holds(self) -> None:
        self.checks += 1
        check(self.life, number=self.checks)
        self._tell()

    def teardown(self) -> None:
        """Everybody comes to rest, and is then looked at once more."""
        life = self.life
        try:
            if not life.ledger.faults:
                self._come_to_rest()
                self._tell()
        finally:
            tally = type(self).tally
            for name, number in (
                ("lives", 1),
                ("steps", life.steps),
                ("broken steps", life.broken),
                ("jobs", len(life.ledger.jobs)),
                ("attempts", len(life.ledger.records)),
                ("writes", life.ledger.writes),
            ):
                tally[name] = tally.get(name, 0) + number
            self._context.__exit__(None, None, None)

    def _come_to_rest(self) -> None:
        life = self.life
        resume_everything(life)
        life.settle_down(LONG_ENOUGH)
        check(life, number=self.checks)
        check_at_rest(life)
        for told in unfinished(life):
            life.ledger.fault(f"occurrence {told} has ended without an end")

    # How it is said

    def has_room(self) -> bool:
        """Whether the life is still small enough to be looked at whole after each step."""
        return len(self.life.ledger.jobs) < MOST_JOBS

    def _job(self, number: int) -> Job:
        jobs = self.life.jobs()
        return jobs[number % len(jobs)]

    def _must(self, deed: Callable[[], Any], broken: Break | None) -> None:
        refused = self.life.do(deed, broken)
        if refused is not None:
            self.life.ledger.fault(f"was refused: {refused}")

    def _must_not(self, deed: Callable[[], Any], broken: Break | None, what: str) -> None:
        times = self.life.broken
        if self.life.do(deed, broken) is None and self.life.broken == times:
            self.life.ledger.fault(f"was not refused: {what}")

    def _expect_status(self, read: Job, action: JobAction, broken: Break | None) -> None:
        after = self.life.ledger.jobs[read.key]
        if broken is None and after.status not in BECOMES[action]:
            self.life.ledger.fault(f"{action} of {read.status} job {read.job_id} made it {after.status}")

    def _tell(self) -> None:
        faults = self.life.ledger.faults
        assert not faults, "; ".join(faults[:3])
