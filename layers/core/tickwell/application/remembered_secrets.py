"""Tenants' secrets as a worker reads them: a store that is asked for each attempt would be slow, and costs."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from tickwell.application.ports import Clock, TenantSecrets
from tickwell.application.remembered import Remembered

_MOST: Final = 200
"""Values are up to 64 KB long."""


class RememberedSecrets:
    """The reading half of ``TenantSecrets``; what was not found is asked for anew."""

    def __init__(self, secrets: TenantSecrets, clock: Clock, *, fresh_for: timedelta) -> None:
        def read(key: tuple[str, str]) -> Sequence[str]:
            return secrets.versions(*key)

        self._known = Remembered(read, clock, fresh_for=fresh_for, most=_MOST)

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets.versions``, up to ``fresh_for`` late."""
        return self._known.get((tenant_id, name))
