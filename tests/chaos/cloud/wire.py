"""The wire between the SDK and the emulated services: where calls are counted, delayed, broken and refused.

It lies below the SDK, so that its retries, its timeouts and its reading of errors are the real ones.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from moto.core.botocore_stubber import BotocoreStubber

from tests.chaos.cloud.clock import CloudClock
from tests.chaos.cloud.faults import Attempt, Fault, drawn, suffered

MOST_ATTEMPTS: Final = {"sesv2": 1}
"""Of a call to a service; a mail whose answer was lost must not be sent by the SDK once more."""

USUAL_ATTEMPTS: Final = 2
LONGEST_CALL_SECONDS: Final = 20.0
"""A write must not outlive the 20 s that a due item may be ahead of its job (rule 1)."""

OUTAGE_MS: Final = 60_000
SLOWNESS_MS: Final = 300_000
OUTAGES_EACH_MS: Final = 300_000

_READ_SECONDS: Final = {"sesv2": 30.0}
_USUAL_READ_SECONDS: Final = 3.0


@dataclass(kw_only=True, slots=True)
class Call:
    """One call of the SDK with all its attempts."""

    name: str
    service: str
    began_ms: int
    ended_ms: int = 0
    attempts: int = 0

    @property
    def seconds(self) -> float:
        """From its first attempt to the end of its last one."""
        return (self.ended_ms - self.began_ms) / 1000

    @property
    def is_beyond_budget(self) -> bool:
        """Whether it was sent more often than it may be, or took too long."""
        too_long = self.service not in MOST_ATTEMPTS and self.seconds > LONGEST_CALL_SECONDS
        return too_long or self.attempts > MOST_ATTEMPTS.get(self.service, USUAL_ATTEMPTS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outage:
    """From ``from_ms`` to ``until_ms`` each call to ``service`` meets ``fault``."""

    service: str
    fault: Fault
    from_ms: int
    until_ms: int

    def reaches(self, service: str, at_ms: int) -> bool:
        """Whether a call to ``service`` meets it then."""
        return service == self.service and self.from_ms <= at_ms < self.until_ms


@dataclass(kw_only=True, slots=True)
class Ledger:
    """What went over the wire."""

    calls: dict[str, Call] = field(default_factory=dict)
    attempts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    services: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    """The attempts, by the function that made them."""

    def beyond_budget(self) -> list[Call]:
        """Calls that were sent too often, or took too long."""
        return [call for call in self.calls.values() if call.is_beyond_budget]

    def longest_seconds(self) -> float:
        """Of all calls but those that send mails, which wait longer for their answer."""
        return max((call.seconds for call in self.calls.values() if call.service not in MOST_ATTEMPTS), default=0.0)


class Wire:
    """``share`` of the attempts meet a fault, within ``exposed`` only: what Lambda itself asks for is not ours."""

    def __init__(self, clock: CloudClock, *, seed: int, share: float) -> None:
        self.ledger = Ledger()
        self.share = share
        self.outages: list[Outage] = []
        self._clock = clock
        self._chance = random.Random(f"wire {seed}")
        self._function: str | None = None
        self._is_quiet = False

    @contextmanager
    def exposed(self, function: str) -> Iterator[None]:
        """Inside the block, in which ``function`` runs, faults may happen, and calls are counted."""
        self._function = function
        try:
            yield
        finally:
            self._function = None

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Inside the block nothing goes wrong, and nothing is counted, whoever asks."""
        self._is_quiet = True
        try:
            yield
        finally:
            self._is_quiet = False

    def plan_outages(self, count: int) -> None:
        """So many, one after the other, each of another service: a minute, or five of a service that is only slow."""
        faults = (Fault.THROTTLED, Fault.BROKEN, Fault.LOST_TIMEOUT, Fault.REFUSED, Fault.SLOW)
        services = ("dynamodb", "sqs", "s3", "scheduler", "sesv2", "secrets-manager")
        first = self._chance.randrange(len(services))
        for number in range(count):
            fault = self._chance.choice(faults)
            early_ms = self._chance.randrange(OUTAGES_EACH_MS // 2)
            from_ms = self._clock.epoch_ms + (number + 1) * OUTAGES_EACH_MS - early_ms
            until_ms = from_ms + (SLOWNESS_MS if fault is Fault.SLOW else OUTAGE_MS)
            service = services[(first + number) % len(services)]
            self.outages.append(Outage(service=service, fault=fault, from_ms=from_ms, until_ms=until_ms))

    def put_in_place(self, patch: pytest.MonkeyPatch) -> None:
        """Between the SDK and moto."""
        real = BotocoreStubber.__call__

        def carried(stubber: BotocoreStubber, event_name: str, request: AWSPreparedRequest, **rest: Any) -> Any:
            def serve() -> AWSResponse:
                answer = real(stubber, event_name, request, **rest)
                assert answer is not None
                return answer

            is_ours = self._function is not None and not self._is_quiet
            return self._carry(event_name, request, serve) if is_ours else serve()

        patch.setattr(BotocoreStubber, "__call__", carried)

    def _carry(self, event_name: str, request: AWSPreparedRequest, serve: Callable[[], AWSResponse]) -> AWSResponse:
        _, service, operation = event_name.split(".")
        attempt = Attempt(
            service=service,
            operation=operation,
            request=request,
            read_seconds=_READ_SECONDS.get(service, _USUAL_READ_SECONDS),
        )
        call = self._call(attempt)
        try:
            self._clock.wait(self._chance.uniform(0.003, 0.03))
            fault = self._fault(attempt)
            if fault is None:
                return serve()
            self.ledger.faults[fault] += 1
            return suffered(fault, attempt, serve, chance=self._chance, wait=self._clock.wait)
        finally:
            call.ended_ms = self._clock.epoch_ms

    def _fault(self, attempt: Attempt) -> Fault | None:
        for outage in self.outages:
            if outage.reaches(attempt.service, self._clock.epoch_ms):
                return outage.fault
        return drawn(attempt, self._chance) if self._chance.random() < self.share else None

    def _call(self, attempt: Attempt) -> Call:
        """The call that ``attempt`` belongs to: the SDK names it in each of them."""
        name: Any = attempt.request.headers["amz-sdk-invocation-id"]
        made = Call(name=attempt.operation, service=attempt.service, began_ms=self._clock.epoch_ms)
        call = self.ledger.calls.setdefault(str(name), made)
        call.attempts += 1
        self.ledger.attempts += 1
        self.ledger.services[attempt.service] += 1
        self.ledger.functions[str(self._function)] += 1
        return call
