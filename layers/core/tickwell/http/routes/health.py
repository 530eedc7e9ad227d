"""Health, for load balancers and for people (C21, E8, B8)."""

from collections.abc import Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.domain.counts import Counts
from tickwell.domain.errors import UnavailableError
from tickwell.http.api_health_bodies import ApiLevelBody, api_level_body
from tickwell.http.call import Call, call_of
from tickwell.http.errors import Fault
from tickwell.http.health_bodies import (
    AdminQueuesBody,
    HealthBody,
    LevelBody,
    PublicHealthBody,
    QueueLevelsBody,
    admin_queues_body,
    health_body,
    level_body,
    public_health_body,
    queue_levels_body,
)
from tickwell.http.operation import Shows, plain, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["System"]

_DEGRADED = Fault(status=503, code="DEGRADED", message="a service that Tickwell stands on does not answer")


@router.get("/health", summary="Whether the deployment is able to work", tags=TAGS, operation_id="getHealth")
def get_health(request: Request) -> Response[Annotated[str, Shows(PublicHealthBody, enveloped=False)]]:
    """200, or 503 when a service does not answer."""
    call = call_of(request)
    report = call.services.check_health()
    body = public_health_body(report, version=call.services.version, stage=call.services.stage)
    return _answer(call, {**body}, healthy=report.healthy)


@router.get(
    "/api/v1/dashboard/health",
    summary="Health in detail: latencies, queues, and the process that answers",
    tags=TAGS,
    operation_id="getDetailedHealth",
)
def get_detailed_health(request: Request) -> Response[Annotated[str, Shows(HealthBody, enveloped=False)]]:
    """200, or 503 when a service does not answer."""
    call = call_of(request)
    report = call.services.check_health()
    answers = call.services.answers.read()
    body = health_body(report, _counts(call), answers, version=call.services.version, stage=call.services.stage)
    return _answer(call, {**body}, healthy=report.healthy)


@router.get("/health/api", summary="How the API answers", tags=TAGS, operation_id="getApiHealth")
def get_api_health(request: Request) -> Response[Annotated[str, Shows(ApiLevelBody, enveloped=False)]]:
    """What the process that answers has done in the last hour: normal below 0.1 % errors and 500 ms on average."""
    return plain({**api_level_body(call_of(request).services.answers.read())})


@router.get("/health/store", summary="Whether the store answers", tags=TAGS, operation_id="getStoreHealth")
def get_store_health(request: Request) -> Response[Annotated[str, Shows(LevelBody, enveloped=False)]]:
    """Normal within 100 ms, a warning above; 503 without an answer."""
    call = call_of(request)
    store = call.services.check_health.store()
    return _answer(call, {**level_body(store)}, healthy=store.healthy)


@router.get("/health/redis", summary="The same as `/health/store`", tags=TAGS, operation_id="getRedisHealth")
def get_redis_health(request: Request) -> Response[Annotated[str, Shows(LevelBody, enveloped=False)]]:
    """For callers of systems whose store is Redis."""
    return get_store_health(request)


@router.get("/health/queues", summary="Whether the queues answer", tags=TAGS, operation_id="getQueueHealth")
def get_queue_health(request: Request) -> Response[Annotated[str, Shows(QueueLevelsBody, enveloped=False)]]:
    """Each lane is normal with fewer than 100 waiting, a warning below 1,000, else critical. 503 without an answer."""
    call = call_of(request)
    report = call.services.check_health.queues()
    return _answer(call, {**queue_levels_body(report)}, healthy=report.healthy)


@router.get(
    "/admin/queues/health",
    summary="The queues and the work in them, with levels",
    tags=TAGS,
    operation_id="getQueueHealthInDetail",
)
def get_queue_health_in_detail(request: Request) -> Response[Annotated[str, Shows(AdminQueuesBody)]]:
    """Lanes, the tenant's own queues, and how its attempts of the last 24 hours ended."""
    call = call_of(request)
    services = call.services
    report = services.check_health.queues()
    states = services.manage_queues.list_queues(call.principal)
    return success(admin_queues_body(report, states, services.statistics.work(call.principal)))


def _counts(call: Call) -> Counts:
    """The tenant's counts; none where the store, whose health is asked for, does not give them."""
    try:
        return call.services.statistics.overview(call.principal)
    except UnavailableError:
        return Counts()


def _answer(call: Call, body: Mapping[str, Any], *, healthy: bool) -> Response[str]:
    """``body``; where something is not well in the error envelope, with the health that explains it."""
    if healthy:
        return plain(body)
    envelope = _DEGRADED.body(request_id=call.request_id, now=call.services.clock.now())
    return plain({**body, **envelope}, status=_DEGRADED.status)
