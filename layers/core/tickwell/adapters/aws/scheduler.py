"""The far timer on EventBridge Scheduler: one one-time schedule per due item, deleted by the service once it fired."""

import hashlib
import json
import re
from collections.abc import Sequence
from concurrent.futures import Executor, wait
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

_LATEST_FIRING = timedelta(minutes=1)
"""How long after its time a schedule may fire."""

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
        threads: Executor,
    ) -> None:
        self._client = client
        self._group = group
        self._dispatch_queue_arn = dispatch_queue_arn
        self._role_arn = role_arn
        self._clock = clock
        self._threads = threads

    def takes(self, message: JobMessage) -> bool:
        """Whether it is far enough away to be scheduled."""
        return message.run_at >= self._clock.now() + _EARLY + _SHORTEST_LEAD

    def arm(self, items: Sequence[DueItem]) -> None:
        """Create the schedules of those that are ``timed``. An existing schedule of the same name is the same one.

        One whose time to fire has come meanwhile fires at once. Raises UnavailableError when one of them failed; the
        others were created nevertheless.
        """
        timed = [item.message for item in items if item.timed]
        if len(timed) == 1:
            self._create(timed[0])
            return
        creating = [self._threads.submit(self._create, message) for message in timed]
        wait(creating)
        for created in creating:
            created.result()

    def ping(self) -> None:
        """Ask for the group of the schedules. Raises UnavailableError."""
        with service_errors(_SERVICE):
            self._client.get_schedule_group(Name=self._group)

    def disarm(self, message: JobMessage) -> None:
        """Delete the schedule if it is still there. One that has fired by now is deleted by the service."""
        if message.run_at <= self._clock.now() + _EARLY - _LATEST_FIRING:
            return
        try:
            with service_errors(_SERVICE):
                self._client.delete_schedule(GroupName=self._group, Name=schedule_name(message))
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise

    def _create(self, message: JobMessage) -> None:
        soonest = self._clock.now() + _SHORTEST_LEAD
        fire_at = max(message.run_at - _EARLY, soonest).astimezone(UTC)
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
    """The schedule's name: the same for the same attempt at the same occurrence, and no other.

    An armed occurrence is that of its version of the job. What waits in the slot outlives edits, and so does its name.
    At most 64 characters; begins with the job's id, so that a person finds it.
    """
    in_slot = message.attempt > 1 or message.queued
    version = None if in_slot else message.version
    identity = json.dumps([message.tenant_id, message.job_id, version, to_epoch_ms(message.due_at), message.attempt])
    readable = re.sub(r"[^0-9A-Za-z]", "", message.job_id)[:32]
    return f"{readable}-{hashlib.sha256(identity.encode()).hexdigest()[:24]}"
