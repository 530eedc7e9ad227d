"""What every blob store promises of details, of many at once, and of what does not fit into the memory."""

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from tests.doubles import FakeClock
from tickwell.adapters.aws import s3_streams
from tickwell.adapters.aws.s3 import S3Blobs
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.ports import BlobStore
from tickwell.domain.errors import NotFoundError, UnavailableError

FOLDER = "tenants/t1/files/"
NAME = f"{FOLDER}a.bin"


@pytest.mark.parametrize("size", [0, 1, 1_000_000, 5 * 1024 * 1024 + 1, 11 * 1024 * 1024])
def test_files_come_back_as_they_were(
    blobs: BlobStore, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3_streams, "_PART_BYTES", 5 * 1024 * 1024)  # the smallest that S3 takes
    there, back = tmp_path / "there", tmp_path / "back"
    there.write_bytes((b"0123456789abcde" * (size // 15 + 1))[:size])
    blobs.store(there, NAME, content_type="video/mp4")
    blobs.fetch(NAME, back)
    assert back.read_bytes() == there.read_bytes()
    assert blobs.info(NAME).size_bytes == size
    assert blobs.info(NAME).content_type == "video/mp4"


def test_what_is_stored_replaces_what_was_there(blobs: BlobStore, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"new")
    blobs.put(NAME, b"a long first version", content_type="text/plain")
    blobs.store(path, NAME, content_type="application/octet-stream")
    assert blobs.get(NAME) == b"new"
    assert blobs.info(NAME).content_type == "application/octet-stream"
    path.write_bytes(b"a long file that is there already")
    blobs.fetch(NAME, path)
    assert path.read_bytes() == b"new"


def test_what_is_not_there_is_neither_fetched_nor_known(blobs: BlobStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        blobs.fetch(NAME, tmp_path / "file")
    with pytest.raises(NotFoundError):
        blobs.info(NAME)
    with pytest.raises(FileNotFoundError):
        blobs.store(tmp_path / "none", NAME, content_type="text/plain")
    with pytest.raises(NotFoundError):
        blobs.get(NAME)


@pytest.mark.parametrize("content_type", ["text/plain", "image/png", "application/octet-stream"])
def test_the_content_type_is_kept_and_goes_with_the_blob(blobs: BlobStore, content_type: str) -> None:
    blobs.put(f"{FOLDER}a.png", b"x", content_type=content_type)
    assert blobs.info(f"{FOLDER}a.png").content_type == content_type
    blobs.delete(f"{FOLDER}a.png")
    blobs.put(f"{FOLDER}a.png", b"x", content_type="image/png")
    assert blobs.info(f"{FOLDER}a.png").content_type == "image/png"


def test_details_are_listed_as_names_are(blobs: BlobStore) -> None:
    begun = datetime.now(UTC) - timedelta(seconds=2)
    for name in ("b", "a/b", "a.c", "a", "a/b/c", "ab", "a-"):
        blobs.put(f"{FOLDER}{name}", b"x" * len(name), content_type="text/plain")
    blobs.put("tenants/t2/files/a", b"other", content_type="text/plain")
    found = blobs.details(FOLDER, after=FOLDER, limit=100)
    names = [info.name.removeprefix(FOLDER) for info in found]
    assert names == ["a", "a-", "a.c", "a/b", "a/b/c", "ab", "b"] == sorted(names)
    assert [info.size_bytes for info in found] == [len(name) for name in names]
    assert all(begun <= info.modified_at <= datetime.now(UTC) + timedelta(seconds=2) for info in found)
    assert [info.name for info in found] == blobs.list(FOLDER, after=FOLDER, limit=100)
    for limit in (1, 2, 3):
        walked, after = [], FOLDER
        while page := blobs.details(FOLDER, after=after, limit=limit):
            assert len(page) <= limit
            walked += [info.name for info in page]
            after = walked[-1]
        assert walked == [info.name for info in found]
    assert blobs.details("tenants/t3/files/", after="", limit=10) == []


def test_many_are_deleted_at_once_and_unknown_ones_ignored(blobs: BlobStore) -> None:
    names = [f"{FOLDER}{number:04d}" for number in range(1_005)]
    for name in names[::5]:
        blobs.put(name, b"", content_type="text/plain")
    blobs.put("tenants/t2/files/0000", b"", content_type="text/plain")
    blobs.delete_many(names)
    blobs.delete_many([])
    assert blobs.list(FOLDER, after="", limit=10) == []
    assert blobs.list("tenants/t2/files/", after="", limit=10) == ["tenants/t2/files/0000"]
    with pytest.raises(ValueError, match="not a blob's name"):
        blobs.delete_many([NAME, "tenants/../x"])


def test_files_bear_the_clocks_time(tmp_path: Path) -> None:
    clock = FakeClock()
    blobs = FileBlobs(tmp_path, clock)
    blobs.put(NAME, b"x", content_type="text/plain")
    written_at = clock.now()
    clock.advance(timedelta(days=400, milliseconds=1))
    blobs.put(f"{FOLDER}b", b"x", content_type="text/plain")
    assert [info.modified_at for info in blobs.details(FOLDER, after="", limit=2)] == [written_at, clock.now()]


@pytest.fixture
def stubbed(aws: str) -> Any:
    """An S3 client that answers what a test says, and its stub."""
    client = boto3.client("s3", region_name=aws)
    with Stubber(client) as stub:
        yield S3Blobs(client, "bucket"), stub


def _answer(data: bytes, *, announced: int, etag: str = '"1"') -> dict[str, Any]:
    return {"Body": StreamingBody(io.BytesIO(data), announced), "ETag": etag}


def test_a_download_that_breaks_goes_on_behind_what_has_arrived(stubbed: Any, tmp_path: Path) -> None:
    blobs, stub = stubbed
    key = {"Bucket": "bucket", "Key": NAME}
    stub.add_response("get_object", _answer(b"abc", announced=6), key)
    stub.add_response("get_object", _answer(b"de", announced=3), {**key, "Range": "bytes=3-", "IfMatch": '"1"'})
    stub.add_response("get_object", _answer(b"f", announced=1), {**key, "Range": "bytes=5-", "IfMatch": '"1"'})
    blobs.fetch(NAME, tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"abcdef"


def test_a_download_never_mixes_two_versions(stubbed: Any, tmp_path: Path) -> None:
    blobs, stub = stubbed
    stub.add_response("get_object", _answer(b"abc", announced=6))
    for _ in range(3):
        stub.add_client_error("get_object", "PreconditionFailed", http_status_code=412)
    with pytest.raises(UnavailableError, match="changed"):
        blobs.fetch(NAME, tmp_path / "file")


def test_a_download_gives_up_when_nothing_more_arrives(stubbed: Any, tmp_path: Path) -> None:
    blobs, stub = stubbed
    for _ in range(3):
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)
    with pytest.raises(UnavailableError, match="SlowDown"):
        blobs.fetch(NAME, tmp_path / "file")
    stub.assert_no_pending_responses()


@pytest.mark.parametrize("fails", ["upload_part", "complete_multipart_upload"])
def test_an_upload_that_fails_leaves_no_parts(
    stubbed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    monkeypatch.setattr(s3_streams, "_PART_BYTES", 4)
    blobs, stub = stubbed
    (tmp_path / "file").write_bytes(b"123456")
    begun = {"Bucket": "bucket", "Key": NAME, "UploadId": "u"}
    stub.add_response("create_multipart_upload", {"UploadId": "u"})
    if fails == "complete_multipart_upload":
        for number, body in ((1, b"1234"), (2, b"56")):
            stub.add_response("upload_part", {"ETag": str(number)}, {**begun, "PartNumber": number, "Body": body})
    stub.add_client_error(fails, "SlowDown", http_status_code=503)
    stub.add_response("abort_multipart_upload", {}, begun)
    with pytest.raises(UnavailableError, match="SlowDown"):
        blobs.store(tmp_path / "file", NAME, content_type="video/mp4")
    stub.assert_no_pending_responses()


def test_what_a_bucket_does_not_delete_is_told(stubbed: Any) -> None:
    blobs, stub = stubbed
    expected = {"Bucket": "bucket", "Delete": {"Objects": [{"Key": NAME}], "Quiet": True}}
    stub.add_response("delete_objects", {"Errors": [{"Key": NAME, "Code": "InternalError"}]}, expected)
    with pytest.raises(UnavailableError, match="InternalError"):
        blobs.delete_many([NAME])
    stub.add_response(
        "delete_objects", {"Errors": [{"Key": NAME, "Code": "AccessDenied"}]}, {**expected, "Delete": ANY}
    )
    with pytest.raises(ClientError, match="AccessDenied"):
        blobs.delete_many([NAME])
