"""All queues of the embedded engine."""

from dataclasses import dataclass
from typing import Final

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.application.execute_batch import JobQueue
from tickwell.application.follow_outcomes import Channels
from tickwell.application.ports import Clock, Lanes, Notifications
from tickwell.domain.lane import Lane
from tickwell.domain.notification import Channel
from tickwell.messages import decode_job_message, decode_notification, encode_job_message, encode_notification

LANE_DEAD_LETTERS: Final = "lane-dlq"
NOTIFICATION_DEAD_LETTERS: Final = "notification-dlq"
NOTIFICATION_QUEUES: Final = {Channel.EMAIL: "notifications", Channel.WEBHOOK: "webhooks"}
"""One for each channel, so that slow webhooks leave the threads of mail alone."""

_VISIBILITY_MARGIN_SECONDS = 30
_NOTIFICATION_VISIBILITY_SECONDS = 90
_NOTIFICATION_MAX_RECEIVES = 15


@dataclass(frozen=True, kw_only=True, slots=True)
class Queues:
    """The queues in one database."""

    lanes: Lanes
    lane_dead_letters: JobQueue
    notifications: Channels
    failed_notifications: Notifications


def queues_in(database: Database, clock: Clock, *, worker_timeout_seconds: int, ahead_seconds: float = 0.0) -> Queues:
    """The queues in ``database``; a worker may keep a message of a lane for ``worker_timeout_seconds``.

    It gets the message ``ahead_seconds`` before its delay is over.
    """
    lane_seconds = worker_timeout_seconds + _VISIBILITY_MARGIN_SECONDS
    return Queues(
        lanes={
            lane: _lane(database, clock, lane_queue(lane), LANE_DEAD_LETTERS, lane_seconds, ahead_seconds)
            for lane in Lane
        },
        lane_dead_letters=_lane(database, clock, LANE_DEAD_LETTERS, None, _NOTIFICATION_VISIBILITY_SECONDS, 0.0),
        notifications={channel: _notifications(database, clock, name) for channel, name in NOTIFICATION_QUEUES.items()},
        failed_notifications=_notifications(database, clock, NOTIFICATION_DEAD_LETTERS),
    )


def lane_queue(lane: Lane) -> str:
    """The name of the queue of ``lane``."""
    return f"lane-{lane.value}"


def _lane(
    database: Database,
    clock: Clock,
    name: str,
    dead_letter: str | None,
    visibility_seconds: int,
    ahead_seconds: float,
) -> JobQueue:
    return EmbeddedQueue(
        database,
        name,
        dead_letter,
        encode_job_message,
        decode_job_message,
        clock,
        visibility_seconds=visibility_seconds,
        ahead_seconds=ahead_seconds,
    )


def _notifications(database: Database, clock: Clock, name: str) -> Notifications:
    return EmbeddedQueue(
        database,
        name,
        NOTIFICATION_DEAD_LETTERS,
        encode_notification,
        decode_notification,
        clock,
        visibility_seconds=_NOTIFICATION_VISIBILITY_SECONDS,
        max_receives=_NOTIFICATION_MAX_RECEIVES,
    )
