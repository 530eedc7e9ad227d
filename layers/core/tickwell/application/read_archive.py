"""Read history back that has expired (C29)."""

from dataclasses import dataclass

from tickwell.application.ports import Archive, ArchivedMonth, BlobStore, Page
from tickwell.application.whole import whole_execution
from tickwell.domain.account import Principal
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, require_page_limit


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadArchive:
    """The use cases, one method each; ``month`` is spelled ``2026-11``. All raise InvalidInputError("cursor")."""

    archive: Archive
    blobs: BlobStore

    def month(self, principal: Principal, month: str) -> ArchivedMonth:
        """How much there is."""
        return self.archive.month(principal.tenant_id, month)

    def executions(
        self, principal: Principal, month: str, *, job_id: str | None, limit: int, cursor: str | None
    ) -> Page[Execution]:
        """Executions with output and logs, wherever these lie."""
        page = self.archive.executions(
            principal.tenant_id, month, job_id=job_id, limit=require_page_limit(limit), cursor=cursor
        )
        whole = tuple(whole_execution(self.blobs, execution) for execution in page.items)
        return Page(items=whole, next_cursor=page.next_cursor)

    def dead_letters(self, principal: Principal, month: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """Dead letters."""
        return self.archive.dead_letters(principal.tenant_id, month, limit=require_page_limit(limit), cursor=cursor)
