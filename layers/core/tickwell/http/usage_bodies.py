"""What the route about usage gives (X19)."""

from typing_extensions import TypedDict

from tickwell.application.usage import Cost, UsageReport
from tickwell.domain.prices import Units
from tickwell.domain.usage import Activity, Usage


class ActivitiesBody(TypedDict):
    """How often what was done, counted when it was done. Edits and reads are not counted.

    `created_soon`, `created_far`: one-time jobs due within 15 minutes of their creation, or later. `changes`: pauses,
    resumes, cancellations, deletions, and jobs that are run again. `attempts`: first ones of one-time jobs;
    `occurrences`: first ones of recurring jobs; `retries`: all further ones; `given_up`: occurrences that failed for
    good. `children`: extra executions, overlaps and backfills, with their first attempts. `outside`: attempts, counted
    above, that went on outside of any worker.
    """

    created_soon: int
    created_far: int
    created_recurring: int
    children: int
    changes: int
    attempts: int
    occurrences: int
    retries: int
    given_up: int
    outside: int


class DollarsBody(TypedDict):
    """Estimated: `least` where all batches are full, `most` where each job comes and runs alone."""

    least: float
    most: float


class BilledBody(TypedDict):
    """What AWS bills: DynamoDB's units, requests to SQS, the HTTP API and Lambda, schedules, Lambda's GB-seconds."""

    write_units: float
    read_units: float
    sqs_requests: float
    http_requests: float
    lambda_requests: float
    scheduler_invocations: float
    gb_seconds: float


class BilledBoundsBody(TypedDict):
    """The same in full batches, and with each job alone."""

    least: BilledBody
    most: BilledBody


class UsageBody(TypedDict):
    """What was done, how long workers were busy with it, and what that costs on AWS."""

    activities: ActivitiesBody
    execution_seconds: float
    estimated_usd: DollarsBody


class TotalUsageBody(UsageBody):
    """All of it, with what is billed."""

    units: BilledBoundsBody


class DayUsageBody(UsageBody):
    """A day, UTC."""

    day: str


class QueueUsageBody(UsageBody):
    """A queue."""

    queue: str


class PricesBody(TypedDict):
    """The list prices that the estimate uses, without free tiers."""

    as_of: str
    region: str


class UsageReportBody(TypedDict):
    """From the day `since` to before the day `until`; days and queues without anything are left out."""

    since: str
    until: str
    prices: PricesBody
    total: TotalUsageBody
    days: list[DayUsageBody]
    queues: list[QueueUsageBody]


def usage_report_body(report: UsageReport) -> UsageReportBody:
    """``report`` as it is shown."""
    total = report.total
    units = BilledBoundsBody(least=_billed(total.units.batched), most=_billed(total.units.alone))
    return UsageReportBody(
        since=report.since.isoformat(),
        until=report.until.isoformat(),
        prices=PricesBody(as_of=report.prices.as_of.isoformat(), region=report.prices.region),
        total=TotalUsageBody(**_usage(total), units=units),
        days=[DayUsageBody(day=day.isoformat(), **_usage(cost)) for day, cost in report.days.items()],
        queues=[QueueUsageBody(queue=queue, **_usage(cost)) for queue, cost in report.queues.items()],
    )


def _usage(cost: Cost) -> UsageBody:
    return UsageBody(
        activities=_activities(cost.usage),
        execution_seconds=cost.usage.duration_ms / 1000,
        estimated_usd=DollarsBody(least=round(cost.least_usd, 6), most=round(cost.most_usd, 6)),
    )


def _activities(usage: Usage) -> ActivitiesBody:
    done = usage.activities
    return ActivitiesBody(
        created_soon=done.get(Activity.CREATED_SOON, 0),
        created_far=done.get(Activity.CREATED_FAR, 0),
        created_recurring=done.get(Activity.CREATED_RECURRING, 0),
        children=done.get(Activity.CHILDREN, 0),
        changes=done.get(Activity.CHANGES, 0),
        attempts=done.get(Activity.ATTEMPTS, 0),
        occurrences=done.get(Activity.OCCURRENCES, 0),
        retries=done.get(Activity.RETRIES, 0),
        given_up=done.get(Activity.GIVEN_UP, 0),
        outside=done.get(Activity.OUTSIDE, 0),
    )


def _billed(units: Units) -> BilledBody:
    return BilledBody(
        write_units=round(units.write_units, 3),
        read_units=round(units.read_units, 3),
        sqs_requests=round(units.sqs_requests, 3),
        http_requests=round(units.http_requests, 3),
        lambda_requests=round(units.lambda_requests, 3),
        scheduler_invocations=round(units.scheduler_invocations, 3),
        gb_seconds=round(units.gb_seconds, 3),
    )
