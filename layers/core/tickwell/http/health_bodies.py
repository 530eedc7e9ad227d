"""What the routes about health give (C21, E8, B8)."""

from collections.abc import Sequence
from datetime import datetime

from typing_extensions import TypedDict

from tickwell.application.answers import Answers
from tickwell.application.health import HealthReport, ServiceHealth, backlog_level
from tickwell.application.manage_queues import QueueState
from tickwell.application.ports import Depth
from tickwell.application.statistics import WorkHealth
from tickwell.domain.counts import Counts
from tickwell.domain.instant import iso, to_epoch_ms
from tickwell.domain.job import JobStatus
from tickwell.http.api_health_bodies import ApiHealthBody, api_health_body


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


class JobMetricsBody(TypedDict):
    """The messages of all lanes together, and how many of the tenant's jobs have ended so."""

    waiting: int
    active: int
    completed: int
    failed: int
    delayed: int


class NotificationMetricsBody(TypedDict):
    """Notifications under way; ``failed`` were given up. What was sent is in the executions' logs, and not counted."""

    waiting: int
    active: int
    delayed: int
    failed: int | None


class QueueMetricsBody(TypedDict):
    """By lane (those that answered), and all lanes together."""

    jobs: JobMetricsBody
    notifications: NotificationMetricsBody
    lanes: dict[str, LaneMetricsBody]


class ServiceHealthBody(TypedDict):
    """One service, measured by a round trip."""

    status: str
    latency_ms: int
    detail: str | None


class QueueHealthBody(ServiceHealthBody):
    """The queues as a service, with how full they are."""

    metrics: QueueMetricsBody


class HealthServicesBody(TypedDict):
    """All services."""

    store: ServiceHealthBody
    far_timer: ServiceHealthBody
    queue: QueueHealthBody


class MemoryBody(TypedDict):
    """What the answering process uses, and what it may use."""

    used_mb: int
    total_mb: int


class SystemBody(TypedDict):
    """The process that answers."""

    uptime_seconds: int
    memory: MemoryBody
    environment: str


class HealthBody(TypedDict):
    """Health in detail."""

    success: bool
    status: str
    timestamp: str
    version: str
    services: HealthServicesBody
    api: ApiHealthBody
    system: SystemBody


class LevelBody(TypedDict):
    """One service and its level: normal, warning or critical."""

    success: bool
    status: str
    level: str
    latency_ms: int


class QueueLevelsBody(LevelBody):
    """The queues; each lane's level by what waits in it."""

    lanes: dict[str, str]


class NamedQueueLevelBody(TypedDict):
    """A queue of the tenant; its level by what waits in it."""

    name: str
    level: str
    waiting: int
    running: int | None
    paused: bool


class WorkLevelBody(TypedDict):
    """The tenant's attempts of the last 24 hours: normal are less than 1 % failed, and 5 s on average."""

    level: str
    executions: int
    error_rate: float
    avg_duration_seconds: float | None


class AdminQueuesBody(TypedDict):
    """The worst level of all, and where it comes from."""

    level: str
    lanes: dict[str, LaneMetricsBody]
    queues: list[NamedQueueLevelBody]
    work: WorkLevelBody


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


def health_body(report: HealthReport, counts: Counts, answers: Answers, *, version: str, stage: str) -> HealthBody:
    """What members may know; ``counts`` are their tenant's, ``answers`` those of this process."""
    return HealthBody(
        success=report.healthy,
        status=_status(report.healthy),
        timestamp=iso(report.at),
        version=version,
        services=HealthServicesBody(
            store=_service_body(report.services["store"]),
            far_timer=_service_body(report.services["far_timer"]),
            queue=QueueHealthBody(**_service_body(report.services["lanes"]), metrics=_metrics(report, counts)),
        ),
        api=api_health_body(answers),
        system=SystemBody(
            uptime_seconds=int(report.uptime.total_seconds()),
            memory=MemoryBody(used_mb=report.memory.used_mb, total_mb=report.memory.total_mb),
            environment=stage,
        ),
    )


def level_body(service: ServiceHealth) -> LevelBody:
    """One service."""
    return LevelBody(
        success=service.healthy,
        status=_status(service.healthy),
        level=service.level.value,
        latency_ms=service.latency_ms,
    )


def queue_levels_body(report: HealthReport) -> QueueLevelsBody:
    """What everybody may know of the queues: levels, no numbers."""
    levels = {lane.value: backlog_level(depth.waiting).value for lane, depth in report.lanes.items()}
    return QueueLevelsBody(**level_body(report.services["lanes"]), lanes=levels)


def admin_queues_body(report: HealthReport, states: Sequence[QueueState], work: WorkHealth) -> AdminQueuesBody:
    """What an owner may know of the queues."""
    lanes = [backlog_level(depth.waiting) for depth in report.lanes.values()]
    levels = [report.services["lanes"].level, *lanes, *(state.health for state in states), work.level]
    return AdminQueuesBody(
        level=max(levels, key=lambda level: level.severity).value,
        lanes={lane.value: _lane_metrics(depth, report.at) for lane, depth in report.lanes.items()},
        queues=[
            NamedQueueLevelBody(
                name=state.queue.name,
                level=state.health.value,
                waiting=state.waiting,
                running=state.running,
                paused=state.queue.paused_at is not None,
            )
            for state in states
        ],
        work=WorkLevelBody(
            level=work.level.value,
            executions=work.tally.total,
            error_rate=round(100 * work.error_share, 2),
            avg_duration_seconds=None if work.average_seconds is None else round(work.average_seconds, 3),
        ),
    )


def _metrics(report: HealthReport, counts: Counts) -> QueueMetricsBody:
    depths = report.lanes.values()
    told = report.notifications
    return QueueMetricsBody(
        jobs=JobMetricsBody(
            waiting=sum(depth.waiting for depth in depths),
            active=sum(depth.in_flight for depth in depths),
            completed=counts.count_jobs(status=JobStatus.COMPLETED),
            failed=counts.count_jobs(status=JobStatus.FAILED),
            delayed=sum(depth.delayed for depth in depths),
        ),
        notifications=NotificationMetricsBody(
            waiting=told.waiting, active=told.in_flight, delayed=told.delayed, failed=report.failed_notifications
        ),
        lanes={lane.value: _lane_metrics(depth, report.at) for lane, depth in report.lanes.items()},
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
