"""Health, tasks, and the way in (C21)."""

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.call import call_of
from tickwell.http.errors import Fault
from tickwell.http.operation import Shows, plain, success
from tickwell.http.system_bodies import (
    HealthBody,
    PublicHealthBody,
    TaskListBody,
    WelcomeBody,
    health_body,
    public_health_body,
    task_body,
)

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["System"]

_DEGRADED = Fault(status=503, code="DEGRADED", message="a service that Tickwell stands on does not answer")


@router.get("/", summary="Where to go from here", tags=TAGS, operation_id="welcome")
def welcome(request: Request) -> Response[Annotated[str, Shows(WelcomeBody)]]:
    """Links."""
    links = {"health": "/health", "docs": "/docs", "openapi": "/openapi.json", "register": "/api/v1/auth/register"}
    return success(WelcomeBody(name="Tickwell", version=call_of(request).services.version, links=links))


@router.get(
    "/health",
    summary="Whether the deployment is able to work",
    tags=TAGS,
    operation_id="getHealth",
)
def get_health(request: Request) -> Response[Annotated[str, Shows(PublicHealthBody, enveloped=False)]]:
    """200, or 503 when a service does not answer."""
    services = call_of(request).services
    report = services.check_health()
    body = public_health_body(report, version=services.version, stage=services.stage)
    return plain(body) if report.healthy else _degraded(request, {**body})


@router.get(
    "/api/v1/dashboard/health",
    summary="Health in detail: latencies and lanes",
    tags=TAGS,
    operation_id="getDetailedHealth",
)
def get_detailed_health(request: Request) -> Response[Annotated[str, Shows(HealthBody, enveloped=False)]]:
    """200, or 503 when a service does not answer."""
    services = call_of(request).services
    report = services.check_health()
    body = health_body(report, version=services.version, stage=services.stage)
    return plain(body) if report.healthy else _degraded(request, {**body})


@router.get("/api/v1/tasks", summary="The tasks that jobs may name", tags=TAGS, operation_id="listTasks")
def list_tasks(request: Request) -> Response[Annotated[str, Shows(TaskListBody)]]:
    """With the JSON schemas of their payloads."""
    registry = call_of(request).services.registry
    return success(TaskListBody(tasks=[task_body(registry.get(name)) for name in registry.names()]))


@router.get("/openapi.json", summary="This description", tags=TAGS, operation_id="getOpenApiDocument")
def get_openapi_document(request: Request) -> Response[Annotated[str, Shows(dict[str, Any], enveloped=False)]]:
    """OpenAPI 3.1."""
    from tickwell.http.openapi import document  # noqa: PLC0415 - it reads all routes, this one included

    return plain(document(call_of(request).services.version))


def _degraded(request: Request, body: dict[str, Any]) -> Response[str]:
    """The error envelope, with the health that explains it."""
    call = call_of(request)
    envelope = _DEGRADED.body(request_id=call.request_id, now=call.services.clock.now())
    return plain({**body, **envelope}, status=_DEGRADED.status)
