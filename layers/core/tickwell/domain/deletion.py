"""The deletion of a tenant: credentials at once, everything else step by step."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

BEGINS_AFTER = timedelta(minutes=1)
"""By then every worker has noticed that the tenant is stopped, and every request of it has ended."""

LOOK_AGAIN_AFTER = timedelta(hours=1)

OVER_AFTER = timedelta(days=2)
"""By then the longest attempt that any worker offers (a day) has ended and been recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """A tenant that is being deleted. What is left of it is looked for at ``look_at``."""

    tenant_id: str
    begun_at: datetime
    look_at: datetime

    def is_over(self, now: datetime) -> bool:
        """Whether nothing of the tenant can come into being any more."""
        return now >= self.begun_at + OVER_AFTER

    def later(self, now: datetime) -> "Deletion":
        """To be looked at once more: what still ran may have left something."""
        return replace(self, look_at=now + LOOK_AGAIN_AFTER)


def begun(tenant_id: str, now: datetime) -> Deletion:
    """A deletion that begins ``now``."""
    return Deletion(tenant_id=tenant_id, begun_at=now, look_at=now + BEGINS_AFTER)
