"""Statistics and workers (C20, Q7, Q8, S4)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.application.series import Step
from tickwell.http.call import call_of
from tickwell.http.instants import parse_instant
from tickwell.http.operation import Shows, success
from tickwell.http.series_bodies import SeriesBody, series_body
from tickwell.http.statistics_bodies import (
    DashboardBody,
    OverviewBody,
    StatsBody,
    WorkerListBody,
    dashboard_body,
    overview_body,
    stats_body,
    worker_list_body,
)

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Statistics"]


@router.get(
    "/api/v1/dashboard/stats", summary="What the overview shows", tags=TAGS, operation_id="getDashboardStatistics"
)
def get_dashboard_statistics(request: Request) -> Response[Annotated[str, Shows(DashboardBody)]]:
    """Jobs and executions counted, what runs next within a day, and what ended last; ten of each."""
    call = call_of(request)
    return success(dashboard_body(call.services.statistics.dashboard(call.principal)))


@router.get("/api/v1/stats", summary="Counts at a glance", tags=TAGS, operation_id="getStatistics")
def get_statistics(request: Request) -> Response[Annotated[str, Shows(StatsBody)]]:
    """By what jobs are doing, by priority and by queue; of each queue also the executions that it has had so far.

    A queue's rate is the difference between two answers.
    """
    call = call_of(request)
    statistics = call.services.statistics
    return success(stats_body(statistics.overview(call.principal), active_workers=len(statistics.active_workers())))


@router.get(
    "/api/v1/stats/series", summary="How executions ended over time", tags=TAGS, operation_id="getStatisticsSeries"
)
def get_statistics_series(
    request: Request,
    step: Annotated[Step, Query(description="How long a point lasts.")] = Step.HOUR,
    since: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=64,
            description="ISO 8601 with an offset. Default: 24 hours, or 30 days, before `until`.",
        ),
    ] = None,
    until: Annotated[
        str | None, Query(max_length=64, description="ISO 8601 with an offset. Default, and at most: now.")
    ] = None,
) -> Response[Annotated[str, Shows(SeriesBody)]]:
    """Executions by status and percentiles of their durations, by the hour or the day in which they ended (UTC).

    All queues together, empty points included, at most 1,000; kept for 400 days. From counters: it costs the same
    however many executions there were. The last point may be of a step that goes on; on AWS it is some seconds behind.

    `failed` are also those that ran out of time or were lost. `p95_ms`: 95 of 100 took no longer; it is at most 12 %
    off, and tells no more than 32 hours. Durations are null where nothing ended; percentiles also where some of it was
    counted by a release that did not count durations.
    """
    call = call_of(request)
    series = call.services.series(
        call.principal, step=step, since=parse_instant("from", since), until=parse_instant("until", until)
    )
    return success(series_body(series))


@router.get(
    "/api/v1/jobs/stats/overview", summary="Jobs and executions counted", tags=TAGS, operation_id="getJobStatistics"
)
def get_job_statistics(request: Request) -> Response[Annotated[str, Shows(OverviewBody)]]:
    """All queues together."""
    return _counted(request)


@router.get("/api/jobs/stats/overview", summary="The same", tags=TAGS, operation_id="getJobStatisticsAlias")
def get_job_statistics_alias(request: Request) -> Response[Annotated[str, Shows(OverviewBody)]]:
    """As `/api/v1/jobs/stats/overview`."""
    return _counted(request)


def _counted(request: Request) -> Response[Annotated[str, Shows(OverviewBody)]]:
    call = call_of(request)
    return success(overview_body(call.services.statistics.overview(call.principal)))


@router.get("/api/v1/workers", summary="Active workers", tags=TAGS, operation_id="listWorkers")
def list_workers(request: Request) -> Response[Annotated[str, Shows(WorkerListBody)]]:
    """The processes that run jobs, all tenants'; one that has not told of itself for a while is left out."""
    return success(worker_list_body(call_of(request).services.statistics.active_workers()))
