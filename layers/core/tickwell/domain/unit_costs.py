"""What each activity costs on AWS, in units: figures of the meter (``tests/meter``), which holds this table to its own.

Twice: ``alone`` is sparse traffic, where each job has its own request and its own batch everywhere; ``batched`` is
full batches: a hundred jobs created in a request, ten in a message batch, ten in an invocation of the worker, a hundred
in a batch of the stream. What a deployment pays lies between the two.

``UNIT_COSTS`` is what is done for the job itself. ``SHARED`` is its part of what is done for many at once: counting
from the stream, and what processes remember for some seconds (queues, stops, quotas). What the safety sync does each
minute in any case is in neither.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tickwell.domain.counts import ExecutionCell
from tickwell.domain.lane import Lane
from tickwell.domain.prices import Units
from tickwell.domain.usage import Activity, QueueUsage, Usage

_MB = 1 / 1024
MEMORY_GB: Final[Mapping[Lane, float]] = {lane: 2048 * _MB if lane is Lane.HEAVY else 512 * _MB for lane in Lane}
"""The memory of each lane's worker, as ``template.yaml`` has it."""

_INVOCATION_SECONDS, _CALL_SECONDS = 0.010, 0.005
"""Assumed, for no emulator tells: what an invocation takes at 512 MB, and each call of the SDK in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """The same work in sparse traffic and in full batches."""

    alone: Units
    batched: Units

    def plus(self, other: "Bounds") -> "Bounds":
        """Both together."""
        return Bounds(alone=self.alone.plus(other.alone), batched=self.batched.plus(other.batched))

    def times(self, number: float) -> "Bounds":
        """The same so many times."""
        return Bounds(alone=self.alone.times(number), batched=self.batched.times(number))


NOTHING: Final = Bounds(alone=Units(), batched=Units())


def _busy(*, invocations: float = 0, calls: float = 0) -> float:
    """GB-seconds of what surrounds the tasks' own time."""
    return (invocations * _INVOCATION_SECONDS + calls * _CALL_SECONDS) * MEMORY_GB[Lane.MEDIUM]


_REQUEST = Units(
    http_requests=1, lambda_requests=1, write_units=1, read_units=1, gb_seconds=_busy(invocations=1, calls=2)
)
"""A request of the API with a token: it is counted, and its user is read."""
_SENT = Bounds(alone=Units(sqs_requests=1), batched=Units(sqs_requests=0.1))
_RECEIVED = Bounds(
    alone=Units(sqs_requests=2, lambda_requests=1, gb_seconds=_busy(invocations=1)),
    batched=Units(sqs_requests=0.2, lambda_requests=0.1, gb_seconds=_busy(invocations=0.1)),
)
"""A message that a worker receives and deletes."""


def _both(units: Units) -> Bounds:
    return Bounds(alone=units, batched=units)


def _requested(units: Units) -> Bounds:
    return Bounds(alone=units.plus(_REQUEST), batched=units.plus(_REQUEST.times(0.01)))


_CREATED = _requested(Units(write_units=2, read_units=1, gb_seconds=_busy(calls=2))).plus(_SENT)
"""Due item, job, message; the safety sync looks once."""
_ATTEMPT = _both(Units(write_units=3, gb_seconds=_busy(calls=3))).plus(_RECEIVED)
"""Claim, record, finish."""

UNIT_COSTS: Final[Mapping[Activity, Bounds]] = {
    Activity.CREATED_SOON: _CREATED,
    Activity.CREATED_FAR: _CREATED.plus(_both(Units(write_units=2))),
    Activity.CREATED_RECURRING: _CREATED.plus(_both(Units(write_units=1))),
    Activity.CHILDREN: _both(Units(write_units=2, read_units=1)).plus(_SENT).plus(_ATTEMPT),
    Activity.CHANGES: _requested(Units(write_units=3, read_units=1, gb_seconds=_busy(calls=4))),
    Activity.ATTEMPTS: _ATTEMPT,
    Activity.OCCURRENCES: _ATTEMPT.plus(_both(Units(write_units=3, read_units=2, gb_seconds=_busy(calls=2)))).plus(
        _SENT
    ),
    Activity.RETRIES: _ATTEMPT.plus(_both(Units(write_units=1, read_units=1, gb_seconds=_busy(calls=2)))).plus(_SENT),
    Activity.GIVEN_UP: _both(Units(write_units=2, read_units=6, gb_seconds=_busy(calls=10)))
    .plus(_SENT)
    .plus(_RECEIVED),
    Activity.OUTSIDE: _both(Units(write_units=1, gb_seconds=_busy(calls=1)).plus(_REQUEST)),
}
"""What went on outside costs a write and the request that ended it; signs of life cost more.

Without payloads over 400 bytes, limited queues, and output that has to lie beside its record: those cost more."""

_REMEMBERED = Bounds(alone=Units(read_units=3.5, gb_seconds=_busy(calls=3)), batched=Units(read_units=0.1))
"""A process reads quotas and queues every five seconds."""

_COUNTED = Bounds(
    alone=Units(write_units=2.5, read_units=7, lambda_requests=1, gb_seconds=_busy(invocations=1, calls=9)),
    batched=Units(write_units=0.12, read_units=0.12, lambda_requests=0.01, gb_seconds=_busy(invocations=0.01)),
)
"""The stream brings what was written to an invocation that counts it; workers read queues and stops."""

SHARED: Final[Mapping[Activity, Bounds]] = {
    Activity.CREATED_SOON: _REMEMBERED,
    Activity.CREATED_FAR: _REMEMBERED.plus(Bounds(alone=Units(write_units=1), batched=Units(write_units=0.12))),
    Activity.CREATED_RECURRING: _REMEMBERED,
    Activity.CHILDREN: _COUNTED,
    Activity.CHANGES: _COUNTED,
    Activity.ATTEMPTS: _COUNTED,
    Activity.OCCURRENCES: _COUNTED,
    Activity.RETRIES: _COUNTED,
    Activity.GIVEN_UP: NOTHING,
    Activity.OUTSIDE: Bounds(alone=Units(read_units=4, gb_seconds=_busy(calls=4)), batched=Units(read_units=0.1)),
}
"""A job that is due at once is counted together with its attempt."""


def bounds_of(usage: QueueUsage) -> Bounds:
    """The units of ``usage``."""
    total = NOTHING
    for cell, used in usage.items():
        total = total.plus(_of_cell(cell, used))
    return total


def _of_cell(cell: ExecutionCell, used: Usage) -> Bounds:
    total = NOTHING
    for activity, number in used.activities.items():
        total = total.plus(UNIT_COSTS[activity].plus(SHARED[activity]).times(number))
    # Jobs of a batch run side by side: in full batches ten share the time of their invocation, but on the heavy lane.
    gb_seconds = used.duration_ms / 1000 * MEMORY_GB[cell.lane]
    shared = gb_seconds if cell.lane is Lane.HEAVY else gb_seconds / 10
    return total.plus(Bounds(alone=Units(gb_seconds=gb_seconds), batched=Units(gb_seconds=shared)))
