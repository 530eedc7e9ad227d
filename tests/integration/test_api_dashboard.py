"""The dashboard's files as both hosts serve them."""

import gzip

import pytest

from tests.api_hosts import Api
from tickwell.http.dashboard_files import PAGE, files, text, version

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PACKED = {"Accept-Encoding": "gzip, br"}


def at(name: str) -> str:
    return f"/dashboard/{version()}/{name}"


def test_browsers_get_the_page_at_the_root_and_programs_get_links(api: Api) -> None:
    page = api.anonymous("GET", "/", headers=BROWSER)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert page.body.decode() == text(PAGE)
    assert page.headers["cache-control"] == "no-cache"
    assert api.anonymous("GET", "/").data["links"]["docs"] == "/docs"
    for answer in (page, api.anonymous("GET", "/")):
        assert answer.headers["vary"] == "Accept, Accept-Encoding, Origin"


def test_the_policy_opens_the_page_only_and_only_to_itself(api: Api) -> None:
    policy = api.anonymous("GET", "/", headers=BROWSER).headers["content-security-policy"]
    opened = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert opened["default-src"] == "'none'"
    assert {opened[name] for name in ("script-src", "style-src", "connect-src", "frame-src")} == {"'self'"}
    assert {opened[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in policy
    others = {api.anonymous("GET", path).headers["content-security-policy"] for path in ("/", at("app.js"))}
    assert others == {"default-src 'none'; frame-ancestors 'none'"}


def test_every_file_is_served_to_be_kept_packed_or_not(api: Api) -> None:
    for name in sorted(set(files()) - {PAGE}):
        plain, packed = (api.anonymous("GET", at(name), headers=headers) for headers in ({}, PACKED))
        assert (plain.status, plain.body.decode()) == (200, files()[name]), name
        assert plain.headers["content-type"].startswith("text/css" if name.endswith(".css") else "text/javascript")
        assert plain.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert plain.headers["x-content-type-options"] == "nosniff"
        assert "content-encoding" not in plain.headers
        assert packed.headers["content-encoding"] == "gzip"
        assert gzip.decompress(packed.body) == plain.body
    head = api.anonymous("HEAD", at("app.js"), headers=PACKED)
    assert (head.status, head.body) == (200, b"")


@pytest.mark.parametrize("path", ["lib/none.js", "index.html", "../http/app.py", "..%2F..%2Fsettings.py", "app.js%00"])
def test_nothing_beside_the_files_is_served(api: Api, path: str) -> None:
    answer = api.anonymous("GET", at(path))
    assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND")
    assert answer.headers["cache-control"] == "no-store"
    assert api.anonymous("GET", "/dashboard/000000000000/app.js").status == 404
