"""What the routes about the deployment itself give."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from tickwell.application.health import HealthReport, ServiceHealth
from tickwell.application.ports import Depth
from tickwell.application.task import Task
from tickwell.domain.instant import iso, to_epoch_ms
from tickwell.http.job_bodies import RetryBody, retry_body


class TaskBody(TypedDict):
    """A task that jobs may name: the JSON schema of its payload, and the policy of jobs that choose none."""

    name: str
    summary: str
    payload_schema: dict[str, Any]
    timeout_seconds: int
    max_retries: int
    retry: RetryBody


class TaskListBody(TypedDict):
    """All tasks, by name."""

    tasks: list[TaskBody]


class WelcomeBody(TypedDict):
    """Where to go from here."""

    name: str
    version: str
    links: dict[str, str]


class PublicHealthBody(TypedDict):
    """Whether the deployment is able to work; each service is ``connected`` or ``disconnected``."""

    success: bool
    status: str
    timestamp: str
    version: str
    environment: str
    services: dict[str, str]


class LaneMetricsBody(TypedDict):
    """About how many messages a lane holds; ``active`` are those that workers have."""

    waiting: int
    delayed: int
    active: int
    oldest_age_seconds: float | None


class ServiceHealthBody(TypedDict):
    """One service, measured by a round trip."""

    status: str
    latency_ms: int
    detail: str | None


class QueueHealthBody(ServiceHealthBody):
    """The lanes as a service, with their depths."""

    metrics: dict[str, LaneMetricsBody]


class HealthServicesBody(TypedDict):
    """All services."""

    store: ServiceHealthBody
    queue: QueueHealthBody


class SystemBody(TypedDict):
    """What is running."""

    environment: str


class HealthBody(TypedDict):
    """Health in detail."""

    success: bool
    status: str
    timestamp: str
    version: str
    services: HealthServicesBody
    system: SystemBody


def task_body(task: Task[Any]) -> TaskBody:
    """``task`` as it is shown."""
    return TaskBody(
        name=task.name,
        summary=task.summary,
        payload_schema=task.payload_schema(),
        timeout_seconds=task.policy.timeout_seconds,
        max_retries=task.policy.max_retries,
        retry=retry_body(task.policy.retry),
    )


def public_health_body(report: HealthReport, *, version: str, stage: str) -> PublicHealthBody:
    """What everybody may know."""
    return PublicHealthBody(
        success=report.healthy,
        status=_status(report.healthy),
        timestamp=iso(report.at),
        version=version,
        environment=stage,
        services={
            name: "connected" if service.healthy else "disconnected" for name, service in report.services.items()
        },
    )


def health_body(report: HealthReport, *, version: str, stage: str) -> HealthBody:
    """What members may know."""
    metrics = {lane.value: _lane_metrics(depth, report.at) for lane, depth in report.lanes.items()}
    lanes = _service_body(report.services["lanes"])
    return HealthBody(
        success=report.healthy,
        status=_status(report.healthy),
        timestamp=iso(report.at),
        version=version,
        services=HealthServicesBody(
            store=_service_body(report.services["store"]), queue=QueueHealthBody(**lanes, metrics=metrics)
        ),
        system=SystemBody(environment=stage),
    )


def _status(healthy: bool) -> str:
    return "healthy" if healthy else "degraded"


def _service_body(service: ServiceHealth) -> ServiceHealthBody:
    return ServiceHealthBody(
        status="healthy" if service.healthy else "unhealthy", latency_ms=service.latency_ms, detail=service.detail
    )


def _lane_metrics(depth: Depth, now: datetime) -> LaneMetricsBody:
    age_ms = None if depth.oldest_at is None else max(0, to_epoch_ms(now) - to_epoch_ms(depth.oldest_at))
    return LaneMetricsBody(
        waiting=depth.waiting,
        delayed=depth.delayed,
        active=depth.in_flight,
        oldest_age_seconds=None if age_ms is None else age_ms / 1000,
    )
