"""A bad cloud: the real Lambda functions, while a fifth of all that they ask of AWS goes wrong.

Throttling, 5xx, resets, timeouts and slow answers, before and after the effect, happen below the SDK, whose retries
are the real ones; its pauses, and all timeouts, pass on a simulated clock that stops whoever outlives its function.
"""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws

from tests.chaos.cloud.clock import CloudClock, put_in_place
from tests.chaos.cloud.platform import Cloud
from tests.chaos.cloud.verdict import judge, permits, unfinished
from tests.chaos.cloud.wire import Wire
from tests.chaos.cloud.work import Client, Work, receiving
from tests.chaos.figures import Figure, Figures
from tests.chaos.trials import Run
from tests.contract.queue_engines import REGION
from tests.doubles import NOON
from tests.function_stack import open_stack
from tests.quiet import quiet
from tickwell.adapters.system import SystemIds

SHARE = 0.2
JOBS = 360
JOBS_IN_SHORT = 36
QUIET_JOBS = 24
"""As many are enough to know what a job asks of AWS when nothing goes wrong."""

LONGEST_SECONDS = 4 * 3600.0
MOST_TIMES_QUIET = 2.5
"""So many times the attempts of a quiet wire a job, or a run of the safety sync, may take on this one: retries feed no
storm. They are counted apart, because the sync runs each minute, also while nothing happens but that a permit is
awaited: a trial of few jobs that took long would look like a storm."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempts:
    """How often AWS was asked for something."""

    per_job: float
    per_safety_sync: float

    def times(self, quiet: "Attempts") -> "Attempts":
        """How many times as often as in ``quiet``."""
        return Attempts(
            per_job=self.per_job / quiet.per_job, per_safety_sync=self.per_safety_sync / quiet.per_safety_sync
        )

    def beyond_budget(self) -> list[str]:
        """Sentences about what was asked for too often, where these are ``times`` of a quiet wire."""
        each = {"a job": self.per_job, "a run of the safety sync": self.per_safety_sync}
        return [
            f"{what} takes {times:.1f} times the attempts of a quiet wire"
            for what, times in each.items()
            if times > MOST_TIMES_QUIET
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lived:
    """A cloud in which jobs were asked for and done."""

    clock: CloudClock
    wire: Wire
    cloud: Cloud
    work: Work

    @property
    def attempts(self) -> Attempts:
        """Of all other functions by job, and of the safety sync by its runs."""
        ledger = self.wire.ledger
        of_sync = ledger.functions["safety_sync"]
        return Attempts(
            per_job=(ledger.attempts - of_sync) / max(1, len(self.work.wanted)),
            per_safety_sync=of_sync / max(1, self.cloud.seen.invocations["safety_sync"]),
        )


@contextmanager
def living(
    *, seed: int, share: float, jobs: int, outages: int = 0, limit_seconds: float = LONGEST_SECONDS
) -> Iterator[Lived]:
    """Ask for jobs a few at a time while the others run, until all are done; then the wire is quiet."""
    with pytest.MonkeyPatch.context() as patch, mock_aws(), receiving() as receiver:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        random.seed(seed)  # the pauses of the SDK
        patch.setattr(SystemIds.__init__, "__defaults__", (random.Random(f"ids {seed}").getrandbits,))
        clock = CloudClock(NOON)
        put_in_place(clock, patch)
        wire = Wire(clock, seed=seed, share=share)
        wire.put_in_place(patch)
        for name, value in _SETTINGS.items():
            patch.setenv(f"TICKWELL_{name}", value)
        with open_stack(patch) as stack:
            patch.setenv("TICKWELL_FAR_TIMER", "scheduler")
            boto3.client("scheduler", region_name=REGION).create_schedule_group(Name="group")
            cloud = Cloud(stack, clock, wire, seed=seed)
            wire.plan_outages(outages)
            client = Client(cloud=cloud, clock=clock)
            work = Work(client=client, receiver=receiver, chance=random.Random(f"work {seed}"))
            work.register()
            while work.asked < jobs:
                work.add(min(24, jobs - work.asked))
                cloud.run(until=lambda: True, limit_seconds=30)
            # What a permit's giver could not give back comes back by itself, about half an hour later.
            reader = Client(cloud=cloud, clock=clock, token=client.token)

            def is_done() -> bool:
                with wire.quiet():
                    return not (cloud.left() or unfinished(reader, work.wanted) or permits(reader))

            cloud.run(until=is_done, limit_seconds=limit_seconds)
            with wire.quiet():
                yield Lived(clock=clock, wire=wire, cloud=cloud, work=work)


_SETTINGS = {
    "RATE_LIMIT_PER_HOUR": "0",
    "READ_LIMIT_PER_HOUR": "0",
    "REGISTRATIONS_PER_HOUR": "0",
    "DIRECT_HORIZON_SECONDS": "130",
}


def bad_cloud(run: Run) -> Figures:
    """The trial."""
    with quiet(), living(seed=run.seed, share=0.0, jobs=QUIET_JOBS) as lived:
        quiet_attempts = lived.attempts
    jobs, outages = (JOBS_IN_SHORT, 2) if run.short else (JOBS, 12)
    with quiet(), living(seed=run.seed, share=SHARE, jobs=jobs, outages=outages) as lived:
        return figures_of(lived, quiet_attempts=quiet_attempts, seed=run.seed)


def figures_of(lived: Lived, *, quiet_attempts: Attempts, seed: int) -> Figures:
    """What came of it; ``quiet_attempts`` are those where nothing goes wrong."""
    ledger, seen, work = lived.wire.ledger, lived.cloud.seen, lived.work
    verdict = judge(Client(cloud=lived.cloud, clock=lived.clock, token=work.client.token), work, lived.cloud)
    beyond = [f"{c.service}.{c.name} was sent {c.attempts} times in {c.seconds:.1f} s" for c in ledger.beyond_budget()]
    times = lived.attempts.times(quiet_attempts)
    beyond += times.beyond_budget()
    unexpected = [*work.faults, *work.client.refused, *seen.unexpected]
    faults = [*unexpected, *seen.stopped, *seen.hung, *seen.unfollowed, *beyond, *verdict.faults()]
    return Figures(
        counts={**_counts(lived, times), "given up after losses": verdict.given_up},
        zeros={
            "unfinished": len(verdict.unfinished),
            "ended wrongly": len(verdict.wrong),
            "duplicated": len(verdict.duplicated),
            "not told": len(verdict.untold),
            "left behind": len(verdict.left),
            "hung": len(seen.hung),
            "stopped at their timeout": len(seen.stopped),
            "unexpected errors": len(unexpected),
            "stream records lost": len(seen.unfollowed),
            "calls beyond the budget": len(beyond),
        },
        faults=[f"{fault} (seed {seed})" for fault in faults],
    )


def _counts(lived: Lived, times: Attempts) -> dict[str, Figure]:
    ledger, seen = lived.wire.ledger, lived.cloud.seen
    return {
        "jobs": len(lived.work.wanted),
        "invocations": seen.invocations.total(),
        "calls": len(ledger.calls),
        "attempts": ledger.attempts,
        "services": len(ledger.services),
        "faults injected": ledger.faults.total(),
        "outages": sum(outage.from_ms < lived.clock.epoch_ms for outage in lived.wire.outages),
        "delivered twice": seen.twice,
        "kinds of fault": len(ledger.faults),
        "most attempts of a call": max((call.attempts for call in ledger.calls.values()), default=0),
        "longest call s": ledger.longest_seconds(),
        "attempts by those of a quiet wire": round(times.per_job, 2),
        "those of a safety sync": round(times.per_safety_sync, 2),
        "longest api s": seen.longest.get("api", 0.0),
        "longest worker s": seen.longest.get("worker", 0.0),
        "longest safety sync s": seen.longest.get("safety_sync", 0.0),
        "simulated s": round(lived.clock.elapsed_seconds),
    }
