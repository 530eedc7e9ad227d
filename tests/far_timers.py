"""A stand-in for EventBridge Scheduler on a clock that is moved: moto keeps schedules and never fires them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import ClientError

from tickwell.adapters.aws.scheduler import SchedulerFarTimer
from tickwell.application.execute_batch import JobQueue
from tickwell.application.ports import Clock, Outgoing
from tickwell.messages import decode_job_message

if TYPE_CHECKING:
    from types_boto3_scheduler import EventBridgeSchedulerClient

GROUP = "tickwell"
QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:dispatch"
ROLE_ARN = "arn:aws:iam::123456789012:role/tickwell-scheduler"


class SchedulerService:
    """One-time schedules by name, as far as ``SchedulerFarTimer`` uses the service.

    A schedule fires up to a minute after its time: ``late_by`` says how long, and ``fails`` which names cannot be
    created. ``is_down``: it refuses everybody. What has fired is deleted (ActionAfterCompletion).
    """

    def __init__(self, clock: Clock, dispatch_queue: JobQueue, late_by: timedelta = timedelta(seconds=59)) -> None:
        self.dispatch_queue = dispatch_queue
        self.late_by = late_by
        self.is_down = False
        self.fails: Callable[[str], bool] = lambda _name: False
        self.schedules: dict[str, tuple[datetime, str]] = {}
        self.calls: list[str] = []
        self._clock = clock
        self._threads = ThreadPoolExecutor(4)

    def far_timer(self) -> SchedulerFarTimer:
        """The real adapter on this service."""
        client = cast("EventBridgeSchedulerClient", self)
        return SchedulerFarTimer(client, GROUP, QUEUE_ARN, ROLE_ARN, self._clock, self._threads)

    def fire(self) -> None:
        """Send to the dispatch queue what is due by now."""
        now = self._clock.now()
        for name, (at, body) in sorted(self.schedules.items(), key=lambda item: item[1]):
            if at + self.late_by <= now:
                message = decode_job_message(body)
                self.dispatch_queue.send([Outgoing(message=cast("Any", message), group="scheduler")])
                del self.schedules[name]

    def create_schedule(self, **request: Any) -> dict[str, Any]:
        """The operation of that name."""
        self.calls.append("create")
        name = request["Name"]
        if self.is_down or self.fails(name):
            raise _error("ThrottlingException", 429, "CreateSchedule")
        if name in self.schedules:
            raise _error("ConflictException", 409, "CreateSchedule")
        assert request["GroupName"] == GROUP
        assert request["ScheduleExpressionTimezone"] == "UTC"
        assert request["FlexibleTimeWindow"] == {"Mode": "OFF"}
        assert request["ActionAfterCompletion"] == "DELETE"
        at = datetime.strptime(request["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)
        assert at > self._clock.now(), "in the past"
        self.schedules[name] = at, request["Target"]["Input"]
        return {}

    def delete_schedule(self, *, GroupName: str, Name: str) -> dict[str, Any]:  # noqa: N803 - the operation's own names
        """The operation of that name."""
        self.calls.append("delete")
        assert GroupName == GROUP
        if self.is_down:
            raise _error("AccessDeniedException", 403, "DeleteSchedule")
        if Name not in self.schedules:
            raise _error("ResourceNotFoundException", 404, "DeleteSchedule")
        del self.schedules[Name]
        return {}

    def get_schedule_group(self, *, Name: str) -> dict[str, Any]:  # noqa: N803 - the operation's own names
        """The operation of that name."""
        assert Name == GROUP
        return {"Name": Name}


def _error(code: str, status: int, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation)  # type: ignore[typeddict-item]
