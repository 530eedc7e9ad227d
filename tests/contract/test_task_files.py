"""The tenant's files as tasks use them, on every blob store."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tickwell.application.ports import BlobStore
from tickwell.application.task_files import TenantFiles
from tickwell.domain.errors import AttemptFailedError, UnavailableError

T = TypeVar("T")


def done(call: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(call)


@pytest.fixture
def files(blobs: BlobStore) -> TenantFiles:
    return TenantFiles("t1", blobs)


def test_a_file_is_a_blob_of_its_tenant(files: TenantFiles, blobs: BlobStore) -> None:
    done(files.write("reports/may.txt", b"sunny", content_type="text/plain"))
    assert done(files.read("reports/may.txt")) == b"sunny"
    assert blobs.get("tenants/t1/files/reports/may.txt") == b"sunny"
    with pytest.raises(AttemptFailedError):
        done(TenantFiles("t2", blobs).read("reports/may.txt"))


def test_files_go_to_the_disk_and_come_from_it(files: TenantFiles, tmp_path: Path) -> None:
    (tmp_path / "from").write_bytes(b"x" * 100_000)
    done(files.upload(tmp_path / "from", "large"))
    done(files.download("large", tmp_path / "to"))
    assert (tmp_path / "to").read_bytes() == b"x" * 100_000


def test_files_are_listed_by_folder_and_page(files: TenantFiles, blobs: BlobStore) -> None:
    for name in ("a", "b/1", "b/2", "b/3", "bc"):
        done(files.write(name, name.encode()))
    blobs.put("tenants/t1/executions/e1.json", b"", content_type="text/plain")
    assert [one.name for one in done(files.list())] == ["a", "b/1", "b/2", "b/3", "bc"]
    assert [one.name for one in done(files.list("b"))] == [one.name for one in done(files.list("b/"))]
    page = done(files.list("b", after="b/1", limit=1))
    assert [(one.name, one.size_bytes) for one in page] == [("b/2", 3)]
    assert page[0].modified_at.tzinfo is not None


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("a.pdf", None, "application/pdf"),
        ("a", None, "application/octet-stream"),
        ("a.pdf", "text/plain", "text/plain"),
    ],
)
def test_the_content_type_follows_from_the_name_where_none_is_given(
    files: TenantFiles, blobs: BlobStore, tmp_path: Path, name: str, given: str | None, told: str
) -> None:
    (tmp_path / "x").write_bytes(b"x")
    for call in (files.write(name, b"x", content_type=given), files.upload(tmp_path / "x", name, content_type=given)):
        done(call)
        assert blobs.info(f"tenants/t1/files/{name}").content_type == told


@pytest.mark.parametrize("wrong", ["", "text", "text/plain\r\nX: y", "text/ü"])
def test_what_is_no_content_type_is_refused(files: TenantFiles, tmp_path: Path, wrong: str) -> None:
    (tmp_path / "x").write_bytes(b"x")
    for call in (files.write("a", b"x", content_type=wrong), files.upload(tmp_path / "x", "a", content_type=wrong)):
        with pytest.raises(AttemptFailedError, match="is no content type") as caught:
            done(call)
        assert (caught.value.error_code, caught.value.retryable) == ("INVALID_CONTENT_TYPE", False)


def test_what_was_deleted_is_not_found(files: TenantFiles, tmp_path: Path) -> None:
    done(files.write("a", b""))
    done(files.delete("a"))
    done(files.delete("a"))
    for call in (files.read("a"), files.download("a", tmp_path / "a")):
        with pytest.raises(AttemptFailedError, match="there is no file a") as caught:
            done(call)
        assert (caught.value.error_code, caught.value.retryable) == ("FILE_NOT_FOUND", False)


@pytest.mark.parametrize("name", ["", "/", "a/", "/a", "a//b", "../t2/files/a", ".", "a b", "é", "a\n", "a" * 201])
def test_a_name_that_no_file_may_have_is_refused(files: TenantFiles, tmp_path: Path, name: str) -> None:
    (tmp_path / "x").write_bytes(b"")
    calls = (
        files.read(name),
        files.write(name, b""),
        files.delete(name),
        files.upload(tmp_path / "x", name),
        files.download(name, tmp_path / "y"),
        *([] if name in {"", "a/"} else [files.list(name)]),
    )
    for call in calls:
        with pytest.raises(AttemptFailedError, match="must be segments") as caught:
            done(call)
        assert (caught.value.error_code, caught.value.retryable) == ("INVALID_FILE_NAME", False)


def test_what_lies_on_this_machine_must_be_there(files: TenantFiles, tmp_path: Path) -> None:
    with pytest.raises(AttemptFailedError, match="there is no file") as caught:
        done(files.upload(tmp_path / "nothing", "a"))
    assert (caught.value.error_code, caught.value.retryable) == ("NO_LOCAL_FILE", False)
    done(files.write("a", b"x"))
    with pytest.raises(AttemptFailedError) as caught:
        done(files.download("a", tmp_path / "no such folder" / "a"))
    assert (caught.value.error_code, caught.value.retryable) == ("LOCAL_FILE_FAILED", True)


def test_a_store_that_is_away_is_asked_again_later(blobs: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(_name: str) -> bytes:
        raise UnavailableError("s3", "SlowDown")

    monkeypatch.setattr(blobs, "get", away)
    with pytest.raises(AttemptFailedError) as caught:
        done(TenantFiles("t1", blobs).read("a"))
    assert (caught.value.error_code, caught.value.retryable) == ("FILES_UNAVAILABLE", True)
