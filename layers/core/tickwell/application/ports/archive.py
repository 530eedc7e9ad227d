"""The port of the archive: history that has expired, by month, in the blob store."""

from dataclasses import dataclass
from typing import Protocol

from tickwell.application.ports.stores import Page
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedMonth:
    """How much there is of a tenant's month (UTC). What was archived twice, after a crash, is counted twice."""

    month: str
    objects: int
    executions: int
    dead_letters: int


class Archive(Protocol):
    """What has expired, in the order in which it was archived.

    Pages may be short, even empty; their cursor goes on. All raise InvalidInputError("cursor").
    """

    def month(self, tenant_id: str, month: str) -> ArchivedMonth:
        """How much there is of ``month`` (``2026-11``): in it executions were due, and dead letters failed."""
        ...

    def executions(
        self, tenant_id: str, month: str, *, job_id: str | None, limit: int, cursor: str | None
    ) -> Page[Execution]:
        """Executions with output and logs, all or those of one job."""
        ...

    def dead_letters(self, tenant_id: str, month: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Dead letters."""
        ...
