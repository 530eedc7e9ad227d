"""Links to blobs: what each engine signs, and for how long."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.contract.queue_engines import REGION
from tests.doubles import FakeClock
from tickwell.adapters.aws.s3_links import S3Links
from tickwell.adapters.embedded.blob_links import SignedPaths
from tickwell.application.ports import BlobLinks
from tickwell.bootstrap.aws import clients
from tickwell.domain.errors import ForbiddenError

NAME = "tenants/t1/files/a=b+c/d@e.pdf"
HOUR = timedelta(hours=1)


@pytest.fixture(params=["embedded", "aws"])
def links(request: pytest.FixtureRequest) -> Iterator[BlobLinks]:
    if request.param == "embedded":
        yield SignedPaths("a key", FakeClock(), "https://tickwell.example/")
        return
    request.getfixturevalue("aws")
    clients.forget_clients()
    yield S3Links(clients.client("s3"), "blobs")
    clients.forget_clients()


def query_of(url: str) -> Mapping[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_link_leads_to_its_blob(links: BlobLinks) -> None:
    read = links.download_link(NAME, expires_in=HOUR, filename="d@e.pdf")
    write = links.upload_link(NAME, expires_in=HOUR, content_type="text/plain", size_bytes=7)
    for url in (read, write.url):
        assert url.startswith("https://")
        assert unquote(urlsplit(url).path).endswith(f"/{NAME}")
    assert read.partition("?")[0] == write.url.partition("?")[0]
    assert (write.method, write.headers) == ("PUT", {"Content-Type": "text/plain", "Content-Length": "7"})


@pytest.mark.parametrize("name", ["", "a", "tenants/t/../x", "tenants/t", "other/t/a"])
def test_a_link_to_what_can_be_no_blob_is_a_mistake(links: BlobLinks, name: str) -> None:
    with pytest.raises(ValueError, match="not a blob's name"):
        links.download_link(name, expires_in=HOUR, filename="x")
    with pytest.raises(ValueError, match="not a blob's name"):
        links.upload_link(name, expires_in=HOUR, content_type="text/plain", size_bytes=1)


@pytest.mark.usefixtures("aws")
def test_s3_signs_type_length_and_end_by_version_4() -> None:
    clients.forget_clients()
    links = S3Links(clients.client("s3"), "blobs")
    write = links.upload_link(NAME, expires_in=HOUR, content_type="text/plain", size_bytes=7)
    query = query_of(write.url)
    assert query["X-Amz-Algorithm"] == "AWS4-HMAC-SHA256"
    assert query["X-Amz-SignedHeaders"] == "content-length;content-type;host"
    assert query["X-Amz-Expires"] == "3600"
    assert f"/{REGION}/s3/aws4_request" in query["X-Amz-Credential"]
    assert not any("checksum" in name.lower() for name in query), "a client would have to send one"
    read = query_of(links.download_link(NAME, expires_in=HOUR, filename="d@e.pdf"))
    assert read["response-content-disposition"] == 'attachment; filename="d@e.pdf"'
    assert read["X-Amz-SignedHeaders"] == "host"
    assert urlsplit(write.url).netloc in {f"blobs.s3.{REGION}.amazonaws.com", "blobs.s3.amazonaws.com"}
    clients.forget_clients()


def test_a_signed_path_permits_what_was_signed_and_nothing_else() -> None:
    clock = FakeClock()
    links = SignedPaths("a key", clock)
    read = query_of(links.download_link(NAME, expires_in=HOUR, filename="d"))
    write = query_of(links.upload_link(NAME, expires_in=HOUR, content_type="text/plain", size_bytes=7).url)
    assert links.may_read(NAME, read).filename == "d"
    permit = links.may_write(NAME, write)
    assert (permit.name, permit.content_type, permit.size_bytes) == (NAME, "text/plain", 7)
    for wrong in (
        {**read, "filename": "x"},
        {**read, "expires": str(int(read["expires"]) + 1)},
        {**read, "expires": ""},
        {**read, "signature": ""},
        {**read, "signature": "\udc80"},
        {**read, "filename": "\udc80"},
        write,
        {},
    ):
        with pytest.raises(ForbiddenError, match="changed"):
            links.may_read(NAME, wrong)
    with pytest.raises(ForbiddenError, match="changed"):
        links.may_write(NAME, {**write, "size": "8"})
    with pytest.raises(ForbiddenError, match="changed"):
        links.may_read(f"{NAME}x", read)
    with pytest.raises(ForbiddenError, match="changed"):
        SignedPaths("another key", clock).may_read(NAME, read)
    clock.advance(HOUR)
    with pytest.raises(ForbiddenError, match="expired"):
        links.may_read(NAME, read)
