"""The port of the operator's stop switch."""

from collections.abc import Sequence
from typing import Protocol

from tickwell.domain.stop import Stop


class StopSwitch(Protocol):
    """Who is stopped. Written by the operator alone, read by every worker every few seconds."""

    def find(self, tenant_id: str | None) -> Stop | None:
        """The stop of just this tenant or, with None, of everybody. Consistent."""
        ...

    def put(self, stop: Stop) -> None:
        """Stop, or overwrite a stop."""
        ...

    def lift(self, tenant_id: str | None) -> None:
        """Let go on; where nothing is stopped nothing happens."""
        ...

    def stops(self, *, limit: int) -> Sequence[Stop]:
        """Up to ``limit`` stops in force, that of everybody first, then by tenant. Consistent."""
        ...

    def tenant_exists(self, tenant_id: str) -> bool:
        """Whether there is such a tenant. Consistent."""
        ...
