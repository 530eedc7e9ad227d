"""Statistics and workers (C20, Q7, Q8, S4)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
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
    """By what jobs are doing, by priority and by queue."""
    call = call_of(request)
    statistics = call.services.statistics
    return success(stats_body(statistics.overview(call.principal), active_workers=len(statistics.active_workers())))


@router.get(
    "/api/v1/jobs/stats/overview", summary="Jobs and executions counted", tags=TAGS, operation_id="getJobStatistics"
)
def get_job_statistics(request: Request) -> Response[Annotated[str, Shows(OverviewBody)]]:
    """All queues together."""
    call = call_of(request)
    return success(overview_body(call.services.statistics.overview(call.principal)))


@router.get("/api/v1/workers", summary="Active workers", tags=TAGS, operation_id="listWorkers")
def list_workers(request: Request) -> Response[Annotated[str, Shows(WorkerListBody)]]:
    """The processes that run jobs, all tenants'; one that has not told of itself for a while is left out."""
    return success(worker_list_body(call_of(request).services.statistics.active_workers()))
