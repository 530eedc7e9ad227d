"""The bad cloud itself: its faults are what the SDK meets, and its trial finds what it is there to find."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from threading import Timer
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.chaos.cloud.clock import CloudClock, SideBySide, put_in_place
from tests.chaos.cloud.faults import Fault
from tests.chaos.cloud.platform import Cloud, StoppedError
from tests.chaos.cloud.trial import Attempts, figures_of, living
from tests.chaos.cloud.wire import Outage, Wire
from tests.chaos.cloud.work import Client
from tests.contract.queue_engines import REGION
from tests.doubles import NOON
from tests.function_stack import http_event, open_stack
from tests.quiet import quiet
from tickwell.adapters.aws.dynamodb.due import LONGEST_READ, DynamoDueItems
from tickwell.adapters.aws.errors import service_errors
from tickwell.bootstrap.aws import clients
from tickwell.domain.due import DueItem, DuePosition, due_item
from tickwell.domain.errors import UnavailableError
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage

NO_EFFECT = frozenset(
    {
        Fault.THROTTLED,
        Fault.BROKEN,
        Fault.NOT_THE_SERVICE,
        Fault.REFUSED,
        Fault.CONNECT_TIMEOUT,
        Fault.LOST_RESET,
        Fault.LOST_TIMEOUT,
    }
)
SECONDS = {Fault.CONNECT_TIMEOUT: (2, 3.1), Fault.LOST_TIMEOUT: (6, 7.1), Fault.UNSEEN_TIMEOUT: (6, 7.1)}


@pytest.fixture
def clock(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CloudClock]:  # noqa: ARG001 - an account must be there
    made = CloudClock(NOON)
    put_in_place(made, monkeypatch)
    clients.forget_clients()
    yield made
    clients.forget_clients()


@pytest.fixture
def wire(clock: CloudClock, monkeypatch: pytest.MonkeyPatch) -> Wire:
    made = Wire(clock, seed=1, share=0.0)
    made.put_in_place(monkeypatch)
    return made


def out(wire: Wire, service: str, fault: Fault) -> None:
    wire.outages = [Outage(service=service, fault=fault, from_ms=0, until_ms=2**60)]


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "s3", "scheduler", "sesv2", "secretsmanager"])
def test_every_fault_is_unavailability_and_is_met_again_within_the_budget(
    clock: CloudClock, wire: Wire, service: str
) -> None:
    call = calls()[service]
    for fault in set(Fault) - {Fault.IN_PART, Fault.CUT_SHORT}:
        out(wire, "secrets-manager" if service == "secretsmanager" else service, fault)
        wire.ledger.calls.clear()
        began = clock.elapsed_seconds
        with wire.exposed("api"), nullcontext() if fault is Fault.SLOW else pytest.raises(UnavailableError):
            call()
        (made,) = wire.ledger.calls.values()
        assert made.attempts == (1 if fault is Fault.SLOW or service == "sesv2" else 2)
        assert not made.is_beyond_budget
        low, high = SECONDS.get(fault, (0, 4)) if service != "sesv2" else (0, 31)
        assert low <= clock.elapsed_seconds - began <= high


def calls() -> dict[str, Callable[[], object]]:
    """One call to each service, with the product's clients and its translation of errors."""
    operations = {
        "dynamodb": "list_tables",
        "sqs": "list_queues",
        "s3": "list_buckets",
        "scheduler": "list_schedule_groups",
        "sesv2": "list_email_identities",
        "secretsmanager": "list_secrets",
    }

    def call(service: str, operation: str) -> None:
        with service_errors(service):
            getattr(clients.client(service), operation)()

    return {service: partial(call, service, operation) for service, operation in operations.items()}


def test_a_fault_takes_effect_or_not_as_its_name_says(wire: Wire) -> None:
    sqs = boto3.client("sqs", region_name=REGION)
    for number, fault in enumerate([Fault.UNSEEN_RESET, Fault.UNSEEN_TIMEOUT, Fault.BROKEN_AFTERWARDS, *NO_EFFECT]):
        url = sqs.create_queue(QueueName=f"q{number}")["QueueUrl"]
        out(wire, "sqs", fault)
        with wire.exposed("api"), pytest.raises(UnavailableError), service_errors("sqs"):
            clients.client("sqs").send_message(QueueUrl=url, MessageBody="x")
        assert clients.open_job_queue(url).depth().waiting == (0 if fault in NO_EFFECT else 2), "the SDK sent it twice"


def test_a_body_that_is_cut_short_is_not_taken_for_a_whole_one(wire: Wire) -> None:
    location = {"LocationConstraint": REGION}
    boto3.client("s3", region_name=REGION).create_bucket(Bucket="blobs", CreateBucketConfiguration=location)  # type: ignore[arg-type]
    blobs = clients.open_blobs("blobs")
    blobs.put("tenants/a/x", b"1234", content_type="text/plain")
    out(wire, "s3", Fault.CUT_SHORT)
    with wire.exposed("api"), pytest.raises(UnavailableError, match="IncompleteRead"):
        blobs.get("tenants/a/x")


def test_what_runs_side_by_side_takes_its_time_side_by_side(clock: CloudClock) -> None:
    side_by_side = SideBySide(clock)
    futures = [side_by_side.submit(clock.wait, seconds) for seconds in (3, 7, 5)]
    assert clock.elapsed_seconds == 0
    for future in futures:
        future.result()
    assert clock.elapsed_seconds == 7


def test_a_request_that_is_under_way_does_not_wait_for_what_others_ask_the_table(clock: CloudClock) -> None:
    here, there = socket.socketpair()

    async def answer() -> bytes:
        reader, writer = await asyncio.open_connection(sock=here)
        try:
            return await asyncio.wait_for(reader.readline(), 10)
        finally:
            writer.close()

    async def attempts() -> Any:
        asked = [asyncio.to_thread(*each) for each in ((clock.wait, 20), (clock.wait, 25), (int, "x"))]
        return await asyncio.gather(answer(), *asked, return_exceptions=True)

    sending = Timer(0.1, there.sendall, [b"here\n"])
    sending.start()
    line, *_, error = asyncio.run(attempts())
    assert (line, type(error)) == (b"here\n", ValueError)
    assert clock.elapsed_seconds == 25
    there.close()


def test_a_loop_that_ends_waits_for_its_threads(clock: CloudClock) -> None:
    async def left() -> None:
        asyncio.get_running_loop().run_in_executor(None, clock.wait, 7)

    asyncio.run(left())
    assert clock.elapsed_seconds == 7


def test_a_function_that_outlives_its_timeout_is_stopped(
    clock: CloudClock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stack(monkeypatch) as stack:
        cloud = Cloud(stack, clock, wire, seed=1)
        stack.send("dispatch", "{}")
        monkeypatch.setattr("tickwell.application.dispatch.send_to_lanes", lambda *_, **__: clock.wait(61))
        with pytest.raises(StoppedError):
            cloud.invoke("dispatcher", stack.event("dispatch"))
        assert cloud.seen.longest["dispatcher"] > 60


def test_nothing_is_begun_that_might_outlive_the_end(clock: CloudClock, wire: Wire) -> None:
    call = calls()["dynamodb"]
    out(wire, "dynamodb", Fault.LOST_TIMEOUT)
    with wire.exposed("api"), clients.calls_end_before(clock.now() + timedelta(seconds=7)):
        with pytest.raises(UnavailableError, match="no time is left"):
            call()
        assert (wire.ledger.attempts, clock.elapsed_seconds < 4) == (1, True), "a second try might have taken too long"
    with wire.exposed("api"), pytest.raises(UnavailableError, match="ReadTimeout"):
        call()


def test_a_request_is_answered_in_time_by_a_table_that_is_slow(
    clock: CloudClock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_stack(monkeypatch) as stack:
        cloud = Cloud(stack, clock, wire, seed=1)
        token = stack.register()
        monkeypatch.setattr("tests.chaos.cloud.faults.SLOWEST", 1.0)
        monkeypatch.setattr("tests.chaos.cloud.faults.SLOW", 1.0)
        wire.outages = [
            Outage(service=name, fault=Fault.SLOW, from_ms=0, until_ms=2**60) for name in ("dynamodb", "sqs")
        ]
        headers = {"authorization": f"Bearer {token}", "idempotency-key": "a"}
        jobs = {"jobs": [{"name": str(number)} for number in range(300)]}
        answer = cloud.invoke("api", http_event("POST", "/api/v1/jobs/batch", jobs, headers))
        assert answer["statusCode"] in {200, 503}
        assert 15 < cloud.seen.longest["api"] < 20


@pytest.mark.parametrize("seconds", [0.5, 1.0])
def test_a_safety_sync_ends_in_time_on_a_table_that_is_slow(
    clock: CloudClock, wire: Wire, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """A new stack looks back over an hour of each shard, minute by minute."""
    with open_stack(monkeypatch) as stack:
        cloud = Cloud(stack, clock, wire, seed=1)
        stack.register()
        monkeypatch.setattr("tests.chaos.cloud.faults.SLOWEST", seconds)
        monkeypatch.setattr("tests.chaos.cloud.faults.SLOW", seconds)
        out(wire, "dynamodb", Fault.SLOW)
        report = cloud.invoke("safety_sync", {})
    assert report["behind"] > 0
    assert report["unavailable"] == 0
    assert cloud.seen.longest["safety_sync"] < 200


def test_a_page_of_due_items_is_short_on_a_table_that_is_slow(
    clock: CloudClock, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = JobMessage(
        tenant_id="t", job_id="j", version=1, due_at=NOON, attempt=1, run_at=NOON, lane=Lane.LOW, recurring=False
    )
    item = due_item(message, now=NOON, direct_horizon=timedelta(minutes=15))
    position, until = DuePosition(look_at=NOON - timedelta(minutes=25)), NOON + timedelta(minutes=1)
    with open_stack(monkeypatch):
        due_items = DynamoDueItems(clients.open_table("tickwell"), clock)
        due_items.put([item])
        out(wire, "dynamodb", Fault.SLOW)
        found, complete = list[DueItem](), False
        while not complete:
            began = clock.now()
            with wire.exposed("safety_sync"):
                page = due_items.page(item.shard, after=position, until=until, limit=100)
            assert clock.now() - began < LONGEST_READ + timedelta(seconds=4)
            assert page.reached.look_at > position.look_at
            position, complete = page.reached, page.complete
            found += page.items
    assert found == [item]


def found(jobs: int, share: float = 0.2) -> set[str]:
    """The zeros of a short trial that are not 0."""
    with quiet(), living(seed=3, share=share, jobs=jobs, limit_seconds=300) as lived:
        figures = figures_of(lived, quiet_attempts=Attempts(per_job=1000, per_safety_sync=1000), seed=3)
    return {name for name, number in figures.zeros.items() if number}


def test_a_client_that_retries_without_a_budget_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    monkeypatch.setattr(clients, "_CONFIG", config)
    assert "calls beyond the budget" in found(1)


@pytest.mark.parametrize(
    ("times", "said"),
    [
        (Attempts(per_job=2.4, per_safety_sync=2.4), []),
        (Attempts(per_job=2.6, per_safety_sync=1.0), ["a job takes 2.6 times the attempts of a quiet wire"]),
        (
            Attempts(per_job=1.0, per_safety_sync=3.3),
            ["a run of the safety sync takes 3.3 times the attempts of a quiet wire"],
        ),
    ],
)
def test_a_storm_of_retries_is_found_in_the_jobs_and_in_the_safety_sync(times: Attempts, said: list[str]) -> None:
    assert times.beyond_budget() == said


def test_what_the_safety_sync_asks_for_while_nothing_happens_is_no_attempt_of_the_jobs() -> None:
    with quiet(), living(seed=3, share=0.0, jobs=2) as lived:
        before = lived.attempts
        lived.wire.ledger.attempts += 1000
        lived.wire.ledger.functions["safety_sync"] += 1000
    assert lived.attempts.per_job == before.per_job
    assert lived.attempts.per_safety_sync > before.per_safety_sync > 0


def test_a_timeout_that_no_adapter_translates_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.adapters.aws.errors.HTTPClientError", ZeroDivisionError)
    assert "unexpected errors" in found(3)


def test_a_request_that_makes_a_second_job_when_it_is_sent_again_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    send = Client._once

    def sent_again_under_another_key(
        client: Client, method: str, path: str, body: Any, headers: dict[str, str]
    ) -> tuple[int, Any]:
        send(
            client, method, path, body, {**headers, "idempotency-key": "another"} if path == "/api/v1/jobs" else headers
        )
        return send(client, method, path, body, headers)

    monkeypatch.setattr(Client, "_once", sent_again_under_another_key)
    assert "duplicated" in found(1, share=0.0)
