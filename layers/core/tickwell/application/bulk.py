"""Do something to all that a filter chooses, a bounded piece of the listing for each request (B10, X12)."""

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tickwell.application.dead_letters import DeleteDeadLetter, RetryDeadLetter
from tickwell.application.manage_job import ChangeJob, JobAction
from tickwell.application.ports import Clock, History, JobStore, Page
from tickwell.domain.account import Principal
from tickwell.domain.dead_letter import DeadLetter, DeadLetterFilter
from tickwell.domain.errors import (
    ConflictError,
    IllegalTransitionError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    UnavailableError,
)
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.job_filter import JobFilter

MOST_ROWS = 1000
"""A request reads no more rows than this; its cursor goes on."""

PATIENCE = timedelta(seconds=10)
"""No page is begun later than this after the request."""

OF_ONE = (
    ConflictError,
    IllegalTransitionError,
    InvalidInputError,
    NotFoundError,
    QuotaExceededError,
    UnavailableError,
)
"""What one of many may meet without an end for the others."""

_PAGE = 50
_MOST_REASONS = 20

T = TypeVar("T")


@dataclass(slots=True)
class BulkReport:
    """What became of what the filter chose. In a dry run ``changed`` counts what would be.

    ``matched`` is ``changed`` + ``skipped`` (its state does not allow it) + ``failed`` (trying again may help).
    ``reasons`` counts why, of skipped and failed ones. ``next_cursor`` is None when the listing is at its end.
    """

    read: int = 0
    matched: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    next_cursor: str | None = None

    def note(self, error: Exception | None) -> None:
        """Count one that was chosen; ``error`` is what it met, if anything."""
        self.matched += 1
        if error is None:
            self.changed += 1
            return
        if isinstance(error, UnavailableError | ConflictError | QuotaExceededError):
            self.failed += 1
        else:
            self.skipped += 1
        reason = "a service was not available" if isinstance(error, UnavailableError) else str(error)
        known = reason in self.reasons or len(self.reasons) < _MOST_REASONS
        self.reasons[reason if known else "other reasons"] += 1


@dataclass(frozen=True, kw_only=True, slots=True)
class _Sweep(Generic[T]):
    """Walks through a listing: ``page`` reads on, ``chosen`` decides, ``act`` does it, or raises why not."""

    clock: Clock
    page: Callable[[str | None], Page[T]]
    chosen: Callable[[T], bool]
    is_beyond: Callable[[T], bool]
    act: Callable[[T], object]
    side_by_side: int

    def run(self, cursor: str | None) -> BulkReport:
        """Until the listing ends, enough was read, or time is up."""
        begun_at = self.clock.now()
        report = BulkReport(next_cursor=cursor)
        with ThreadPoolExecutor(self.side_by_side, thread_name_prefix="bulk") as threads:
            while True:
                page = self.page(report.next_cursor)
                report.read += len(page.items)
                report.next_cursor = page.next_cursor
                for error in threads.map(self._try, [item for item in page.items if self.chosen(item)]):
                    report.note(error)
                if any(self.is_beyond(item) for item in page.items[-1:]):
                    report.next_cursor = None
                over = report.read >= MOST_ROWS or self.clock.now() - begun_at > PATIENCE
                if report.next_cursor is None or over:
                    return report

    def _try(self, item: T) -> Exception | None:
        try:
            self.act(item)
        except OF_ONE as error:
            return error
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkJobs:
    """The use case; see ``__call__``. ``side_by_side`` says how many jobs are changed at the same time."""

    jobs: JobStore
    change_job: ChangeJob
    clock: Clock
    side_by_side: int = 8

    def __call__(
        self,
        principal: Principal,
        action: JobAction,
        chosen: JobFilter,
        *,
        dry_run: bool,
        cursor: str | None,
        ids: Sequence[str] | None = None,
    ) -> BulkReport:
        """Do ``action`` to the tenant's jobs that ``chosen`` matches, newest first, or only count with ``dry_run``.

        ``ids``: none but these, which are read by themselves, without a walk through the listing; children may be among
        them, and what is deleted is passed over. Each job is changed as by a request of its own, if ``chosen`` still
        matches it at that moment. Raises InvalidInputError("cursor"), UnavailableError.
        """
        if ids is not None and cursor is not None:
            raise InvalidInputError("cursor", "does not go with ids: they are done in one request")
        now = self.clock.now()

        def edit(job: Job, at: datetime) -> Job:
            if not chosen.matches(job, at):
                raise IllegalTransitionError("job", "no longer what the filter chose", action.value)
            return self.change_job.edit(action, job, at)

        def act(job: Job) -> object:
            return edit(job, now) if dry_run else self.change_job.change(principal, job.job_id, edit)

        sweep = _Sweep(
            clock=self.clock,
            page=lambda cursor: self._page(principal.tenant_id, ids, cursor),
            chosen=lambda job: chosen.matches(job, now),
            is_beyond=chosen.is_beyond,
            act=act,
            side_by_side=self.side_by_side,
        )
        return sweep.run(cursor)

    def _page(self, tenant_id: str, ids: Sequence[str] | None, cursor: str | None) -> Page[Job]:
        if ids is None:
            return self.jobs.list_jobs(tenant_id, limit=_PAGE, cursor=cursor)
        keys = [JobKey(tenant_id=tenant_id, job_id=job_id) for job_id in dict.fromkeys(ids)]
        found = self.jobs.get_many(keys)
        there = tuple(found[key] for key in keys if key in found and found[key].status is not JobStatus.DELETED)
        return Page(items=there, next_cursor=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class BulkDeadLetters:
    """The use cases, one method each."""

    history: History
    retry_dead_letter: RetryDeadLetter
    delete_dead_letter: DeleteDeadLetter
    clock: Clock
    side_by_side: int = 8

    def retry(self, principal: Principal, chosen: DeadLetterFilter, *, dry_run: bool, cursor: str | None) -> BulkReport:
        """Retry the dead letters that ``chosen`` matches; what was retried before is skipped, so it may be repeated."""

        def act(letter: DeadLetter) -> object:
            if dry_run:
                return self.retry_dead_letter.require_retryable(letter, again=False)
            return self.retry_dead_letter(principal, letter.dead_letter_id, again=False)

        return self._sweep(principal, chosen, act).run(cursor)

    def delete(
        self, principal: Principal, chosen: DeadLetterFilter, *, dry_run: bool, cursor: str | None
    ) -> BulkReport:
        """Delete the dead letters that ``chosen`` matches, and still matches when their turn comes."""

        def act(letter: DeadLetter) -> object:
            return None if dry_run else self.delete_dead_letter(principal, letter.dead_letter_id, chosen)

        return self._sweep(principal, chosen, act).run(cursor)

    def _sweep(
        self, principal: Principal, chosen: DeadLetterFilter, act: Callable[[DeadLetter], object]
    ) -> _Sweep[DeadLetter]:
        return _Sweep(
            clock=self.clock,
            page=lambda cursor: self.history.list_dead_letters(principal.tenant_id, limit=_PAGE, cursor=cursor),
            chosen=chosen.matches,
            is_beyond=lambda _: False,
            act=act,
            side_by_side=self.side_by_side,
        )
