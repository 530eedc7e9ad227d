"""Tell the operator what the system had to repair (C25)."""

from dataclasses import dataclass

from tickwell.application.ports import Clock, Notifications, Outgoing
from tickwell.application.safety_sync import SyncReport
from tickwell.domain.notification import Channel, Notification
from tickwell.domain.outcome_event import AlertKind, alert


@dataclass(frozen=True, kw_only=True, slots=True)
class AlertOperator:
    """The use case; see ``__call__``."""

    notifications: Notifications
    clock: Clock

    def __call__(self, report: SyncReport) -> bool:
        """Send an alert when messages or workers were lost, or more fell due than a run could handle.

        Whether one was sent to the queue; the notifier delivers one in 15 minutes. Raises UnavailableError.
        """
        if not (report.resent or report.recovered or report.behind):
            return False
        note = (
            f"The safety sync sent {report.resent} lost message(s) again, took {report.recovered} attempt(s) over from "
            f"workers that gave no sign of life, and left {report.behind} shard(s) to its next run."
        )
        event = alert(AlertKind.REPAIRED, self.clock.now(), note=note)
        self.notifications.send(
            [Outgoing(message=Notification(event=event, channel=Channel.EMAIL), group=event.tenant_id)]
        )
        return True
