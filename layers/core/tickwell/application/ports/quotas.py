"""The port of a tenant's quotas."""

from collections.abc import Collection
from typing import Protocol

from tickwell.domain.quota import JobUse, Limits, QuotaName


class QuotaStore(Protocol):
    """What the operator decided for single tenants, and what their quota of jobs is held against."""

    def read(self, tenant_id: str) -> JobUse:
        """The tenant's own limits and its unfinished jobs, in one cheap read whose cost does not depend on them.

        On AWS both may be some seconds old.
        """
        ...

    def own(self, tenant_id: str) -> Limits:
        """The tenant's own limits. Consistent."""
        ...

    def change(self, tenant_id: str, limits: Limits, *, forgotten: Collection[QuotaName] = ()) -> None:
        """Set ``limits``, and forget those of ``forgotten``; all others stay. May be repeated."""
        ...
