"""The far timer on EventBridge Scheduler: one one-time schedule per due item, deleted by the service once it fired."""

import hashlib
import json
import re
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.application.ports import Clock
from tickwell.domain.due import DueItem
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.message import JobMessage
from tickwell.messages import encode_job_message

if TYPE_CHECKING:
    from types_boto3_scheduler import EventBridgeSchedulerClient

_SERVICE = "scheduler"
_EARLY = timedelta(minutes=2)
"""Scheduler is good to a minute only; the lane's delay then waits out the rest to the second."""

_SHORTEST_LEAD = timedelta(seconds=5)
"""A schedule nearer than this might lie in the past when the service reads it."""

_GIVE_UP_AFTER_SECONDS = 900
"""How long Scheduler tries to deliver; by then the safety sync has sent the message itself."""


class SchedulerFarTimer:
    """Fires each due item into the dispatch queue two minutes early, as the ``JobMessage`` that it holds."""

    def __init__(
        self,
        client: "EventBridgeSchedulerClient",
        group: str,
        dispatch_queue_arn: str,
        role_arn: str,
        clock: Clock,
    ) -> None:
        self._client = client
        self._group = group
        self._dispatch_queue_arn = dispatch_queue_arn
        self._role_arn = role_arn
        self._clock = clock

    def arm(self, items: Sequence[DueItem]) -> None:
        """Create the schedules. Items that the caller sends itself, or that are too near to be scheduled, are left out.

        The sweep brings what is left out. An existing schedule of the same name is the same schedule.
        """
        earliest = self._clock.now() + _EARLY + _SHORTEST_LEAD
        for item in items:
            if not item.sent and item.message.run_at >= earliest:
                self._create(item.message)

    def ping(self) -> None:
        """Ask for the group of the schedules. Raises UnavailableError."""
        with service_errors(_SERVICE):
            self._client.get_schedule_group(Name=self._group)

    def disarm(self, message: JobMessage) -> None:
        """Delete the schedule if it is still there."""
        try:
            with service_errors(_SERVICE):
                self._client.delete_schedule(GroupName=self._group, Name=schedule_name(message))
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise

    def _create(self, message: JobMessage) -> None:
        fire_at = (message.run_at - _EARLY).astimezone(UTC)
        try:
            with service_errors(_SERVICE):
                self._client.create_schedule(
                    GroupName=self._group,
                    Name=schedule_name(message),
                    ScheduleExpression=f"at({fire_at:%Y-%m-%dT%H:%M:%S})",
                    ScheduleExpressionTimezone="UTC",
                    FlexibleTimeWindow={"Mode": "OFF"},
                    ActionAfterCompletion="DELETE",
                    Target={
                        "Arn": self._dispatch_queue_arn,
                        "RoleArn": self._role_arn,
                        "Input": encode_job_message(message),
                        "RetryPolicy": {"MaximumEventAgeInSeconds": _GIVE_UP_AFTER_SECONDS},
                    },
                )
        except ClientError as error:
            if error_code(error) != "ConflictException":
                raise


def schedule_name(message: JobMessage) -> str:
    """The schedule's name: the same for the same attempt at the same occurrence of the same version, and no other.

    At most 64 characters; begins with the job's id, so that a person finds it.
    """
    identity = json.dumps(
        [message.tenant_id, message.job_id, message.version, to_epoch_ms(message.due_at), message.attempt]
    )
    readable = re.sub(r"[^0-9A-Za-z]", "", message.job_id)[:32]
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}"
