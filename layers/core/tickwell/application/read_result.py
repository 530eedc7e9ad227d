"""The result of a job (S2): what its newest successful execution gave, with links to the files that it made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tickwell.application.claim_check import Detail, load_detail
from tickwell.application.files import LinkFiles
from tickwell.application.ports import BlobStore, History, JobStore
from tickwell.domain.account import Principal
from tickwell.domain.errors import InvalidInputError, NoResultError, NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.instant import iso
from tickwell.domain.job import Job
from tickwell.domain.json_value import DEEPEST_NESTING

_MOST_PAGES: Final = 5
_MOST_LINKS: Final = 1_000


@dataclass(frozen=True, kw_only=True, slots=True)
class JobResult:
    """``output`` is that of ``execution``, in which each file has ``url`` and ``expires_at`` besides."""

    job: Job
    execution: Execution
    output: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadResult:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    blobs: BlobStore
    link_files: LinkFiles

    def __call__(self, principal: Principal, job_id: str) -> JobResult:
        """The newest success of the job, or of what ran beside it.

        Raises NotFoundError; NoResultError, which is one, while there is none, or when its output was deleted.
        """
        job = self.jobs.get(principal.tenant_id, job_id)
        execution = self._newest_success(job)
        if execution is None:
            raise NoResultError(job_id)
        stored = Detail(output=execution.output, logs=execution.logs)
        try:
            output = load_detail(self.blobs, stored, execution.detail_blob).output
        except NotFoundError as error:
            raise NoResultError(job_id) from error
        return JobResult(job=job, execution=execution, output=self._linked(principal.tenant_id, output))

    def _newest_success(self, job: Job) -> Execution | None:
        """Among so many thousand of the job's newest executions as a request may read."""
        cursor: str | None = None
        for _ in range(_MOST_PAGES):
            page = self.history.list_executions(
                job.tenant_id,
                job.job_id,
                limit=1,
                cursor=cursor,
                with_children=True,
                status=ExecutionStatus.SUCCESS,
            )
            if page.items:
                return page.items[0]
            cursor = page.next_cursor
            if cursor is None:
                break
        return None

    def _linked(self, tenant_id: str, output: Any) -> Any:
        return _Linker(tenant_id=tenant_id, link_files=self.link_files).value(output, DEEPEST_NESTING)


@dataclass(kw_only=True, slots=True)
class _Linker:
    """Copies a JSON value; what it says of files, ``{"file": {"name": ...}}``, gets a link each."""

    tenant_id: str
    link_files: LinkFiles
    links: int = 0

    def value(self, value: Any, levels: int) -> Any:
        """``value`` with links in so many of its levels."""
        if levels == 0:
            return value
        if isinstance(value, list):
            return [self.value(each, levels - 1) for each in value]
        if not isinstance(value, Mapping):
            return value
        return {
            key: self._file(each) if key == "file" and isinstance(each, Mapping) else self.value(each, levels - 1)
            for key, each in value.items()
        }

    def _file(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """What only looks like a file stays as it is: a task may return anything."""
        name = said.get("name")
        if not isinstance(name, str) or self.links == _MOST_LINKS:
            return said
        try:
            download = self.link_files.download(self.tenant_id, name)
        except InvalidInputError:
            return said
        self.links += 1
        return {**said, "url": download.url, "expires_at": iso(download.expires_at)}
