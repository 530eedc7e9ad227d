"""``cleanup_files``: deletes what has lain in the tenant's store for too long (S6), however many files there are.

It goes through the names in order, some thousand at a time, and notes how far it has come: an attempt that runs out of
time, or dies, is followed by one that goes on there, with the same limit of age and the same counts.
"""

import asyncio
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Literal, TypeVar

from pydantic import AliasChoices, Field, model_validator

from tickwell.application.claim_check import details_folder
from tickwell.application.ports import BlobInfo, BlobStore
from tickwell.application.read_history import mail_folder
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, NotFoundError, UnavailableError
from tickwell.domain.instant import iso
from tickwell.domain.retry import Policy, RetryPolicy, RetryStrategy
from tickwell.domain.task_file import file_blob, files_folder
from tickwell.tasks.payload import Payload, payload_parser

_AT_ONCE: Final = 5_000
_NOTE_VERSION: Final = 1
_ABANDONED_AFTER: Final = timedelta(days=30)
"""A note of how far a cleanup has come is worth nothing by then."""

T = TypeVar("T")


class CleanupFilesPayload(Payload):
    """What is to be deleted: by kind, or the files whose names begin with ``prefix``."""

    either = ("type", "prefix")

    older_than_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        validation_alias=AliasChoices("older_than_days", "olderThanDays"),
        description="Only what was written that many days before the job was due, or earlier",
    )
    type: Literal["files", "mail", "outputs", "all"] | None = Field(
        default=None,
        description="files; mail as it was sent; outputs of executions that are too large for the store; or all of it",
    )
    prefix: str | None = Field(
        default=None, min_length=1, max_length=700, description="Only files whose names begin with it: images/"
    )
    dry_run: bool = Field(default=False, description="Count, and delete nothing")

    @model_validator(mode="after")
    def _says_what(self) -> "CleanupFilesPayload":
        if self.type is None and self.prefix is None:
            raise ValueError('needs a type ("all" for everything) or a prefix')
        if self.prefix is not None:
            if self.type not in {None, "files"}:
                raise ValueError("a prefix is one of files: leave type out, or say files")
            try:
                file_blob("", self.prefix.removesuffix("/"))
            except InvalidInputError as error:
                raise ValueError(f"prefix {error.reason}") from error
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stretch:
    """Names of blobs to be gone through: those in ``folder`` that begin with ``prefix``, which is it or longer."""

    folder: str
    prefix: str

    @property
    def before(self) -> str:
        """Sorts before all of them, and behind all others before them: names have no character behind ``z``."""
        return self.prefix if self.prefix == self.folder else f"{self.prefix[:-1]}{chr(ord(self.prefix[-1]) - 1)}~"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """How far it has come: behind ``after`` (None: at the beginning) of a stretch; and the counts so far."""

    stretch: int = 0
    after: str | None = None
    looked_at: int = 0
    found: int = 0
    found_bytes: int = 0
    deleted: int = 0

    def behind(self, page: list[BlobInfo], old: list[BlobInfo], *, deletes: bool) -> "_Place":
        """When the ``old`` ones of ``page`` are done with."""
        return replace(
            self,
            after=page[-1].name,
            looked_at=self.looked_at + len(page),
            found=self.found + len(old),
            found_bytes=self.found_bytes + sum(info.size_bytes for info in old),
            deleted=self.deleted + (len(old) if deletes else 0),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Cleanup:
    """One occurrence's cleanup. All its methods wait for the store, in a thread."""

    blobs: BlobStore
    tenant_id: str
    stretches: tuple[_Stretch, ...]
    written_before: datetime
    deletes: bool
    note: str

    def begin(self) -> _Place:
        """Where the attempt before this one came to; the beginning, where another release has noted that."""
        try:
            said = json.loads(self.blobs.get(self.note))
        except NotFoundError:
            return _Place()
        return _Place(**said["place"]) if said["v"] == _NOTE_VERSION else _Place()

    def step(self, place: _Place) -> _Place | None:
        """One page further; None at the end. What was deleted is noted after it is gone: it may be deleted twice."""
        if place.stretch == len(self.stretches):
            return None
        stretch = self.stretches[place.stretch]
        listed = self.blobs.details(stretch.folder, after=place.after or stretch.before, limit=_AT_ONCE)
        page = [info for info in listed if info.name.startswith(stretch.prefix)]
        if not page:
            further = replace(place, stretch=place.stretch + 1, after=None)
        else:
            old = [info for info in page if info.modified_at < self.written_before]
            if self.deletes:
                self.blobs.delete_many([info.name for info in old])
            further = place.behind(page, old, deletes=self.deletes)
        note = {"v": _NOTE_VERSION, "place": asdict(further)}
        self.blobs.put(self.note, json.dumps(note).encode(), content_type="application/json")
        return further

    def end(self, now: datetime) -> None:
        """Delete the note, and those that nobody will come back to."""
        folder = _notes_folder(self.tenant_id)
        left = self.blobs.details(folder, after=folder, limit=_AT_ONCE)
        gone = [info.name for info in left if info.modified_at < now - _ABANDONED_AFTER]
        self.blobs.delete_many([self.note, *gone])


async def _run(payload: CleanupFilesPayload, context: TaskContext) -> dict[str, Any]:
    cleanup = _Cleanup(
        blobs=context.blobs,
        tenant_id=context.tenant_id,
        stretches=tuple(_stretches(payload, context.tenant_id)),
        written_before=context.due_at - timedelta(days=payload.older_than_days),
        deletes=not payload.dry_run,
        note=f"{_notes_folder(context.tenant_id)}{context.idempotency_key}.json",
    )
    place = await _from_store(cleanup.begin)
    if place != _Place():
        context.log("info", "goes on where the attempt before it ended", looked_at=place.looked_at)
    while (further := await _from_store(partial(cleanup.step, place))) is not None:
        place = further
        await context.progress(0, f"{place.looked_at} looked at, {place.found} of them old, {place.deleted} deleted")
    await _from_store(lambda: cleanup.end(context.now()))
    return {
        "dry_run": payload.dry_run,
        "older_than": iso(cleanup.written_before),
        "looked_at": place.looked_at,
        "found": place.found,
        "found_bytes": place.found_bytes,
        "deleted": place.deleted,
    }


def _stretches(payload: CleanupFilesPayload, tenant_id: str) -> Iterator[_Stretch]:
    files = files_folder(tenant_id)
    if payload.prefix is not None:
        prefix = files + payload.prefix
        yield _Stretch(folder=f"{prefix.rpartition('/')[0]}/", prefix=prefix)
        return
    folders = {"files": files, "mail": mail_folder(tenant_id), "outputs": details_folder(tenant_id)}
    for kind, folder in folders.items():
        if payload.type in {kind, "all"}:
            yield _Stretch(folder=folder, prefix=folder)


def _notes_folder(tenant_id: str) -> str:
    return f"tenants/{tenant_id}/cleanups/"


async def _from_store(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except UnavailableError as error:
        raise AttemptFailedError("FILES_UNAVAILABLE", "the store of files could not be reached") from error


CLEANUP_FILES: Task[CleanupFilesPayload] = Task(
    name="cleanup_files",
    summary="Deletes files, kept mail or large outputs that are older than some days.",
    parse=payload_parser(CleanupFilesPayload),
    payload_schema=CleanupFilesPayload.model_json_schema,
    run=_run,
    policy=Policy(
        timeout_seconds=840,
        max_retries=10,
        retry=RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=5.0),
    ),
)
