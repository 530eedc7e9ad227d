"""Expired history goes to the archive and can be read back, on both engines (C29)."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import TENANT, TOMORROW, created, dead_letter, execution, job
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.adapters.archive_documents import ArchiveLine, dead_letter_line, detail_line, execution_line
from tickwell.adapters.aws.dynamodb.archive_stream import archive_lines_from
from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.dead_letter_documents import dead_letter_text
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.adapters.history_documents import execution_texts
from tickwell.application.ports import ArchivedMonth, BlobStore
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.errors import InvalidInputError, UnavailableError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.retry import GiveUp

MONTH = "2026-11"
LOGS = (LogEntry(at=NOON, level="info", message="hello ü", metadata={"n": 1.5}),)
AN_ATTEMPT = Execution(
    tenant_id=TENANT,
    job_id="00000000-0000-7000-8000-000000000001",
    due_at=NOON,
    attempt=1,
    status=ExecutionStatus.FAILED,
    token="t",
    decision=GiveUp(reason="enough"),
    started_at=NOON,
    finished_at=NOON + timedelta(seconds=1),
    output={"a": [1, None, 1e308]},
    failure=Failure(code="X", message="broke", traceback="line 1"),
    logs=LOGS,
    expires_at=TOMORROW,
)
ANOTHER_JOB = "00000000-0000-7000-8000-00000000000a"


@pytest.fixture
def archive(blobs: BlobStore) -> BlobArchive:
    return BlobArchive(blobs)


def line(of: Execution, *, removed_at: datetime = TOMORROW, **changes: Any) -> ArchiveLine:
    texts = execution_texts(of)
    fields: dict[str, Any] = {
        "due_ms": to_epoch_ms(of.due_at),
        "attempt": of.attempt,
        "expires_ms": to_epoch_ms(of.expires_at),
        "texts": (texts.summary, texts.outcome, texts.logs),
        "removed_at": removed_at,
    }
    return execution_line(of.job_key, **fields | changes)


def letter_line(of: DeadLetter) -> ArchiveLine:
    return dead_letter_line(
        of.tenant_id,
        of.dead_letter_id,
        expires_ms=to_epoch_ms(of.expires_at),
        text=dead_letter_text(of),
        removed_at=TOMORROW,
    )


def attempts(count: int) -> list[Execution]:
    return [replace(AN_ATTEMPT, job_id=ANOTHER_JOB, attempt=number) for number in range(1, count + 1)]


def read(archive: BlobArchive, *, limit: int = 100, job_id: str | None = None, month: str = MONTH) -> list[Execution]:
    """All pages together."""
    return every(
        lambda cursor: archive.executions(TENANT, month, job_id=job_id, limit=limit, cursor=cursor), most=limit
    )


def test_an_empty_archive_has_nothing(archive: BlobArchive) -> None:
    assert archive.month(TENANT, MONTH) == ArchivedMonth(month=MONTH, objects=0, executions=0, dead_letters=0)
    assert read(archive) == []
    assert archive.write([]) == 0


def test_executions_come_back_as_they_were(archive: BlobArchive) -> None:
    wanted = [AN_ATTEMPT, *attempts(3)]
    assert archive.write([line(each) for each in wanted]) == 1
    assert read(archive) == wanted
    assert archive.month(TENANT, MONTH) == ArchivedMonth(month=MONTH, objects=1, executions=4, dead_letters=0)


def test_dead_letters_come_back_as_they_were(archive: BlobArchive, sqlite: EmbeddedStores) -> None:
    letters = [dead_letter(job(sqlite.stores)) for _ in range(3)]
    archive.write([line(AN_ATTEMPT), *map(letter_line, letters)])
    page = archive.dead_letters(TENANT, MONTH, limit=2, cursor=None)
    rest = archive.dead_letters(TENANT, MONTH, limit=2, cursor=page.next_cursor)
    assert [*page.items, *rest.items] == letters
    assert archive.month(TENANT, MONTH).dead_letters == 3
    assert read(archive) == [AN_ATTEMPT]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_lose_and_repeat_nothing(archive: BlobArchive, limit: int) -> None:
    wanted = attempts(11)
    for at in range(0, 11, 3):
        removed_at = TOMORROW + timedelta(hours=at)
        archive.write([line(each, removed_at=removed_at) for each in wanted[at : at + 3]])
    assert read(archive, limit=limit) == wanted


def test_many_objects_make_short_pages_that_go_on(archive: BlobArchive) -> None:
    wanted = attempts(45)
    for number, each in enumerate(wanted):
        archive.write([line(each, removed_at=TOMORROW + timedelta(hours=number))])
    page = archive.executions(TENANT, MONTH, job_id=None, limit=100, cursor=None)
    assert len(page.items) < 45
    assert read(archive) == wanted


def test_more_objects_than_one_listing_names_are_read(archive: BlobArchive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.adapters.blob_archive._NAMES_PER_PAGE", 4)
    wanted = attempts(15)
    for number, each in enumerate(wanted):
        archive.write([line(each, removed_at=TOMORROW + timedelta(seconds=number))])
    assert read(archive) == wanted


def test_one_jobs_executions_can_be_read_alone(archive: BlobArchive) -> None:
    archive.write([line(each) for each in [AN_ATTEMPT, *attempts(3)]])
    assert read(archive, job_id=ANOTHER_JOB, limit=2) == attempts(3)
    assert read(archive, job_id="another") == []


def test_tenants_and_months_are_kept_apart(archive: BlobArchive) -> None:
    december = datetime(2026, 12, 1, tzinfo=UTC)
    others = [replace(AN_ATTEMPT, tenant_id="tenant-2"), replace(AN_ATTEMPT, due_at=december)]
    assert archive.write([line(each) for each in [AN_ATTEMPT, *others]]) == 3
    assert read(archive) == [AN_ATTEMPT]
    assert read(archive, month="2026-12") == [others[1]]


def test_the_same_batch_again_is_the_same_object(archive: BlobArchive) -> None:
    for _ in range(2):
        archive.write([line(each) for each in attempts(3)])
    assert archive.month(TENANT, MONTH).objects == 1
    assert read(archive) == attempts(3)


def test_what_a_crash_archived_twice_is_read_once(archive: BlobArchive) -> None:
    archive.write([line(each) for each in attempts(3)])
    archive.write([line(each) for each in attempts(5)])
    assert sorted(each.attempt for each in read(archive, limit=2)) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("apart", [timedelta(), timedelta(minutes=10)])
@pytest.mark.parametrize("detail_first", [True, False])
def test_long_parts_that_were_removed_apart_are_put_together(
    archive: BlobArchive, apart: timedelta, detail_first: bool
) -> None:
    texts = execution_texts(AN_ATTEMPT)
    earlier, later = TOMORROW, TOMORROW + apart
    head = line(
        AN_ATTEMPT, texts=(texts.summary, None, None), detail="abc", removed_at=later if detail_first else earlier
    )
    long = detail_line(
        AN_ATTEMPT.job_key,
        due_ms=to_epoch_ms(NOON),
        attempt=1,
        detail="abc",
        outcome=texts.outcome,
        logs=texts.logs,
        removed_at=earlier if detail_first else later,
    )
    batches: Sequence[list[ArchiveLine]] = [[head, long]] if apart == timedelta() else [[head], [long]]
    for batch in batches:
        archive.write(batch)
    assert read(archive) == [AN_ATTEMPT]


def test_an_execution_whose_long_parts_are_nowhere_is_shown_without_them(archive: BlobArchive) -> None:
    summary = execution_texts(AN_ATTEMPT).summary
    archive.write([line(AN_ATTEMPT, texts=(summary, None, None), detail="abc")])
    assert read(archive) == [replace(AN_ATTEMPT, output=None, failure=None, logs=())]


@pytest.mark.parametrize("cursor", ["", "x", "e30", "WzEsImFyY2hpdmUiLDFd", "W10"])
def test_a_cursor_that_is_none_is_refused(archive: BlobArchive, cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        archive.executions(TENANT, MONTH, job_id=None, limit=1, cursor=cursor)


def test_the_archive_can_be_read_without_this_program(archive: BlobArchive, blobs: BlobStore) -> None:
    archive.write([line(AN_ATTEMPT)])
    folder = f"tenants/{TENANT}/archive/{MONTH}/"
    (name,) = blobs.list(folder, after=folder, limit=10)
    document = json.loads(gzip.decompress(blobs.get(name)))
    assert document["job"] == AN_ATTEMPT.job_id
    assert document["outcome"]["output"] == {"a": [1, None, 1e308]}


def test_the_sweep_archives_before_it_deletes(sqlite: EmbeddedStores, archive: BlobArchive) -> None:
    stores = sqlite.stores
    of, letter = execution(created(stores), logs=LOGS), dead_letter(created(stores))
    stores.history.record_many([of, execution(created(stores), expires_at=NOON + timedelta(days=99))])
    stores.history.put_dead_letters([letter])
    stores.clock.advance(timedelta(days=31))
    expiry = EmbeddedExpiry(sqlite.database, stores.clock, archive)
    assert [expiry.sweep(), expiry.sweep()] == [2, 0]
    assert read(archive) == [of]
    assert archive.dead_letters(TENANT, MONTH, limit=10, cursor=None).items == (letter,)
    assert archive.month(TENANT, MONTH).executions == 1


class _FullDisk:
    """A blob store that takes nothing."""

    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        raise UnavailableError("files", f"{name} {len(data)} {content_type}")


def test_what_cannot_be_archived_is_not_deleted(sqlite: EmbeddedStores, archive: BlobArchive) -> None:
    stores = sqlite.stores
    of = execution(created(stores))
    stores.history.record_many([of])
    stores.clock.advance(timedelta(days=31))
    full: Any = _FullDisk()
    with pytest.raises(UnavailableError):
        EmbeddedExpiry(sqlite.database, stores.clock, BlobArchive(full)).sweep()
    EmbeddedExpiry(sqlite.database, stores.clock, archive).sweep()
    assert read(archive) == [of]


def _removals(region: str, by: str = "dynamodb.amazonaws.com") -> dict[str, Any]:
    """What the stream would hold if everything that was written had been deleted."""
    return {
        "Records": [
            {
                "eventName": "REMOVE",
                "userIdentity": {"type": "Service", "principalId": by},
                "dynamodb": {
                    "OldImage": record["dynamodb"]["NewImage"],
                    "ApproximateCreationDateTime": TOMORROW.timestamp(),
                },
            }
            for record in stream_records(region)
        ]
    }


def _history(stores: Stores) -> tuple[list[Execution], DeadLetter]:
    short = execution(created(stores))
    long = execution(created(stores), output="x" * 5000, logs=LOGS)
    letter = dead_letter(created(stores))
    stores.history.record_many([short, long])
    stores.history.put_dead_letters([letter])
    return [short, long], letter


def test_what_ttl_deletes_is_archived(dynamodb: DynamoStores, archive: BlobArchive, aws: str) -> None:
    executions, letter = _history(dynamodb.stores)
    archive.write(archive_lines_from(_removals(aws)))
    assert sorted(read(archive), key=lambda each: each.job_id) == executions
    assert archive.dead_letters(TENANT, MONTH, limit=10, cursor=None).items == (letter,)


def test_what_somebody_deletes_is_not_archived(dynamodb: DynamoStores, aws: str) -> None:
    _history(dynamodb.stores)
    assert archive_lines_from(_removals(aws, by="somebody")) == []
    assert archive_lines_from({"Records": stream_records(aws)}) == []
    assert archive_lines_from({}) == []
