"""functions/safety_sync."""

from dataclasses import dataclass

from tickwell.application.alert_operator import AlertOperator
from tickwell.application.delete_tenant import EraseTenants
from tickwell.application.safety_sync import SafetySync
from tickwell.bootstrap.aws.clients import open_lanes, open_notifications, open_table
from tickwell.bootstrap.aws.foundation import core_of
from tickwell.metrics import Metrics
from tickwell.settings.functions import SafetySyncSettings
from tickwell.settings.reading import load
from tickwell.settings.shared import FarTimerKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync:
    """What the handler needs."""

    sync: SafetySync
    metrics: Metrics
    alert: AlertOperator
    erase: EraseTenants


def build() -> Sync:
    """What repairs, alerts and erases."""
    settings = load(SafetySyncSettings)
    core = core_of(settings, open_table(settings.table), open_lanes(settings))
    return Sync(
        metrics=Metrics(stage=settings.stage, clock=core.clock),
        sync=core.safety_sync(sweeps=settings.far_timer is FarTimerKind.SWEEP),
        alert=AlertOperator(notifications=open_notifications(settings.notification_url), clock=core.clock),
        erase=core.erase_tenants(),
    )
