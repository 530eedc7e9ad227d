"""What the routes for many jobs at once take and give."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, LiteralString, NotRequired

from pydantic import AfterValidator, Field, ValidationError
from typing_extensions import TypedDict

from tickwell.application.bulk import BulkReport
from tickwell.application.create_job import NewJob
from tickwell.application.create_jobs import MOST_JOBS
from tickwell.application.manage_job import JobAction
from tickwell.domain.errors import InvalidInputError, TickwellError
from tickwell.domain.job_filter import STATUS_WORDS, JobFilter
from tickwell.domain.schedule import JobType
from tickwell.http.errors import fault_of, fault_of_part
from tickwell.http.instants import Instant
from tickwell.http.job_bodies import JobPolicyBody
from tickwell.http.job_request import JobRequest
from tickwell.http.strict_body import StrictBody

_Name = Annotated[str, Field(min_length=1, max_length=255)]
MOST_IDS = 100


def _known_word(word: str) -> str:
    if word not in STATUS_WORDS:
        raise ValueError(f"must be one of {', '.join(sorted(STATUS_WORDS))}")
    return word


_Status = Annotated[str, AfterValidator(_known_word), Field(json_schema_extra={"enum": sorted(STATUS_WORDS)})]


_ONE_OF_TWO = 'must be given with at least one field, or "all": true instead of it: exactly one of the two'


class BulkFilter(StrictBody):
    """What is meant: all that match every field that is given. Nothing is chosen by leaving everything out."""

    elsewhere: ClassVar[Mapping[str, LiteralString]] = {
        "all": 'is no field of a filter; "all": true stands instead of it'
    }

    def is_empty(self) -> bool:
        """Whether no field is given, or only null."""
        return all(getattr(self, name) is None for name in type(self).model_fields)


class BulkChoiceRequest(StrictBody):
    """A request about many: those of a ``filter``, or ``all``. With ``dry_run`` nothing is done, only counted."""

    filter: BulkFilter | None = None
    all: bool = Field(default=False, description="true: whatever there is. Instead of `filter`: exactly one of them.")
    dry_run: bool = Field(default=False, description="Count what would become of them; do nothing.")
    cursor: str | None = Field(default=None, max_length=2048, description="`next_cursor` of the answer before.")

    def require_choice(self) -> None:
        """Raise InvalidInputError unless there is exactly one of a filter with a field and ``all``."""
        if self.all and self.filter is not None:
            raise InvalidInputError("all", "does not go with a filter: give exactly one of the two")
        if not self.all and (self.filter is None or self.filter.is_empty()):
            raise InvalidInputError("filter", _ONE_OF_TWO)


class JobChoice(BulkFilter):
    """Which jobs are meant: all that match every field that is given, of which there must be one.

    ``status`` and ``state`` both take a status, a state or `pending` (delayed or waiting).
    """

    ids: list[_Name] | None = Field(
        default=None,
        min_length=1,
        max_length=MOST_IDS,
        description="None but these, children too; unknown ones are passed over.",
    )
    search: _Name | None = Field(default=None, description="Part of the name, in any case.")
    status: _Status | None = None
    state: _Status | None = None
    task: _Name | None = None
    job_type: JobType | None = Field(default=None, strict=False)
    tag: _Name | None = None
    queue: _Name | None = None
    created_after: Instant | None = Field(default=None, description="At this instant or later.")
    created_before: Instant | None = Field(default=None, description="Before this instant.")

    def to_filter(self) -> JobFilter:
        """What the use case takes."""
        return JobFilter(
            status=self.status,
            state=self.state,
            task=self.task,
            job_type=self.job_type,
            tag=self.tag,
            queue=self.queue,
            search=self.search,
            created_after=self.created_after,
            created_before=self.created_before,
        )


class BulkRequest(BulkChoiceRequest):
    """What to do to which jobs: exactly one of `filter` and `"all": true`. With `dry_run` they are only counted."""

    action: JobAction = Field(strict=False)
    filter: JobChoice | None = None

    def to_filter(self) -> JobFilter:
        """What the use case takes. Raises InvalidInputError where nothing is chosen, or twice."""
        self.require_choice()
        return JobFilter() if self.filter is None else self.filter.to_filter()

    def ids(self) -> list[str] | None:
        """The ids of the jobs, where they are named."""
        return None if self.filter is None else self.filter.ids


class BatchRequest(StrictBody):
    """Jobs to create, each by itself: one that is refused does not refuse the others."""

    jobs: list[Any] = Field(
        min_length=1,
        max_length=MOST_JOBS,
        json_schema_extra={"items": {"$ref": "#/components/schemas/JobRequest"}},
    )

    def to_new_jobs(self, traceparent: str | None = None) -> list[NewJob | TickwellError]:
        """What the use case takes, asked for in that trace; a job that is not valid is the error that says why."""
        return [_new_job(job, traceparent) for job in self.jobs]


class ReasonBody(TypedDict):
    """Why some were skipped or failed, and how many."""

    reason: str
    count: int


class BulkBody(TypedDict):
    """What became of what the filter chose.

    ``matched`` is ``changed`` (in a dry run: would be) + ``skipped`` (its state does not allow it) + ``failed`` (trying
    again may help). A request looks at about 1,000 rows: while ``next_cursor`` is not null, go on with it.
    """

    action: str
    dry_run: bool
    matched: int
    changed: int
    skipped: int
    failed: int
    reasons: list[ReasonBody]
    next_cursor: str | None


class ItemFaultBody(TypedDict):
    """What is wrong with one field of a job."""

    field: str
    message: str


class ItemErrorBody(TypedDict):
    """Why a job was not created, as a request for it alone would have told."""

    code: str
    message: str
    details: list[ItemFaultBody]


class BatchItemBody(TypedDict):
    """What became of one job: ``data`` where ``success`` is true, ``error`` otherwise."""

    index: int
    success: bool
    data: NotRequired[JobPolicyBody]
    error: NotRequired[ItemErrorBody]


class BatchBody(TypedDict):
    """The result of each job, in the order of the request."""

    created: int
    failed: int
    results: list[BatchItemBody]


def bulk_body(action: str, report: BulkReport, *, dry_run: bool) -> BulkBody:
    """``report`` as it is shown."""
    return BulkBody(
        action=action,
        dry_run=dry_run,
        matched=report.matched,
        changed=report.changed,
        skipped=report.skipped,
        failed=report.failed,
        reasons=[ReasonBody(reason=reason, count=count) for reason, count in report.reasons.most_common()],
        next_cursor=report.next_cursor,
    )


def batch_body(results: Sequence[BatchItemBody]) -> BatchBody:
    """``results`` with their sums."""
    created = sum(result["success"] for result in results)
    return BatchBody(created=created, failed=len(results) - created, results=list(results))


def refused_item(index: int, error: TickwellError) -> BatchItemBody:
    """The result of a job that was not created."""
    return BatchItemBody(index=index, success=False, error=item_error(error))


def item_error(error: TickwellError) -> ItemErrorBody:
    """``error`` as a request about that job alone would have told it."""
    fault = fault_of(error)
    details = [ItemFaultBody(field=field, message=message) for field, message in fault.details]
    return ItemErrorBody(code=fault.code, message=fault.message, details=details)


def created_item(index: int, job: JobPolicyBody) -> BatchItemBody:
    """The result of a job that was created."""
    return BatchItemBody(index=index, success=True, data=job)


def _new_job(given: Any, traceparent: str | None) -> NewJob | TickwellError:
    try:
        return JobRequest.model_validate(given).to_new_job().within(traceparent)
    except ValidationError as error:
        return fault_of_part(error)
    except InvalidInputError as error:
        return error
