"""What the routes for jobs under keys of their callers take and give (X24)."""

from collections.abc import Sequence
from dataclasses import is_dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, ValidationError
from typing_extensions import TypedDict

from tickwell.application.apply_jobs import MOST_JOBS, Applied, ApplyReport, Choice, Entry
from tickwell.application.define_job import DefineAction, Defined
from tickwell.domain.caller_key import (
    CALLER_KEY_PATTERN,
    LONGEST_CALLER_KEY,
    LONGEST_SCOPE,
    is_caller_key,
    require_caller_key,
    require_scope,
)
from tickwell.domain.definition import FieldChange
from tickwell.domain.errors import InvalidInputError, TickwellError, UnavailableError
from tickwell.domain.instant import iso
from tickwell.domain.retry import RetryPolicy
from tickwell.http.bulk_bodies import ItemErrorBody, item_error
from tickwell.http.errors import fault_of_part
from tickwell.http.exchange import render
from tickwell.http.job_bodies import JobPolicyBody, job_with_policy, retry_body
from tickwell.http.job_request import JobRequest
from tickwell.http.strict_body import StrictBody

_LONGEST_SHOWN = 2000
_PATTERN = f"^{CALLER_KEY_PATTERN}$"


def _key(text: str) -> str:
    try:
        return require_caller_key(text)
    except InvalidInputError as error:
        raise ValueError(error.reason) from None


def _scope(text: str) -> str:
    try:
        return require_scope(text)
    except InvalidInputError as error:
        raise ValueError(error.reason) from None


CallerKey = Annotated[
    str,
    AfterValidator(_key),
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_CALLER_KEY, "pattern": _PATTERN}),
]
Scope = Annotated[
    str,
    AfterValidator(_scope),
    Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_SCOPE, "pattern": _PATTERN}),
]


class KeyedJobRequest(JobRequest):
    """A job of a file: a whole definition, and the key that it has."""

    key: CallerKey = Field(description="What you call the job by. One job of a tenant has it.")


def _add_items(schema: dict[str, Any]) -> None:
    """What the list holds, for the documentation alone."""
    item = KeyedJobRequest.model_json_schema(ref_template="#/components/schemas/{model}")
    item.pop("$defs", None)
    schema["items"] = item


class ApplyRequest(StrictBody):
    """Jobs as a file has them. Each is judged by itself: one that is refused does not refuse the others."""

    jobs: list[Any] = Field(max_length=MOST_JOBS, json_schema_extra=_add_items)
    scope: Scope | None = Field(
        default=None,
        description="Names the file: its jobs carry it, and another scope's jobs are refused. Needed for `prune`.",
    )
    dry_run: bool = Field(default=False, description="Tell what would be done; do nothing.")
    prune: bool = Field(
        default=False, description="Delete what carries `scope` and is not in `jobs`, if nothing in `jobs` failed."
    )
    adopt: bool = Field(default=False, description="Take over jobs that carry another scope.")

    def to_entries(self, traceparent: str | None = None) -> list[Entry]:
        """What the use case takes, asked for in that trace; a job that is not valid is the error that says why."""
        return [_entry(given, traceparent) for given in self.jobs]

    def to_choice(self) -> Choice:
        """The same, of the rest."""
        return Choice(scope=self.scope, prune=self.prune, adopt=self.adopt, dry_run=self.dry_run)


ChangeBody = TypedDict("ChangeBody", {"field": str, "from": Any, "to": Any, "omitted": bool})
ChangeBody.__doc__ = "A field as it was and as it is. `omitted`: it is too long to be shown, and both are null."


class PutJobBody(JobPolicyBody):
    """The job as it is now, and what was done: `created`, `changed` or `unchanged`."""

    action: str
    changes: list[ChangeBody]


class AppliedBody(TypedDict):
    """What became of one job: `created`, `changed`, `unchanged`, `deleted`, or `failed` with an ``error``.

    ``id`` is null where there is no job (yet); ``key`` where none could be read.
    """

    key: str | None
    action: str
    id: str | None
    status: str | None
    changes: list[ChangeBody]
    error: NotRequired[ItemErrorBody]


class ApplyBody(TypedDict):
    """What became of all: those of the request in its order, then what was deleted.

    ``applied`` is ``created`` + ``changed`` + ``deleted``. ``prune``: `not_asked`, `done`, `incomplete` (there is more:
    apply again) or `left_out` (something failed, so nothing was deleted). In a dry run, what would become.
    """

    dry_run: bool
    scope: str | None
    applied: int
    created: int
    changed: int
    unchanged: int
    deleted: int
    failed: int
    prune: str
    results: list[AppliedBody]


def put_job_body(defined: Defined, now: datetime) -> PutJobBody:
    """``defined`` as it is shown."""
    return PutJobBody(
        **job_with_policy(defined.job, now),
        action=defined.action.value,
        changes=[_change(change) for change in defined.changes],
    )


def apply_body(report: ApplyReport, choice: Choice) -> ApplyBody:
    """``report`` as it is shown."""
    results = [_applied(applied, dry_run=choice.dry_run) for applied in report.applied]
    counts = {action: sum(result["action"] == action for result in results) for action in (*DefineAction, _FAILED)}
    created, changed, deleted = (
        counts[action] for action in (DefineAction.CREATED, DefineAction.CHANGED, DefineAction.DELETED)
    )
    return ApplyBody(
        dry_run=choice.dry_run,
        scope=choice.scope,
        applied=created + changed + deleted,
        created=created,
        changed=changed,
        unchanged=counts[DefineAction.UNCHANGED],
        deleted=deleted,
        failed=counts[_FAILED],
        prune=report.prune.value,
        results=results,
    )


_FAILED = "failed"


def shown(value: Any) -> Any:
    """A value of a definition as JSON; one that spells itself, as it does. Raises TypeError for any other object."""
    match value:
        case RetryPolicy():
            return retry_body(value)
        case Enum():
            return value.value
        case datetime():
            return iso(value)
        case tuple():
            return [shown(part) for part in value]
    if not is_dataclass(value):
        return value
    if type(value).__str__ is object.__str__:
        raise TypeError(f"nobody has said how {type(value).__name__} is shown")
    return str(value)


def _change(change: FieldChange) -> ChangeBody:
    before, after = shown(change.before), shown(change.after)
    if len(render({"from": before, "to": after})) > _LONGEST_SHOWN:
        return ChangeBody({"field": change.field, "from": None, "to": None, "omitted": True})
    return ChangeBody({"field": change.field, "from": before, "to": after, "omitted": False})


def _applied(applied: Applied, *, dry_run: bool) -> AppliedBody:
    outcome = applied.outcome
    if isinstance(outcome, TickwellError):
        return AppliedBody(key=applied.key, action=_FAILED, id=None, status=None, changes=[], error=item_error(outcome))
    there = not (dry_run and outcome.action is DefineAction.CREATED)
    return AppliedBody(
        key=applied.key,
        action=outcome.action.value,
        id=outcome.job.job_id if there else None,
        status=outcome.job.status.value if there else None,
        changes=[_change(change) for change in outcome.changes],
    )


def _entry(given: Any, traceparent: str | None) -> Entry:
    key = given.get("key") if isinstance(given, dict) else None
    key = key if isinstance(key, str) and is_caller_key(key) else None
    try:
        return Entry(key=key, job=KeyedJobRequest.model_validate(given).to_new_job().within(traceparent))
    except ValidationError as error:
        return Entry(key=key, job=fault_of_part(error))
    except InvalidInputError as error:
        return Entry(key=key, job=error)


def complete(applied: Sequence[Applied]) -> bool:
    """Whether nothing failed that may succeed when the same request is sent again."""
    return not any(isinstance(one.outcome, UnavailableError) for one in applied)
