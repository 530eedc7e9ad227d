"""Messages that a lane gave up and that no dead letter of a tenant can speak of: the operator's dead letters."""

from dataclasses import replace
from typing import Any

import pytest

from tests.doubles import NOON
from tests.world import ADA, World
from tickwell.application.ports import Delivery, Outgoing
from tickwell.domain.dead_letter import OPERATOR_TENANT
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import JobMessage, Unreadable


def test_a_message_of_an_unknown_job_leaves_a_trace_with_the_operator(world: World) -> None:
    job = world.create()
    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    stranger = replace(delivery.message, job_id="unknown")
    consumed = world.core.consume_dead_letters()([replace(delivery, message=stranger, message_id="m-1"), delivery])
    assert (consumed.unknown, consumed.lost) == (1, 1)
    (letter,) = world.core.history.list_dead_letters(OPERATOR_TENANT, limit=10, cursor=None).items
    assert (letter.error_code, letter.job_id, letter.due_at) == ("UNKNOWN_JOB", "unknown", NOON)
    assert '"tenant_id": "tenant-ada"' in str(letter.body)


def test_a_stale_message_leaves_no_trace(world: World) -> None:
    job = world.create()
    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    world.lanes[job.lane].send([Outgoing(message=_readable(delivery), group="g")])
    world.work()
    world.change.delete(ADA, job.job_id)
    assert world.core.consume_dead_letters()([delivery]).unknown == 0
    assert world.core.history.list_dead_letters(OPERATOR_TENANT, limit=10, cursor=None).items == ()


@pytest.mark.parametrize(
    ("body", "job_id"), [('{"v": 9, "job": "job-1"}', "job-1"), ('{"job": 1}', None), ("[]", None), ("{", None)]
)
def test_an_unreadable_message_keeps_the_job_that_it_names(world: World, body: str, job_id: str | None) -> None:
    message: JobMessage | Unreadable = Unreadable(body=body, reason="?")
    unreadable = Delivery(message=message, message_id="m-1", receipt="r", receive_count=1)
    assert world.core.consume_dead_letters()([unreadable]).unreadable == 1
    (letter,) = world.core.history.list_dead_letters(OPERATOR_TENANT, limit=10, cursor=None).items
    assert (letter.body, letter.job_id) == (body, job_id)


def test_a_message_that_the_store_never_lets_be_claimed_leaves_a_trace_in_the_end(world: World) -> None:
    job = world.create()
    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    consume = world.core.consume_dead_letters()
    stubborn = replace(consume, claim_attempts=replace(consume.claim_attempts, jobs=_NoClaims(world.core.jobs)))
    with pytest.raises(UnavailableError):
        stubborn([delivery])
    consumed = stubborn([replace(delivery, receive_count=20)])
    assert (consumed.given_up, consumed.lost) == (1, 0)
    (letter,) = world.core.history.list_dead_letters(OPERATOR_TENANT, limit=10, cursor=None).items
    assert (letter.error_code, letter.job_id) == ("NOT_CLAIMABLE", job.job_id)


class _NoClaims:
    """A job store that takes no claim."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def claim_many(self, _claims: Any) -> Any:
        raise UnavailableError("store", "no")


def _readable(delivery: Delivery[JobMessage]) -> JobMessage:
    assert isinstance(delivery.message, JobMessage)
    return delivery.message
