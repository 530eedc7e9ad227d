"""The API reference as a page: what is served, on both hosts."""

import re

import pytest

from tests.api_hosts import Api
from tests.strict_page import StrictPage

FILES = {"/docs": "text/html", "/docs/reference.js": "text/javascript", "/docs/reference.css": "text/css"}
MOST_BYTES = 60 * 1024


@pytest.mark.parametrize(("path", "media_type"), FILES.items())
def test_the_files_are_served_to_everybody(api: Api, path: str, media_type: str) -> None:
    answer = api.anonymous("GET", path)
    assert answer.status == 200
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.body
    assert api.anonymous("HEAD", path).body == b""


def test_the_page_is_small_and_has_a_second_address(api: Api) -> None:
    assert sum(len(api.anonymous("GET", path).body) for path in FILES) < MOST_BYTES
    assert api.anonymous("GET", "/redoc").body == api.anonymous("GET", "/docs").body
    assert api.anonymous("GET", "/").data["links"]["docs"] == "/docs"


def test_the_page_takes_everything_from_its_own_host_and_has_nothing_inline(api: Api) -> None:
    page = StrictPage(api.anonymous("GET", "/docs").body.decode())
    assert page.inline == []
    assert set(page.places) == {"data:,", "docs/reference.css", "docs/reference.js", "openapi.json"}
    for place in page.places[1:]:
        assert api.anonymous("GET", f"/{place}").status == 200
    for path in FILES:
        assert not re.search(rb"https?://|innerHTML|eval\(", api.anonymous("GET", path).body), path


def test_the_policy_opens_only_the_page_and_only_to_itself(api: Api) -> None:
    policies = {path: api.anonymous("GET", path).headers["content-security-policy"] for path in (*FILES, "/health")}
    opened = dict(part.strip().split(" ", 1) for part in policies.pop("/docs").split(";"))
    assert opened["default-src"] == "'none'"
    assert {opened[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert {opened[name] for name in ("base-uri", "form-action", "frame-ancestors")} == {"'none'"}
    assert "unsafe" not in str(opened)
    assert set(policies.values()) == {"default-src 'none'; frame-ancestors 'none'"}
