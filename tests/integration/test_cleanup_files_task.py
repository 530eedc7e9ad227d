"""``cleanup_files``: what it deletes and what it leaves, and how it goes on after an attempt that did not end."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.contract.queue_engines import aws  # noqa: F401
from tests.doubles import NOON, FakeClock
from tests.task_contexts import task_context
from tickwell.adapters.aws.s3 import S3Blobs
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.ports import BlobInfo, BlobStore
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, UnavailableError
from tickwell.domain.instant import iso
from tickwell.tasks import cleanup_files
from tickwell.tasks.cleanup_files import CLEANUP_FILES

TENANT = "tenants/t1/"
FILES = ["files/a.txt", "files/images.txt", "files/images/1.png", "files/images/2/3.png", "files/images0"]
OTHERS = ["mail/e1.json", "executions/e1.json"]
YOUNG = ["files/images/4.png", "mail/e2.json"]
UNTOUCHED = ["payloads/p.json", "archive/2026-10/x", "dead-letters/d.json"]


class _KilledError(Exception):
    """Stands for whatever ends a worker."""


class _Blobs(FileBlobs):
    """Raises ``error`` in place of the ``fails_at``-th page."""

    pages = 0
    fails_at = -1
    error: Exception = _KilledError()

    def details(self, folder: str, *, after: str, limit: int) -> Sequence[BlobInfo]:
        self.pages += 1
        if self.pages == self.fails_at:
            raise self.error
        return super().details(folder, after=after, limit=limit)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def blobs(tmp_path: Path, clock: FakeClock) -> _Blobs:
    """A store with what was written 40, 20 and 0 days before noon."""
    store = _Blobs(tmp_path, clock)
    clock.set(NOON - timedelta(days=40))
    for name in (*FILES, *OTHERS, *UNTOUCHED):
        store.put(TENANT + name, b"12345", content_type="text/plain")
    store.put("tenants/t2/files/a.txt", b"another's", content_type="text/plain")
    clock.set(NOON - timedelta(days=20))
    for name in YOUNG:
        store.put(TENANT + name, b"123", content_type="text/plain")
    clock.set(NOON)
    return store


def run(payload: Any, context: TaskContext) -> Any:
    return asyncio.run(CLEANUP_FILES.execute(payload, context))


def left(store: BlobStore) -> list[str]:
    return [name.removeprefix(TENANT) for name in store.list(TENANT, after="", limit=10_000)]


@pytest.mark.parametrize(
    ("payload", "gone"),
    [
        ({"type": "all"}, [*FILES, *OTHERS]),
        ({"type": "all", "olderThanDays": 30}, [*FILES, *OTHERS]),
        ({"type": "all", "older_than_days": 0}, [*FILES, *OTHERS, *YOUNG]),
        ({"type": "all", "older_than_days": 41}, []),
        ({"type": "files"}, FILES),
        ({"type": "mail"}, OTHERS[:1]),
        ({"type": "outputs"}, OTHERS[1:]),
        ({"prefix": "images/"}, FILES[2:4]),
        ({"prefix": "images"}, FILES[1:]),
        ({"prefix": "images/2"}, FILES[3:4]),
        ({"prefix": "images/1.png", "type": "files"}, FILES[2:3]),
        ({"prefix": "none/"}, []),
        ({"prefix": "image", "older_than_days": 10}, [*FILES[1:], YOUNG[0]]),
    ],
)
def test_what_is_old_and_chosen_goes(blobs: _Blobs, clock: FakeClock, payload: dict[str, Any], gone: list[str]) -> None:
    before = left(blobs)
    output = run(payload, task_context(blobs=blobs, clock=clock))
    assert left(blobs) == [name for name in before if name not in gone]
    assert (output["found"], output["deleted"]) == (len(gone), len(gone))
    assert output["found_bytes"] == sum(3 if name in YOUNG else 5 for name in gone)
    assert blobs.get("tenants/t2/files/a.txt")


def test_a_dry_run_counts_and_deletes_nothing(blobs: _Blobs, clock: FakeClock) -> None:
    before = left(blobs)
    output = run({"type": "all", "dry_run": True}, task_context(blobs=blobs, clock=clock))
    assert left(blobs) == before
    assert output == {
        "dry_run": True,
        "older_than": iso(NOON - timedelta(days=30)),
        "looked_at": len(FILES) + len(OTHERS) + len(YOUNG),
        "found": len(FILES) + len(OTHERS),
        "found_bytes": 5 * (len(FILES) + len(OTHERS)),
        "deleted": 0,
    }


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("fails_at", range(1, 8))
@pytest.mark.parametrize("dry_run", [False, True])
def test_an_attempt_goes_on_where_the_one_before_it_ended(
    blobs: _Blobs, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, at_once: int, fails_at: int, dry_run: bool
) -> None:
    monkeypatch.setattr(cleanup_files, "_AT_ONCE", at_once)
    payload = {"type": "all", "dry_run": dry_run}
    blobs.fails_at = fails_at
    with pytest.raises(_KilledError):
        run(payload, task_context(blobs=blobs, clock=clock))
    clock.advance(timedelta(days=1))
    output = run(payload, task_context(blobs=blobs, clock=clock, attempt=2))
    assert output["looked_at"] == len(FILES) + len(OTHERS) + len(YOUNG)
    assert output["found"] == len(FILES) + len(OTHERS)
    assert output["deleted"] == (0 if dry_run else output["found"])
    assert [name for name in left(blobs) if name.startswith("cleanups")] == []
    if at_once == 1:  # nothing is looked at twice: one page for each file, and one that ends each of three folders
        pages = len(FILES) + len(OTHERS) + len(YOUNG) + 3
        assert blobs.pages == pages + 1 + 1  # the one that failed, and the notes at the end


def test_another_occurrence_begins_anew(blobs: _Blobs, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup_files, "_AT_ONCE", 1)
    blobs.fails_at = 3
    context = task_context(blobs=blobs, clock=clock)
    with pytest.raises(_KilledError):
        run({"type": "files"}, context)
    later = replace(context, due_at=NOON + timedelta(days=7), idempotency_key="another")
    assert run({"type": "files"}, later)["looked_at"] == len(FILES) + 1 - 2
    notes = [name for name in left(blobs) if name.startswith("cleanups/")]
    assert len(notes) == 1
    clock.advance(timedelta(days=31))
    run({"type": "mail"}, replace(later, due_at=clock.now(), idempotency_key="third"))
    assert [name for name in left(blobs) if name.startswith("cleanups/")] == []


def test_a_store_that_fails_is_worth_another_attempt(blobs: _Blobs, clock: FakeClock) -> None:
    blobs.fails_at, blobs.error = 2, UnavailableError("s3", "SlowDown")
    with pytest.raises(AttemptFailedError) as failure:
        run({"type": "all"}, task_context(blobs=blobs, clock=clock))
    assert (failure.value.error_code, failure.value.retryable) == ("FILES_UNAVAILABLE", True)


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"older_than_days": 30},
        {"type": "everything"},
        {"type": "all", "older_than_days": -1},
        {"type": "all", "older_than_days": 1.5},
        {"type": "all", "older_than_days": "30"},
        {"type": "all", "prefix": "a/"},
        {"type": "mail", "prefix": "a/"},
        {"prefix": ""},
        {"prefix": "../"},
        {"prefix": "/"},
        {"prefix": "a//"},
        {"prefix": "a b"},
        {"prefix": "images/\n"},
        {"type": "all", "more": 1},
        None,
        [],
    ],
)
def test_a_payload_that_does_not_say_what_to_delete_is_refused(payload: Any) -> None:
    with pytest.raises(InvalidInputError, match="payload"):
        CLEANUP_FILES.parse(payload)


@pytest.mark.usefixtures("aws")
def test_it_cleans_a_bucket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup_files, "_AT_ONCE", 2)
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="blobs")
    store = S3Blobs(client, "blobs")
    for name in (*FILES, *OTHERS, *UNTOUCHED):
        store.put(TENANT + name, b"12345", content_type="text/plain")
    store.put("tenants/t2/files/a.txt", b"another's", content_type="text/plain")
    context = task_context(blobs=store)
    before, now = left(store), datetime.now(UTC)
    assert run({"type": "all"}, replace(context, due_at=now + timedelta(days=29)))["found"] == 0
    assert left(store) == before
    assert run({"prefix": "images/"}, replace(context, due_at=now + timedelta(days=31)))["deleted"] == 2
    output = run({"type": "all"}, replace(context, due_at=now + timedelta(days=31)))
    assert output["deleted"] == len(FILES) + len(OTHERS) - 2
    assert left(store) == sorted(UNTOUCHED)
    assert store.get("tenants/t2/files/a.txt")
