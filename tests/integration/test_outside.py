"""Attempts that go on outside of any worker (X10), rule by rule, on both engines."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.outside import BROKEN, HOUR, Bearer, Elsewhere, handed_on
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import Every
from tickwell.domain.completion import completion_token
from tickwell.domain.errors import AttemptEndedError, NotFoundError, UnauthenticatedError
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.retry import Cancelled, Overlap, RetryPolicy, RetryStrategy

MINUTE = timedelta(minutes=1)
AT_ONCE = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1)


class Died(BaseException):
    """The process is gone."""


def statuses(world: World, job: Job) -> list[str]:
    return [execution.status.value for execution in world.executions(job)]


def recorded(world: World, execution_id: str) -> Execution:
    found = world.read.execution(ADA, execution_id).execution
    assert isinstance(found, Execution)
    return found


def test_the_worker_is_free_and_the_attempt_runs_on(build: Build) -> None:
    world, job, _ = handed_on(build)
    world.live(50 * MINUTE)
    stored = world.job(job)
    assert stored.state(world.clock.now()) is JobState.RUNNING
    assert stored.slot is not None
    assert stored.slot.outside is not None
    assert statuses(world, job) == []


def test_whoever_has_the_token_completes_it(build: Build) -> None:
    world, job, bearer = handed_on(build, Elsewhere(says="handed on"), timeout_seconds=60)
    world.live(20 * MINUTE)
    bearer.complete({"frames": 1200})
    (execution,) = world.executions(job)
    assert (execution.status, execution.output) == (ExecutionStatus.SUCCESS, {"frames": 1200})
    assert [entry.message for entry in recorded(world, execution.execution_id).logs] == ["handed on"]
    assert execution.duration_ms == execution.outside_ms == 20 * 60 * 1000
    stored = world.job(job)
    assert (stored.status, stored.slot, stored.tally.successful) == (JobStatus.COMPLETED, None, 1)
    assert world.blobs.list("tenants/tenant-ada/executions/", after="", limit=10) == []


def test_a_large_output_goes_where_outputs_go(build: Build) -> None:
    world, job, bearer = handed_on(build)
    bearer.complete("x" * 300_000)
    (execution,) = world.executions(job)
    assert execution.detail_blob is not None
    assert recorded(world, execution.execution_id).output == "x" * 300_000


def test_who_says_it_twice_is_answered_alike(build: Build) -> None:
    world, job, bearer = handed_on(build)
    first = bearer.complete("done")
    world.clock.advance(5)
    again = bearer.complete("done again")
    assert (again.output, again.finished_at) == (first.output, first.finished_at)
    with pytest.raises(AttemptEndedError, match="success"):
        bearer.fail()
    with pytest.raises(AttemptEndedError, match="success"):
        bearer.heartbeat()
    assert world.job(job).tally.executions == 1


def test_what_fails_outside_is_retried_by_policy_with_a_token_of_its_own(build: Build) -> None:
    elsewhere = Elsewhere()
    world, job, first = handed_on(build, elsewhere, max_retries=1, retry=AT_ONCE)
    first.fail()
    world.live(MINUTE)
    second = Bearer(world, *elsewhere.given[-1])
    assert second.token != first.token
    with pytest.raises(AttemptEndedError, match="failed"):
        first.complete()
    with pytest.raises(NotFoundError):
        replace(first, execution_id=second.execution_id).complete()
    second.fail()
    world.live(MINUTE)
    assert statuses(world, job) == ["failed", "failed"]
    assert world.job(job).status is JobStatus.FAILED
    (letter,) = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (letter.error_code, letter.error_message) == (BROKEN.code, BROKEN.message)


def test_a_failure_that_retrying_cannot_cure_ends_the_occurrence(build: Build) -> None:
    world, job, bearer = handed_on(build, max_retries=3)
    bearer.fail(retryable=False)
    assert statuses(world, job) == ["failed"]
    assert world.job(job).status is JobStatus.FAILED


def test_what_was_logged_stands_in_the_record_of_a_timeout(build: Build) -> None:
    world, job, _ = handed_on(build, Elsewhere(timeout_seconds=30, says="handed on"), max_retries=0)
    world.live(11 * MINUTE)
    (execution,) = world.executions(job)
    assert execution.status is ExecutionStatus.TIMEOUT
    assert [entry.message for entry in recorded(world, execution.execution_id).logs] == ["handed on"]


@pytest.mark.parametrize("seconds", [5, 600, 5 * 3600])
@pytest.mark.parametrize("limit_seconds", [30, 3600])
def test_what_is_silent_for_too_long_has_timed_out(build: Build, seconds: int, limit_seconds: int) -> None:
    elsewhere = Elsewhere(timeout_seconds=seconds)
    world, job, bearer = handed_on(build, elsewhere, timeout_seconds=limit_seconds, max_retries=1, retry=AT_ONCE)
    world.live(timedelta(seconds=seconds), step=timedelta(seconds=max(2, seconds // 20)))
    assert statuses(world, job) == []
    world.live(11 * MINUTE, step=timedelta(seconds=20))
    assert statuses(world, job)[0] == "timeout"
    assert len(elsewhere.given) >= 2
    with pytest.raises(AttemptEndedError, match="timeout"):
        bearer.complete()


def test_a_short_silence_is_noticed_without_the_safety_sync(build: Build) -> None:
    world, job, _ = handed_on(build, Elsewhere(timeout_seconds=60), timeout_seconds=600, max_retries=0)
    for _ in range(16):
        world.clock.advance(5)
        world.work()
    (execution,) = world.executions(job)
    assert execution.status is ExecutionStatus.TIMEOUT
    assert execution.failure is not None
    assert execution.failure.message == "nothing was heard of the work outside for 60 s"
    assert timedelta(seconds=65) <= execution.finished_at - execution.started_at <= timedelta(seconds=75)


def test_signs_of_life_keep_it_and_tell_how_far_it_is(build: Build) -> None:
    world, job, bearer = handed_on(build, Elsewhere(timeout_seconds=60), max_retries=0)
    for percent in range(20):
        world.live(timedelta(seconds=50), step=timedelta(seconds=10))
        assert bearer.heartbeat(percent) == world.clock.now() + timedelta(seconds=60)
    slot = world.job(job).slot
    assert slot is not None
    assert slot.progress is not None
    assert slot.progress.percent == 19
    world.live(2 * MINUTE, step=timedelta(seconds=10))
    assert statuses(world, job) == ["timeout"]


@pytest.mark.parametrize("ending", ["cancel", "delete"])
def test_ending_the_job_ends_it_at_once(build: Build, ending: str) -> None:
    world, job, bearer = handed_on(build, max_retries=3)
    changed = getattr(world.change, ending)(ADA, job.job_id)
    assert changed.slot is None
    (execution,) = world.executions(job)
    assert (execution.status, execution.decision) == (ExecutionStatus.CANCELLED, Cancelled())
    assert world.job(job).slot is None
    for say in (bearer.heartbeat, bearer.complete, bearer.fail):
        with pytest.raises(AttemptEndedError, match="cancelled"):
            say()
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


def test_a_cancellation_that_died_halfway_is_made_up_by_the_sync(build: Build) -> None:
    def die(_jobs: Any) -> Any:
        raise Died

    world, job, bearer = handed_on(build, Elsewhere(timeout_seconds=5 * 3600), timeout_seconds=60)
    world.live(5 * MINUTE)
    recover: Any = die
    with pytest.raises(Died):
        replace(world.change, recover=recover).cancel(ADA, job.job_id)
    assert world.job(job).slot is not None
    world.clock.advance(31)
    world.sync()
    assert statuses(world, job) == ["cancelled"]
    with pytest.raises(AttemptEndedError, match="cancelled"):
        bearer.heartbeat()


def test_a_sign_of_life_ends_what_a_cancellation_left(build: Build) -> None:
    world, job, bearer = handed_on(build)
    cancelled = world.job(job).cancel(world.clock.now(), expires_at=world.clock.now() + 24 * HOUR)
    assert world.core.jobs.replace(cancelled, read=world.job(job))
    with pytest.raises(AttemptEndedError, match="cancelled"):
        bearer.heartbeat()
    assert statuses(world, job) == ["cancelled"]


def test_a_newer_occurrence_takes_its_place_at_once(build: Build) -> None:
    elsewhere = Elsewhere()
    world = build(elsewhere)
    job = world.create(task="probe", schedule=Every(seconds=600), overlap=Overlap.CANCEL_OTHER)
    world.live(12 * MINUTE)
    world.live(10 * MINUTE)
    assert statuses(world, job)[0] == "cancelled"
    assert len(elsewhere.given) == 2
    Bearer(world, *elsewhere.given[1]).complete()
    assert statuses(world, job) == ["cancelled", "success"]


def test_a_pause_lets_it_go_on(build: Build) -> None:
    world = build(elsewhere := Elsewhere())
    job = world.create(task="probe", schedule=Every(seconds=600))
    world.live(11 * MINUTE)
    world.change.pause(ADA, job.job_id)
    Bearer(world, *elsewhere.given[0]).complete()
    assert statuses(world, job) == ["success"]
    assert world.job(job).status is JobStatus.PAUSED


@pytest.mark.parametrize("say", ["complete", "fail"])
def test_it_may_be_ended_before_its_worker_has_let_go(build: Build, say: str) -> None:
    worlds: list[World] = []

    def probe(_payload: Any, context: Any) -> Any:
        getattr(Bearer(worlds[0], context.execution_id, context.completion_token), say)()
        return context.pending(timeout_seconds=60)

    worlds.append(build(probe))
    job = worlds[0].create(task="probe", max_retries=0)
    worlds[0].live(20 * MINUTE)
    assert statuses(worlds[0], job) == ["success" if say == "complete" else "failed"]
    assert worlds[0].job(job).slot is None


def test_it_may_be_alive_before_its_worker_has_let_go(build: Build) -> None:
    worlds: list[World] = []

    def probe(_payload: Any, context: Any) -> Any:
        assert Bearer(worlds[0], context.execution_id, context.completion_token).heartbeat(10) is None
        return context.pending(timeout_seconds=3600)

    worlds.append(build(probe))
    job = worlds[0].create(task="probe", timeout_seconds=60)
    worlds[0].live(20 * MINUTE)
    assert worlds[0].job(job).slot is not None


def test_a_job_that_was_cancelled_before_its_worker_lets_go_ends_then(build: Build) -> None:
    worlds: list[World] = []

    def probe(_payload: Any, context: Any) -> Any:
        worlds[0].change.cancel(ADA, context.job_id)
        return context.pending(timeout_seconds=3600)

    worlds.append(build(probe))
    job = worlds[0].create(task="probe")
    worlds[0].work()
    assert statuses(worlds[0], job) == ["cancelled"]
    assert worlds[0].job(job).slot is None


def test_a_task_that_succeeds_although_its_worker_was_told_hands_on(build: Build) -> None:
    world, job, bearer = handed_on(build)
    assert bearer.complete().status is ExecutionStatus.SUCCESS
    assert world.job(job).status is JobStatus.COMPLETED


@pytest.mark.parametrize(
    "token",
    [
        "nonsense",
        completion_token(ADA.tenant_id, "another claim"),
        completion_token("tenant-of-nobody", "another claim"),
        f"T#{ADA.tenant_id}.secret",
    ],
)
def test_a_wrong_token_finds_nothing(build: Build, token: str) -> None:
    world, job, bearer = handed_on(build)
    stranger = replace(bearer, token=token)
    for say in (stranger.heartbeat, stranger.complete, stranger.fail):
        with pytest.raises(NotFoundError) as refused:
            say()
        assert str(refused.value) == f"no execution {bearer.execution_id}"
    with pytest.raises(UnauthenticatedError):
        replace(bearer, token="").complete()
    with pytest.raises(NotFoundError):
        replace(bearer, execution_id="nonsense").complete()
    assert statuses(world, job) == []


def test_another_tenant_cannot_borrow_a_token(build: Build) -> None:
    _, _, bearer = handed_on(build)
    secret = bearer.token.rpartition(".")[2]
    with pytest.raises(NotFoundError):
        replace(bearer, token=f"tenant-bob.{secret}").complete()


def test_it_keeps_its_permit_and_gives_it_back(build: Build) -> None:
    elsewhere = Elsewhere(timeout_seconds=5 * 3600)
    world = build(elsewhere)
    world.queue(concurrency=1)
    first, second = (world.create(task="probe", queue="images") for _ in range(2))
    world.live(2 * HOUR, step=10 * MINUTE)
    assert len(elsewhere.given) == 1
    assert world.job(second).state(world.clock.now()) is JobState.WAITING
    holder = Bearer(world, *elsewhere.given[0])
    holder.heartbeat()
    world.live(4 * HOUR, step=10 * MINUTE)
    assert len(elsewhere.given) == 1
    holder.complete()
    world.work()
    assert statuses(world, first) == ["success"]
    assert len(elsewhere.given) == 2


def test_a_token_is_masked_where_its_task_logs_it(build: Build) -> None:
    def probe(_payload: Any, context: Any) -> Any:
        context.log("info", f"handed {context.completion_token} on")
        tokens.append((context.execution_id, context.completion_token))
        return context.pending(timeout_seconds=60)

    tokens: list[tuple[str, str]] = []
    world = build(probe)
    world.create(task="probe")
    world.work()
    Bearer(world, *tokens[0]).complete()
    assert [entry.message for entry in recorded(world, tokens[0][0]).logs] == ["handed *** on"]
