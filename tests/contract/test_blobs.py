"""What every blob store promises."""

from pathlib import Path

import boto3
import pytest
from botocore.stub import Stubber

from tickwell.adapters.aws.s3 import S3Blobs
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.ports import BlobStore
from tickwell.domain.errors import NotFoundError, UnavailableError

NAME = "tenants/t1/mail/e1.json"


@pytest.mark.parametrize("data", [b"", b"{}", bytes(range(256)), b"\r\n\n\r", b"x" * 1_000_000])
def test_bytes_come_back_as_they_were(blobs: BlobStore, data: bytes) -> None:
    blobs.put(NAME, data, content_type="application/octet-stream")
    assert blobs.get(NAME) == data


def test_a_name_is_overwritten(blobs: BlobStore) -> None:
    blobs.put(NAME, b"a long first version", content_type="text/plain")
    blobs.put(NAME, b"second", content_type="text/plain")
    assert blobs.get(NAME) == b"second"


@pytest.mark.parametrize("name", [NAME, "tenants/t2/mail/e1.json", "tenants/t1/mail"])
def test_an_unknown_name_is_not_found(blobs: BlobStore, name: str) -> None:
    blobs.put("tenants/t1/mail/e2.json", b"other", content_type="text/plain")
    with pytest.raises(NotFoundError, match=name):
        blobs.get(name)


def test_what_was_deleted_is_gone_and_deleting_again_is_harmless(blobs: BlobStore) -> None:
    blobs.put(NAME, b"x", content_type="text/plain")
    blobs.delete(NAME)
    blobs.delete(NAME)
    with pytest.raises(NotFoundError):
        blobs.get(NAME)


def test_a_name_may_continue_another_one(blobs: BlobStore) -> None:
    names = ("tenants/t/a", "tenants/t/a/b", "tenants/t/a.b", "tenants/t/a/b/c")
    for name in names:
        blobs.put(name, name.encode(), content_type="text/plain")
    assert [blobs.get(name) for name in names] == [name.encode() for name in names]


def test_names_of_a_folder_are_listed_in_order(blobs: BlobStore) -> None:
    for name in ("t1/archive/2", "t1/archive/10", "t1/archive/1", "t1/archive/a/b", "t1/archived/x", "t2/archive/1"):
        blobs.put(f"tenants/{name}", b"x", content_type="text/plain")
    folder = "tenants/t1/archive/"
    names = [f"{folder}{name}" for name in ("1", "10", "2", "a/b")]
    assert blobs.list(folder, after=folder, limit=100) == names
    assert blobs.list(folder, after=names[1], limit=1) == names[2:3]
    assert blobs.list(folder, after=f"{folder}11", limit=100) == names[2:]
    assert blobs.list("tenants/t3/archive/", after="", limit=100) == []
    for wrong in ("tenants/t1/archive", "tenants/t1", "tenants/", "/", "", "tenants/../x/", "tenants/t1/a//"):
        with pytest.raises(ValueError, match="not a"):
            blobs.list(wrong, after="", limit=1)


@pytest.mark.usefixtures("aws")
def test_a_listing_of_s3_goes_on_beyond_a_thousand_names() -> None:
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="blobs")
    blobs = S3Blobs(client, "blobs")
    names = [f"tenants/t1/archive/{number:04d}" for number in range(1005)]
    for name in names:
        blobs.put(name, b"", content_type="text/plain")
    assert blobs.list("tenants/t1/archive/", after="", limit=2000) == names
    assert blobs.list("tenants/t1/archive/", after="", limit=1002) == names[:1002]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a",
        "tenants",
        "tenants/",
        "tenants/t",
        "tenants/t/",
        "tenants//a",
        "/tenants/t/a",
        "tenants/../t/a",
        "tenants/t/..",
        "tenants/t/../other/a",
        "tenants/t/./a",
        "tenants/t/.hidden",
        "tenants/t/a/",
        "tenants/t//a",
        "tenants/t/a b",
        "tenants/t/a\nb",
        "tenants/t/a\n",
        "tenants/t/a\x00",
        "tenants/t/a\\b",
        "tenants/t/a%2e",
        "tenants/t/a~",
        "tenants/t/é",
        "other/t/a",
        "tenants/t/" + "a" * 201,
        "tenants/t" + "/aaaaaaaaa" * 100,
    ],
)
def test_a_name_that_is_none_is_a_mistake(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a blob's name"):
        blobs.put(name, b"x", content_type="text/plain")
    with pytest.raises(ValueError, match="not a blob's name"):
        blobs.get(name)
    with pytest.raises(ValueError, match="not a blob's name"):
        blobs.delete(name)


def test_files_belong_to_their_owner_only_and_nothing_else_is_left(tmp_path: Path) -> None:
    blobs = FileBlobs(tmp_path / "blobs")
    blobs.put(NAME, b"x", content_type="application/json")
    (file,) = (entry for entry in tmp_path.rglob("*") if entry.is_file())
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "blobs").stat().st_mode & 0o077 == 0


def test_a_disk_that_refuses_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(UnavailableError, match="files"):
        FileBlobs(tmp_path / "blobs").put(NAME, b"x", content_type="text/plain")


@pytest.mark.usefixtures("aws")
def test_the_content_type_is_kept_by_s3() -> None:
    client = boto3.client("s3", region_name="us-east-1")
    client.create_bucket(Bucket="blobs")
    S3Blobs(client, "blobs").put(NAME, b"{}", content_type="application/json")
    assert client.head_object(Bucket="blobs", Key=NAME)["ContentType"] == "application/json"


def test_a_busy_bucket_is_unavailable_and_a_forbidden_one_is_not(aws: str) -> None:
    client = boto3.client("s3", region_name=aws)
    blobs = S3Blobs(client, "blobs")
    with Stubber(client) as stubber:
        stubber.add_client_error("get_object", "SlowDown", http_status_code=503)
        with pytest.raises(UnavailableError, match="s3: SlowDown"):
            blobs.get(NAME)
        stubber.add_client_error("get_object", "AccessDenied", http_status_code=403)
        with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
            blobs.get(NAME)
