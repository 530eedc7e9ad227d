"""What is asked of a server under load, and what of it was not so."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.chaos.figures import Figure, Figures
from tests.chaos.overload.records import Attempt, Records, most_at_once
from tests.chaos.overload.speakers import Bystander, Hammer, part
from tickwell.application.losses import ON_SUSPICION

LIMIT = 3
"""How many jobs of the queue at its limit may run at once."""

LANES = 2
"""So many have a backlog: the usual one, and that of urgent jobs."""

MOST_ON_SUSPICION = ON_SUSPICION * LANES
"""What a run of the safety sync may send again: to each lane as much as may be there already."""

ANSWER_P99_SECONDS = 1.0
TIMES_IDLE = 20
"""What answers may take, whichever is more: on a machine that is slow by itself all of them are.

The seconds are those of a machine that has nothing else to do. Where others take three quarters of it, all may take
four times as long.
"""

LONGEST_ANSWER_SECONDS = 5.0
START_SECONDS = 3.0
"""How late a job of the tenant that asks for little may begin."""

LONGEST_TIMES_IDLE = 100
"""What the longest answer and the latest start may take besides: a slow machine makes all of them later."""

PACE = frozenset({"phases too slow", "late starts"})
"""The zeros that a machine may break that does something else for a second."""

MEMORY_MB = 256
"""How much the server may need, whatever waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """A part of the trial, between two instants of the monotonic clock.

    ``times_slower``: how many times as long everything took because of what else the machine did.
    """

    name: str
    begun: float
    ended: float
    times_slower: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What was seen of the server while it worked: resident memory, messages in its lanes, what it complained of.

    ``resent`` is how many messages each run of its safety sync sent again.
    """

    memory_mb: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    resent: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What happened; in the first phase nothing did.

    ``lifted_ms`` is the epoch at which the queue's limit was taken away.
    """

    bystander: Bystander
    hammer: Hammer
    watched: Watched
    phases: Sequence[Phase]
    accepted: int
    far: int
    idle_mb: float
    after_mb: float
    lifted_ms: int

    @property
    def times_slower(self) -> float:
        """That of the phase in which others took the most; idle, it leaves to others what they want."""
        return max(phase.times_slower for phase in self.phases[1:])


def confirmed(live_through: Callable[[int], Figures]) -> Figures:
    """What ``live_through``, called with 1, finds; or, where only the pace was at fault, what it finds with 2.

    A server that is slow is slow twice, and a machine that was busy for a second is not.
    """
    first = live_through(1)
    broken = {name for name, number in first.zeros.items() if number}
    if not broken or broken - PACE:
        return first
    second = live_through(2)
    return replace(second, counts={**second.counts, "slow before": ", ".join(first.faults)})


def judged(told: Told, found: Records) -> Figures:
    """All figures, and a sentence for each that is not as it must be."""
    mine = found.of(told.bystander.job_ids)
    limited = [one for one in found.attempts if one.is_limited and one.ended_ms < told.lifted_ms]
    late = sorted(one.late_seconds for one in mine)
    most, peak_mb = most_at_once(limited), max(told.watched.memory_mb, default=0.0)
    counts: dict[str, Figure] = {
        "jobs": found.jobs,
        "waiting for tomorrow": found.waiting,
        "most in lanes": max(told.watched.waiting, default=0),
        **_answers(told),
        "bystander's jobs": len(mine),
        "start p99 ms": 1000 * part(late, 0.99),
        "latest start ms": 1000 * part(late, 1),
        "times slower by others": told.times_slower,
        "begun under the limit": len(limited),
        "most at once": most,
        "sent again on suspicion": sum(told.watched.resent) - sum(_multiplied(told)),
        "idle MB": told.idle_mb,
        "most MB": peak_mb,
        "after MB": told.after_mb,
    }
    faults = [
        *_lost(told, found),
        *_slow_phases(told),
        *(f"job {one.job_id} of the bystander began {one.late_seconds:.1f} s late" for one in _too_late(told, mine)),
        *(f"{most} jobs of a queue for {LIMIT} ran at once" for _ in range(most > LIMIT)),
        *(f"{peak_mb:.0f} MB, {told.idle_mb:.0f} MB when idle" for _ in range(peak_mb > MEMORY_MB)),
        *(f"job {job_id} was due and did not complete once" for job_id in found.undone),
        *_refused(told),
        *(f"a safety sync sent {count} messages again, none of which was lost" for count in _multiplied(told)),
        *(f"the server said: {line.strip()}" for line in told.watched.complaints),
    ]
    zeros = {
        "lost": len(_lost(told, found)),
        "undone": len(found.undone),
        "not answered": len(_refused(told)),
        "phases too slow": len(_slow_phases(told)),
        "late starts": len(_too_late(told, mine)),
        "over the limit": max(most - LIMIT, 0),
        "MB over the bound": max(round(peak_mb - MEMORY_MB), 0),
        "backlog sent again": sum(_multiplied(told)),
        "complaints": len(told.watched.complaints),
    }
    return Figures(counts=counts, zeros=zeros, faults=faults)


def _answers(told: Told) -> dict[str, Figure]:
    calls = told.bystander.calls
    figures: dict[str, Figure] = {"bystander's calls": len(calls.taken)}
    for phase in told.phases:
        figures[f"p99 {phase.name} ms"] = 1000 * _p99(told, phase)
    figures["hot calls"] = len(told.hammer.calls.taken)
    return figures


def _p99(told: Told, phase: Phase) -> float:
    return part(told.bystander.calls.between(phase.begun, phase.ended), 0.99)


def _slow_phases(told: Told) -> list[str]:
    """The phases in which the bystander waited too long."""
    slow = []
    for phase in told.phases:
        slower, p99 = phase.times_slower, _p99(told, phase)
        longest = part(told.bystander.calls.between(phase.begun, phase.ended), 1)
        is_slow = p99 > _most(told, ANSWER_P99_SECONDS * slower, TIMES_IDLE)
        if is_slow or longest > _most(told, LONGEST_ANSWER_SECONDS * slower, LONGEST_TIMES_IDLE):
            answers = f"the bystander's answers took {p99:.1f} s (p99), {longest:.1f} s (longest)"
            slow.append(f"{phase.name}: {answers}, where others made all {slower:.1f} times slower")
    return slow


def _lost(told: Told, found: Records) -> list[str]:
    accepted = told.accepted + len(told.bystander.job_ids)
    wrong = [(accepted, "were accepted", found.jobs), (told.far, "were to wait for tomorrow", found.waiting)]
    return [f"of {asked} jobs that {what} there are {there}" for asked, what, there in wrong if asked != there]


def _most(told: Told, seconds: float, times_idle: float) -> float:
    """``seconds``, or what is so many times an answer (p99) of the idle server, whichever is more."""
    return max(seconds, times_idle * _p99(told, told.phases[0]))


def _too_late(told: Told, mine: Sequence[Attempt]) -> list[Attempt]:
    most = _most(told, START_SECONDS * told.times_slower, LONGEST_TIMES_IDLE)
    return [one for one in mine if one.late_seconds > most]


def _refused(told: Told) -> list[str]:
    return [*told.bystander.calls.refused, *told.hammer.calls.refused]


def _multiplied(told: Told) -> list[int]:
    """What runs of the safety sync sent again that is more than they may on suspicion: a backlog is not a loss."""
    return [count for count in told.watched.resent if count > MOST_ON_SUSPICION]
