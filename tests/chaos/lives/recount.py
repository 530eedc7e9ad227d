"""What is told from counters, and the same counted anew from the records of the attempts that were finished."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from tests.chaos.lives.ended import Ended
from tests.chaos.lives.life import Life
from tests.doubles import NOON
from tests.world import ADA
from tickwell.domain.child import parent_of
from tickwell.domain.counts import HOURS_KEPT, EndedExecution, ExecutionTally, HourTally, cell_of, hour_of, tally_of
from tickwell.domain.durations import durations_of
from tickwell.domain.job import JobKey, Tally
from tickwell.domain.usage import Activity

TENANT = ADA.tenant_id
DAY = timedelta(days=1)
_BEGUN = (Activity.ATTEMPTS, Activity.OCCURRENCES, Activity.CHILDREN)


def check_counts(life: Life) -> None:
    """All counts of the tenant, its series and its usage are what a recount finds."""
    life.engine.follow(1 + life.steps % 7, life.steps % 3 == 0)
    ledger = life.ledger
    counts = life.engine.stores.counts.read(TENANT)
    jobs = Counter(cell_of(job) for job in ledger.jobs.values() if parent_of(job.job_id) is None)
    _compare(life, "the counts of jobs", dict(counts.jobs), dict(jobs))
    _compare(life, "the counts of executions", dict(counts.executions), _by_cell(ledger.finished))
    ended = {each.told for each in ledger.finished}
    if len(counts.recent) < min(len(ended), 10) or not ended.issuperset(counts.recent):
        ledger.fault(f"the executions that ended last are {counts.recent}, and that is not how they ended")
    if counts.dead_letters != len(ledger.letters):
        ledger.fault(f"{counts.dead_letters} dead letters are counted, and there are {len(ledger.letters)}")
    _hours(life)
    _usage(life)


def check_tallies(life: Life) -> None:
    """Each attempt of a job is recorded once, and counted once, as what it was, when the job is finished with it."""
    recorded = Counter(record.job_key for record in life.ledger.records.values())
    counted: dict[JobKey, list[Ended]] = {}
    for each in life.ledger.finished:
        counted.setdefault(each.record.job_key, []).append(each)
    for job in life.jobs():
        if job.tally.executions != recorded[job.key] - life.ledger.in_flight(job):
            life.ledger.fault(f"job {job.job_id} counts {job.tally.executions} of {recorded[job.key]} records")
        _compare(life, f"the tally of job {job.job_id}", job.tally, _of_job(counted.get(job.key, ())))


def _compare(life: Life, what: str, found: object, meant: object) -> None:
    if found != meant:
        life.ledger.fault(f"{what}: told is {found}, and a recount finds {meant}")


def _of_job(ended: Iterable[Ended]) -> Tally:
    counts = [each.record.counts for each in ended]
    return Tally(
        executions=len(counts),
        successful=sum(each.successful for each in counts),
        failed=sum(each.failed for each in counts),
        duration_ms=sum(each.duration_ms for each in counts),
    )


def _by_cell(ended: Iterable[Ended]) -> Mapping[object, ExecutionTally]:
    sums: dict[object, ExecutionTally] = {}
    for each in ended:
        sums[each.cell] = sums.get(each.cell, ExecutionTally()).plus(tally_of(each.told))
    return sums


def _hours(life: Life) -> None:
    """By the hour: how they ended, and how their durations are spread; what is older than the series tell is left out.

    The range is wide, so that an attempt in a wrong hour is seen in whichever it is.
    """
    sums: dict[datetime, list[EndedExecution]] = {}
    for each in (one.told for one in life.ledger.finished):
        if hour_of(each.finished_at) > life.now - HOURS_KEPT:
            sums.setdefault(hour_of(each.finished_at), []).append(each)
    meant = {hour: _hour(those) for hour, those in sums.items()}
    since, until = NOON - DAY, life.now + DAY
    found = life.engine.stores.counts.hours(TENANT, since=since, until=until)
    _compare(life, "the series of executions", dict(found), meant)
    if list(found) != sorted(found):
        life.ledger.fault("the hours of executions are not told oldest first")


def _hour(those: Iterable[EndedExecution]) -> HourTally:
    tally, durations_ms = ExecutionTally(), []
    for each in those:
        tally = tally.plus(tally_of(each))
        durations_ms.append(each.duration_ms)
    return HourTally(tally=tally, durations=durations_of(durations_ms))


def _usage(life: Life) -> None:
    """Attempts by queue, all days together: around midnight DynamoDB may count to the day after (see the port)."""
    since, until = (at.date() for at in (NOON - DAY, life.now + DAY))
    days = life.engine.stores.counts.usage(TENANT, since=since, until=until)
    found: Counter[tuple[object, str]] = Counter()
    for of_queues in days.values():
        for cell, usage in of_queues.items():
            begun = sum(usage.activities.get(activity, 0) for activity in _BEGUN)
            numbers = {"first attempts": begun, "retries": usage.activities.get(Activity.RETRIES, 0)}
            found.update({(cell, name): number for name, number in numbers.items() if number})
    meant = Counter(
        (each.cell, "retries" if each.record.attempt > 1 else "first attempts") for each in life.ledger.finished
    )
    _compare(life, "the usage", dict(found), dict(meant))
