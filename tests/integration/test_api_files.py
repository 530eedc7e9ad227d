"""Files over the API: links that write and read them, listings, and who may do what."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.api_hosts import LINK_LIFE, MOST_BYTES, ORIGIN, Answer, Api, Client, memory_world, new_api
from tickwell.domain.task_file import files_folder

FILES = "/api/v1/files"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    world = memory_world(tmp_path_factory.mktemp("files"))
    yield new_api("asgi", world)
    world.close()


@pytest.fixture
def ada(api: Api) -> Client:
    return api.user()


def begin(client: Client, name: str, data: bytes, **also: Any) -> Any:
    answer = client("POST", FILES, {"name": name, "size_bytes": len(data), **also})
    assert answer.status == 201, answer.json
    return answer.data


def send(api: Api, upload: Any, data: bytes, **headers: str) -> Answer:
    sent = {"Content-Length": str(len(data)), "Content-Type": upload["content_type"], **headers}
    return api.anonymous(upload["upload"]["method"], upload["upload"]["url"], raw=data, headers=sent)


def write(api: Api, client: Client, name: str, data: bytes, **also: Any) -> None:
    assert send(api, begin(client, name, data, **also), data).status == 200


def test_a_file_is_written_and_read_by_links_alone(api: Api, ada: Client) -> None:
    data = bytes(range(256)) * 4_000
    upload = begin(ada, "reports/may.pdf", data)
    assert ada("GET", f"{FILES}/reports/may.pdf").status == 404
    assert send(api, upload, data).status == 200
    file = ada("GET", f"{FILES}/reports/may.pdf").data
    assert (file["size_bytes"], file["content_type"]) == (len(data), "application/pdf")
    read = api.anonymous("GET", file["url"])
    assert (read.status, read.body) == (200, data)
    assert read.headers["content-type"] == "application/pdf"
    assert read.headers["content-disposition"] == 'attachment; filename="may.pdf"'
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in read.headers["content-security-policy"]
    head = api.anonymous("HEAD", file["url"])
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(data)))


@pytest.mark.parametrize(
    ("asked", "status", "start", "end"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=10-19", 206, 10, 20),
        ("bytes=990-", 206, 990, 1000),
        ("bytes=-10", 206, 990, 1000),
        ("bytes=-5000", 206, 0, 1000),
        ("bytes=500-99999", 206, 500, 1000),
        ("bytes=1000-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=5-2", 200, 0, 1000),
        ("bytes=0-1,5-6", 200, 0, 1000),
        ("bytes=-", 200, 0, 1000),
        ("lines=1-2", 200, 0, 1000),
    ],
)
def test_a_part_of_a_file_can_be_read(api: Api, ada: Client, asked: str, status: int, start: int, end: int) -> None:
    data = bytes(number % 251 for number in range(1000))
    write(api, ada, "a.bin", data)
    url = ada("GET", f"{FILES}/a.bin").data["url"]
    part = api.anonymous("GET", url, headers={"Range": asked})
    assert (part.status, part.body) == (status, data[start:end])
    told = {206: f"bytes {start}-{end - 1}/1000", 416: "bytes */1000"}.get(status)
    assert part.headers.get("content-range") == told
    assert part.headers["content-length"] == str(end - start)


def test_a_part_of_another_version_is_the_whole(api: Api, ada: Client) -> None:
    write(api, ada, "a.bin", b"0123456789")
    url = ada("GET", f"{FILES}/a.bin").data["url"]
    etag = api.anonymous("GET", url).headers["etag"]
    headers = {"Range": "bytes=2-3", "If-Range": etag}
    assert api.anonymous("GET", url, headers=headers).body == b"23"
    api.world.clock.advance(timedelta(seconds=1))
    write(api, ada, "a.bin", b"abcdefghij")
    assert api.anonymous("GET", url, headers=headers).body == b"abcdefghij"


def test_an_empty_file_is_one(api: Api, ada: Client) -> None:
    write(api, ada, "empty", b"")
    assert api.anonymous("GET", ada("GET", f"{FILES}/empty").data["url"]).body == b""


def test_what_does_not_keep_to_the_link_is_refused_and_changes_nothing(api: Api, ada: Client) -> None:
    write(api, ada, "a.txt", b"first")
    upload = begin(ada, "a.txt", b"second")
    assert send(api, upload, b"seconds").fields == ["Content-Length"]
    assert send(api, upload, b"second", **{"Content-Type": "text/html"}).fields == ["Content-Type"]
    for lie in (b"short", b"too long"):
        assert send(api, upload, lie, **{"Content-Length": "6"}).fields == ["body"]
    assert api.anonymous("GET", ada("GET", f"{FILES}/a.txt").data["url"]).body == b"first"
    assert send(api, upload, b"second").status == 200


def test_a_link_is_good_for_what_it_was_made_for_alone(api: Api, ada: Client) -> None:
    write(api, ada, "a.txt", b"secret")
    write(api, ada, "b.txt", b"secret")
    read = ada("GET", f"{FILES}/a.txt").data["url"]
    upload = begin(ada, "a.txt", b"secret")
    wrong = [
        ("GET", read.replace("a.txt?", "b.txt?")),
        ("GET", read.replace("expires=", "expires=9")),
        ("GET", read.replace("filename=a", "filename=b")),
        ("GET", read.replace("signature=", "signature=0")),
        ("GET", read.partition("?")[0]),
        ("GET", read.replace("a.txt?", "../../x?")),
        ("GET", upload["upload"]["url"]),
        ("PUT", read),
        ("PUT", upload["upload"]["url"].replace("size=6", "size=7")),
    ]
    for method, url in wrong:
        answer = api.anonymous(method, url, headers={"Content-Length": "0"})
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN"), (method, url)
    assert api.anonymous("DELETE", read).status == 405
    assert ada("GET", f"{FILES}/a.txt").data["size_bytes"] == 6


def test_a_link_ends(api: Api, ada: Client) -> None:
    write(api, ada, "a.txt", b"x")
    file, upload = ada("GET", f"{FILES}/a.txt").data, begin(ada, "a.txt", b"y")
    api.world.clock.advance(LINK_LIFE - timedelta(seconds=1))
    assert api.anonymous("GET", file["url"]).status == 200
    api.world.clock.advance(timedelta(seconds=1))
    assert api.anonymous("GET", file["url"]).status == 403
    assert send(api, upload, b"y").status == 403


def test_a_link_to_a_file_that_is_gone_leads_nowhere(api: Api, ada: Client) -> None:
    write(api, ada, "a.txt", b"x")
    url = ada("GET", f"{FILES}/a.txt").data["url"]
    assert ada("DELETE", f"{FILES}/a.txt").data == {"name": "a.txt"}
    assert api.anonymous("GET", url).status == 404
    assert ada("DELETE", f"{FILES}/a.txt").status == 404


def test_files_are_listed_in_pages(api: Api, ada: Client) -> None:
    names = ["a.txt", "images/1.png", "images/2.png", "images/more/3.png", "images2/4.png"]
    for name in names:
        write(api, ada, name, name.encode())
    assert [file["name"] for file in ada("GET", FILES).data["files"]] == names
    assert [file["name"] for file in ada("GET", f"{FILES}?folder=images").data["files"]] == names[1:4]
    assert [file["name"] for file in ada("GET", f"{FILES}?folder=images/").data["files"]] == names[1:4]
    walked: list[str] = []
    target: str | None = f"{FILES}?limit=2"
    while target is not None:
        page = ada("GET", target).data
        walked += [file["name"] for file in page["files"]]
        cursor = page["pagination"]["next_cursor"]
        target = cursor and f"{FILES}?limit=2&cursor={cursor}"
    assert walked == names
    assert ada("GET", f"{FILES}?folder=none").data["files"] == []


@pytest.mark.parametrize("query", ["folder=../x", "folder=a//b", "cursor=../x", "cursor=%20", "limit=101"])
def test_a_listing_that_cannot_be_is_refused(ada: Client, query: str) -> None:
    assert ada("GET", f"{FILES}?{query}").fields == [query.partition("=")[0]]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": "../x"}, "name"),
        ({"name": "/x"}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": ".hidden"}, "name"),
        ({"name": "a/" * 400}, "name"),
        ({"size_bytes": -1}, "size_bytes"),
        ({"size_bytes": MOST_BYTES + 1}, "size_bytes"),
        ({"size_bytes": None}, "size_bytes"),
        ({"content_type": "text"}, "content_type"),
        ({"content_type": "text/plain\r\nX: y"}, "content_type"),
        ({"more": 1}, "more"),
    ],
)
def test_an_upload_that_cannot_be_is_refused(ada: Client, wrong: dict[str, Any], field: str) -> None:
    assert ada("POST", FILES, {"name": "a.txt", "size_bytes": 1, **wrong}).fields == [field]


def test_files_of_others_do_not_exist(api: Api, ada: Client) -> None:
    write(api, ada, "a.txt", b"x")
    eve = api.user()
    assert eve("GET", FILES).data["files"] == []
    assert eve("GET", f"{FILES}/a.txt").status == eve("DELETE", f"{FILES}/a.txt").status == 404
    tenant = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    assert eve("GET", f"{FILES}/../../{tenant}/files/a.txt").status == 404
    assert api.world.blobs.list(files_folder(tenant), after="", limit=9) == [f"{files_folder(tenant)}a.txt"]


def test_pages_of_allowed_origins_may_use_links(api: Api, ada: Client) -> None:
    url = begin(ada, "a.txt", b"x")["upload"]["url"]
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "PUT"}
    answer = api.anonymous("OPTIONS", url, headers=asked)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (204, ORIGIN)
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-origin" not in api.anonymous("OPTIONS", url, headers={**asked, "Origin": "x"}).headers


def test_nothing_is_left_of_an_upload_whose_client_goes(api: Api, ada: Client) -> None:
    upload = begin(ada, "a.txt", b"0123456789")
    assert send(api, upload, b"01234", **{"Content-Length": "10"}).fields == ["body"]
    assert ada("GET", f"{FILES}/a.txt").status == 404
    tenant = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    assert not api.world.blobs.list(files_folder(tenant), after="", limit=9)
    assert urlsplit(upload["upload"]["url"]).path.endswith(f"{tenant}/files/a.txt")
