"""Quotas where answers are lost or many come at once, on both engines."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Answer, Client, accounts_of, new_api, services_of
from tests.integration.test_api_passwords import mails, token_of
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, CreatedJob, NewJob
from tickwell.domain.account import Principal, Role
from tickwell.domain.errors import AttemptFailedError, QuotaExceededError, TickwellError, UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.quota import QuotaName

JOBS, LETTERS = "/api/v1/jobs", "/api/v1/dead-letters"
JOB = {"name": "a job", "delay_seconds": 3600}
KEY = {"Idempotency-Key": "k"}


class LostAnswers:
    """A job store that writes and then says that it could not, as long as it is ``breaking``."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.breaking = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create(self, job: Job) -> None:
        self._inner.create(job)
        self._break()

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        created: Sequence[bool] = self._inner.create_many(jobs)
        self._break()
        return created

    def _break(self) -> None:
        if self.breaking:
            raise UnavailableError("store", "the answer was lost")


def fail(*_: Any) -> None:
    raise AttemptFailedError("BROKEN", "broke", retryable=False)


def twice(
    world: World, jobs: LostAnswers, client: Client, send: tuple[str, Any], *, between: int
) -> tuple[Answer, Answer]:
    """The request, whose answer is lost, and its repetition when the quota of jobs has become ``between``."""
    path, body = send
    jobs.breaking = True
    first = client("POST", path, body, headers=KEY)
    jobs.breaking = False
    tenant_id = client("GET", "/api/v1/organization").data["id"]
    world.quotas.store.change(tenant_id, {QuotaName.JOBS: between})
    world.clock.advance(61)  # the hold on the key has ended, and so has what is remembered
    return first, client("POST", path, body, headers=KEY)


@pytest.fixture
def lost(build: Build) -> tuple[World, LostAnswers, Client]:
    world = build(fail)
    jobs = LostAnswers(world.core.jobs)
    services = services_of(world, jobs=jobs)
    return world, jobs, new_api("asgi", world, services=services).user()


def test_a_job_whose_answer_was_lost_is_not_refused_afterwards(lost: tuple[World, LostAnswers, Client]) -> None:
    first, again = twice(*lost, (JOBS, JOB), between=0)
    assert (first.status, again.status) == (503, 201)
    (job,) = lost[2]("GET", JOBS).data["jobs"]
    assert job["id"] == again.data["id"]


def test_a_batch_whose_answer_was_lost_is_not_refused_afterwards(lost: tuple[World, LostAnswers, Client]) -> None:
    first, again = twice(*lost, (f"{JOBS}/batch", {"jobs": [JOB, {**JOB, "tags": ["x"]}]}), between=0)
    assert (first.data["failed"], again.data["created"]) == (2, 2)
    assert [result["data"]["tags"] for result in again.data["results"]] == [[], ["x"]]
    assert len(lost[2]("GET", JOBS).data["jobs"]) == 2


def test_a_batch_that_has_room_for_a_part_of_its_repetition_is_answered_whole(
    lost: tuple[World, LostAnswers, Client],
) -> None:
    _, again = twice(*lost, (f"{JOBS}/batch", {"jobs": [JOB] * 4}), between=1)
    assert again.data["created"] == 4
    assert len(lost[2]("GET", JOBS).data["jobs"]) == 4


def test_a_retried_dead_letter_whose_answer_was_lost_is_not_refused_afterwards(
    lost: tuple[World, LostAnswers, Client],
) -> None:
    world, _, client = lost
    assert client("POST", JOBS, {"name": "breaks", "task": "probe"}).status == 201
    world.work()
    (letter,) = client("GET", LETTERS).data["dead_letters"]
    first, again = twice(*lost, (f"{LETTERS}/{letter['id']}/retry", None), between=0)
    assert (first.status, again.status) == (503, 201)
    assert len(client("GET", JOBS).data["jobs"]) == 2


def test_an_invitation_whose_mail_was_not_sent_is_not_refused_afterwards(build: Build) -> None:
    world = build()
    owner = _registered(world)
    broken = replace(accounts_of(world), mails=_NoMails()).invitations(world.quotas)
    working = accounts_of(world).invitations(world.quotas)
    now = world.clock.now()
    with pytest.raises(UnavailableError), world.core.ids.derived("seed", now):
        broken.invite(owner, email="grace@example.com", role=Role.MEMBER)
    world.quotas.store.change(owner.tenant_id, {QuotaName.MEMBERS: 0})
    with world.core.ids.derived("seed", now):
        made = working.invite(owner, email="grace@example.com", role=Role.MEMBER)
    assert working.all(owner) == [made]
    with pytest.raises(QuotaExceededError), world.core.ids.derived("another", now):
        working.invite(owner, email="grace@example.com", role=Role.MEMBER)


def _registered(world: World) -> Principal:
    user = accounts_of(world).register()("ada@example.com", PASSWORD).user
    return Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=user.role)


class _NoMails:
    """A queue of mails that takes none."""

    def __getattr__(self, name: str) -> Any:
        raise UnavailableError("lane", name)


def test_a_job_that_an_earlier_try_made_takes_no_second_place(build: Build) -> None:
    world = build()
    world.quotas.store.change(ADA.tenant_id, {QuotaName.JOBS: 3})
    begun_at = world.clock.now()
    for _ in range(5):
        with world.core.ids.derived("seed", begun_at):
            world.create(schedule=After(delay_seconds=3600))
        world.clock.advance(0.5)
    assert len(world.listed()) == 1
    for _ in range(2):
        world.create(schedule=After(delay_seconds=3600))
    with pytest.raises(QuotaExceededError):
        world.create(schedule=After(delay_seconds=3600))


def test_jobs_of_a_batch_that_an_earlier_try_made_take_no_second_places(build: Build) -> None:
    world = build()
    world.quotas.store.change(ADA.tenant_id, {QuotaName.JOBS: 6})
    batch = [NewJob(name="a job", schedule=After(delay_seconds=3600))] * 2
    begun_at = world.clock.now()
    for _ in range(3):
        with world.core.ids.derived("seed", begun_at):
            outcomes = world.create_many(ADA, batch)
        assert all(isinstance(outcome, CreatedJob) for outcome in outcomes)
        world.clock.advance(0.5)
    outcomes = world.create_many(ADA, batch * 3)
    assert [isinstance(outcome, CreatedJob) for outcome in outcomes] == [True] * 4 + [False] * 2
    assert len(world.listed()) == 6


def test_threads_of_one_process_never_go_beyond(build: Build) -> None:
    """At the very end one may be refused that there was room for: what is being written may be counted twice."""
    world = build()
    world.quotas.store.change(ADA.tenant_id, {QuotaName.JOBS: 25})

    def create(_: int) -> bool:
        try:
            world.create(schedule=After(delay_seconds=3600))
        except QuotaExceededError:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        accepted = sum(threads.map(create, range(60)))
    assert 25 - 4 < accepted <= 25
    assert len(world.listed()) == accepted


def test_of_many_who_accept_at_once_only_as_many_join_as_there_are_places(build: Build, tmp_path: Path) -> None:
    world = build()
    owner = _registered(world)
    invitations = accounts_of(world).invitations(world.quotas)
    for number in range(4):
        invitations.invite(owner, email=f"user-{number}@example.com", role=Role.MEMBER)
    tokens = [token_of(text) for _, text in mails(new_api("asgi", world), tmp_path)]
    world.quotas.store.change(owner.tenant_id, {QuotaName.MEMBERS: 3})
    together = threading.Barrier(4)

    def accept(token: str) -> TickwellError | None:
        together.wait(timeout=30)
        try:
            invitations.accept(token, PASSWORD)
        except TickwellError as error:
            return error
        return None

    with ThreadPoolExecutor(4) as threads:
        errors = [error for error in threads.map(accept, tokens) if error is not None]
    assert len(world.members.members(owner.tenant_id)) == 3
    assert [error.code for error in errors] == ["QUOTA_EXCEEDED"] * 2
    assert len(world.members.invitations(owner.tenant_id)) == 2
