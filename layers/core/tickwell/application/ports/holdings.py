"""The ports of the export: everything that a tenant has, however much that is, in the order of its keys."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from tickwell.domain.audit import AuditRecord
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, Skip
from tickwell.domain.export import ExportPlace
from tickwell.domain.job import Job
from tickwell.domain.notification import NotificationRecord

T = TypeVar("T")

HistoryItem = Execution | Skip | NotificationRecord
"""What lies in the history of a job."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch(Generic[T]):
    """Items, each with the position to go on behind it.

    ``reached``: the position to go on behind the stretch, which may have no items; None when nothing follows.
    """

    items: tuple[tuple[str, T], ...]
    reached: str | None


class Holdings(Protocol):
    """What tenants have without bounds.

    All reads are consistent, go in one order that never changes, and cost what they give, however far behind the
    beginning: what was there before the first read and stays is met once. ``after`` is a position of the same listing.
    """

    def jobs(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[Job]:
        """All jobs with their payloads, children and deleted ones included, in the order of their ids: the positions.

        Payloads in the blob store are left there. A child's id begins with that of its parent, and comes behind it.
        """
        ...

    def history(self, tenant_id: str, job_id: str, *, after: str | None, limit: int) -> Stretch[HistoryItem]:
        """Executions with output and logs, then skips, then what became of notifications; each kind oldest first.

        What a child ran is listed under its parent, whether that is still there or not; what was told of it is not.
        Raises InvalidInputError("cursor") for what is no position.
        """
        ...

    def dead_letters(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[DeadLetter]:
        """Oldest occurrence first; positions are ids. Payloads in the blob store are left there."""
        ...

    def audit_records(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[AuditRecord]:
        """Oldest first; positions are ids."""
        ...


class ExportCursors(Protocol):
    """How places in an export are spelled for callers."""

    def spell(self, tenant_id: str, place: ExportPlace) -> str:
        """The cursor for ``place``; it holds for this tenant."""
        ...

    def read(self, tenant_id: str, cursor: str) -> ExportPlace:
        """The place of a cursor. Raises InvalidInputError("cursor") for any but this tenant's."""
        ...
