"""The port of what is counted of a tenant."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Protocol

from tickwell.domain.counts import Counts, HourTally
from tickwell.domain.usage import UsageByDay


class TenantCounts(Protocol):
    """Counts of a tenant, derived from the writes of its jobs and dead letters (rule 9).

    Reading costs the same for ten jobs and for a million.
    Embedded: counted in the very transaction of each write. AWS: counted from the table's stream, a few seconds behind
    and then exact; what has expired counts until TTL has deleted it.
    """

    def read(self, tenant_id: str) -> Counts:
        """Everything but the hours; empty for a tenant that has nothing."""
        ...

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> Mapping[datetime, HourTally]:
        """How executions ended and how long they took, by the hour (UTC) in which they ended, oldest first.

        Hours that begin from ``since`` to before ``until``; those without any are left out, and those of more than
        ``HOURS_KEPT`` ago.
        """
        ...

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        """What was done, by the day (UTC) from ``since`` to before ``until``; days without any are left out.

        Kept as long as the hours. AWS: what happened within seconds of midnight may be counted to the day after it.
        """
        ...
