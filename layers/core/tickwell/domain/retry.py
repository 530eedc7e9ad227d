"""Retry policies. They return decisions (``RetryAt`` or ``GiveUp``), never effects."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tickwell.domain.instant import instant

MAX_LOSSES = 2
_LONGEST_DELAY_SECONDS = 30 * 86400.0
_DEFAULT_GRACE_SECONDS = 60


class RetryStrategy(StrEnum):
    """How the wait grows from one attempt to the next."""

    FIXED = "fixed"
    EXPONENTIAL = "exponential"
    SCHEDULE = "schedule"


class OnLost(StrEnum):
    """What follows when a worker died during an attempt."""

    RETRY = "retry"
    FAIL = "fail"


class Precision(StrEnum):
    """How near to its instant an attempt starts; never before it."""

    SECOND = "second"
    SUBSECOND = "subsecond"


class Overlap(StrEnum):
    """What becomes of an occurrence that comes while an earlier one is not over (recurring jobs)."""

    SKIP = "skip"  # it is skipped
    QUEUE_ONE = "queue_one"  # it waits, unless another one waits already
    QUEUE_ALL = "queue_all"  # it waits behind those that wait already
    CANCEL_OTHER = "cancel_other"  # the earlier one is cancelled
    ALLOW = "allow"  # it runs beside the earlier one


class Misfire(StrEnum):
    """What becomes of occurrences that nobody could start in time."""

    RUN_ONCE = "run_once"  # the oldest one runs, for all of them
    RUN_ALL = "run_all"  # all run, one after the other (recurring jobs)
    SKIP = "skip"  # none runs
    REFUSE = "refuse"  # a time that has passed is refused when it is asked for (one-time jobs); later as RUN_ONCE


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryPolicy:
    """The wait before retry 1, 2, 3 and so on.

    ``fixed``: always ``delay_seconds``. ``exponential``: ``delay_seconds * factor ** (n - 1)``.
    ``schedule``: the n-th of ``delays_seconds``, the last one repeated. ``jitter`` spreads a delay by that
    fraction to both sides; nothing exceeds ``max_delay_seconds``, jitter included.
    """

    strategy: RetryStrategy = RetryStrategy.SCHEDULE
    delay_seconds: float = 60.0
    factor: float = 2.0
    max_delay_seconds: float = 86400.0
    jitter: float = 0.0
    delays_seconds: tuple[float, ...] = (60.0, 300.0, 900.0)

    def delay_before(self, retry_number: int, draw: float) -> timedelta:
        """The wait before retry ``retry_number`` (from 1); ``draw`` in [0, 1) is the random draw for the jitter."""
        spread = 1.0 + self.jitter * (2.0 * draw - 1.0)
        seconds = min(self._plain_delay(retry_number) * spread, self.max_delay_seconds, _LONGEST_DELAY_SECONDS)
        return timedelta(seconds=max(seconds, 0.0))

    def _plain_delay(self, retry_number: int) -> float:
        match self.strategy:
            case RetryStrategy.FIXED:
                return self.delay_seconds
            case RetryStrategy.SCHEDULE:
                return self.delays_seconds[min(retry_number, len(self.delays_seconds)) - 1]
            case RetryStrategy.EXPONENTIAL:
                exponent = min(retry_number - 1, 512)
                try:
                    return self.delay_seconds * self.factor**exponent
                except OverflowError:
                    return self.max_delay_seconds


@dataclass(frozen=True, kw_only=True, slots=True)
class Completed:
    """The occurrence succeeded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryAt:
    """Another attempt starts at ``at``."""

    at: datetime
    attempt: int


@dataclass(frozen=True, kw_only=True, slots=True)
class GiveUp:
    """The occurrence will not be tried again; ``reason`` is for people."""

    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancelled:
    """The occurrence ended because its job was cancelled; nothing failed, and nothing is to follow."""


Decision = Completed | RetryAt | GiveUp | Cancelled


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """How a job is run: time limit, retries, and what a lost worker means.

    ``max_retries`` 3 means up to four attempts. An attempt that was lost is not counted among them: losses have
    their own limit (two, or one with ``on_lost`` fail), because the job is not to blame for its worker's death.
    ``stall_seconds``: how long an attempt may give no sign of life before it counts as lost; None: its time limit.
    ``pause_after_failures``: a recurring job pauses itself once so many occurrences in a row were given up; None: no
    such limit. ``precision``: to the second, or better: then a worker is there up to a second early and waits, which
    costs where workers are paid by time (the embedded engine is precise to milliseconds either way).
    such limit.

    An occurrence is late, and ``misfire`` decides on it, once ``misfire_grace_seconds`` have passed since it should
    have started. With ``run_all`` at most ``misfire_max`` of those that were missed run, the newest ones, at least
    ``misfire_spread_seconds`` apart. ``expires_after_seconds``: no attempt starts later than that after the occurrence
    was due; None: however late it is.
    """

    timeout_seconds: int = 300
    max_retries: int = 3
    retry: RetryPolicy = RetryPolicy()
    on_lost: OnLost = OnLost.RETRY
    stall_seconds: int | None = None
    pause_after_failures: int | None = None
    precision: Precision = Precision.SECOND
    overlap: Overlap = Overlap.SKIP
    misfire: Misfire = Misfire.RUN_ONCE
    misfire_grace_seconds: int = _DEFAULT_GRACE_SECONDS
    misfire_max: int = 100
    misfire_spread_seconds: int = 1
    expires_after_seconds: int | None = None

    @property
    def lease_seconds(self) -> int:
        """How long a lease holds at first, and again after each sign of life, the margin left out."""
        return self.timeout_seconds if self.stall_seconds is None else min(self.stall_seconds, self.timeout_seconds)

    @property
    def is_probed(self) -> bool:
        """Whether a worker's death must be noticed sooner than the safety sync would."""
        return self.stall_seconds is not None and self.stall_seconds < PROBED_STALL_SECONDS

    @property
    def misfire_grace(self) -> timedelta:
        """How late an occurrence may start without being late."""
        return timedelta(seconds=self.misfire_grace_seconds)

    def latest_start(self, due_at: datetime) -> datetime | None:
        """Until when an attempt at the occurrence ``due_at`` may start; None: there is no such limit."""
        return None if self.expires_after_seconds is None else due_at + timedelta(seconds=self.expires_after_seconds)

    def is_expired(self, due_at: datetime, at: datetime) -> bool:
        """Whether it is too late at ``at`` to start an attempt at the occurrence ``due_at``."""
        latest = self.latest_start(due_at)
        return latest is not None and at > latest

    @property
    def for_one_time(self) -> "Policy":
        """The same for a job with one occurrence: without what only makes sense for many."""
        misfire = Misfire.RUN_ONCE if self.misfire is Misfire.RUN_ALL else self.misfire
        return replace(self, **_OF_MANY, misfire=misfire)

    @property
    def for_child(self) -> "Policy":
        """The same for a child, which runs an occurrence that was judged already."""
        return replace(self.for_one_time, misfire=Misfire.RUN_ONCE, misfire_grace_seconds=_DEFAULT_GRACE_SECONDS)


_OF_MANY: dict[str, Any] = {
    "pause_after_failures": None,
    "overlap": Overlap.SKIP,
    "misfire_max": 100,
    "misfire_spread_seconds": 1,
}

PROBED_STALL_SECONDS = 300
"""A stall limit below this is shorter than what the safety sync alone would notice in time."""

DEFAULT_POLICY = Policy()
"""What holds where neither the task nor the job says otherwise."""


def after_failure(
    policy: Policy,
    *,
    attempt: int,
    losses: int,
    returns: int = 0,
    now: datetime,
    draw: float,
    retryable: bool = True,
    retry_after_seconds: float | None = None,
) -> RetryAt | GiveUp:
    """What follows a failed or timed-out ``attempt`` (counted from 1).

    ``losses`` of the earlier ones were lost, ``returns`` given back by a worker that stopped: no failures of the job.
    """
    failures = attempt - losses - returns
    if not retryable:
        return GiveUp(reason="the error says that retrying cannot help")
    if failures > policy.max_retries:
        attempts = policy.max_retries + 1
        return GiveUp(reason=f"all {attempts} attempts failed" if attempts > 1 else "the only attempt failed")
    if retry_after_seconds is None:
        delay = policy.retry.delay_before(failures, draw)
    else:
        delay = timedelta(seconds=min(max(retry_after_seconds, 0.0), _LONGEST_DELAY_SECONDS))
    return RetryAt(at=instant(now + delay), attempt=attempt + 1)


def after_loss(policy: Policy, *, attempt: int, losses: int, now: datetime) -> RetryAt | GiveUp:
    """What follows the loss of ``attempt``; ``losses`` counts the earlier losses of this occurrence."""
    if policy.on_lost is OnLost.FAIL:
        return GiveUp(reason="the worker was lost, and this job must not run twice")
    if losses + 1 >= MAX_LOSSES:
        return GiveUp(reason=f"{MAX_LOSSES} workers were lost during this occurrence")
    return RetryAt(at=instant(now), attempt=attempt + 1)


def after_return(policy: Policy, *, attempt: int, now: datetime) -> RetryAt | GiveUp:
    """What follows when a worker that stops gives ``attempt`` back: no loss, for the worker says so itself."""
    if policy.on_lost is OnLost.FAIL:
        return GiveUp(reason="the worker was stopped, and this job must not run twice")
    return RetryAt(at=instant(now), attempt=attempt + 1)


def unless_expired(policy: Policy, due_at: datetime, decision: RetryAt | GiveUp) -> RetryAt | GiveUp:
    """``decision`` on the occurrence ``due_at``, without an attempt that would start after the occurrence's expiry."""
    if isinstance(decision, RetryAt) and policy.is_expired(due_at, decision.at):
        return GiveUp(reason="the next attempt would start after the occurrence has expired")
    return decision
