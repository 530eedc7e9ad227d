"""What ``scrape_website`` accepts."""

from typing import Any

import pytest

from tickwell.application.task import RunsIn
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import RetryPolicy, RetryStrategy
from tickwell.tasks.scrape_website import SCRAPE_WEBSITE

URL = "https://a.example/"


@pytest.mark.parametrize(
    "payload",
    [
        {"url": URL},
        {"url": URL, "selector": "h1", "attribute": "id", "all": True, "timeout": 30},
        {"url": URL, "selectors": {"a": "h1", "b.c-d_e": {"css": "a", "attribute": "href", "all": True}}},
        {"url": URL, "selector": "title", "selectors": {"a": "h1"}},
        {"url": URL, "follow": "a.next"},
        {"url": URL, "follow": {"css": "a.next", "max_pages": 50}},
        {"urls": [URL, "http://b.example"]},
        {"urls": [URL], "url": None},
        {"url": URL, "headers": {"User-Agent": "mine", "Cookie": "a=b"}},
        {"url": URL, "max_page_bytes": 1024, "respect_robots": False, "timeout": 0.5},
        {"url": URL, "selector": "p["},  # the API has no parser: it fails when it runs
    ],
)
def test_sound_payloads_are_accepted(payload: dict[str, Any]) -> None:
    SCRAPE_WEBSITE.parse(payload)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "url"),
        ({"url": None}, "url"),
        ({"url": "a.example"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "http://u:p@a.example"}, "url"),
        ({"url": URL, "urls": [URL]}, "url"),
        ({"urls": []}, "urls"),
        ({"urls": [URL, "ftp://a.example"]}, "urls.1"),
        ({"urls": [URL] * 51}, "urls"),
        ({"urls": URL}, "urls"),
        ({"url": URL, "selector": ""}, "selector"),
        ({"url": URL, "selector": "x" * 1001}, "selector"),
        ({"url": URL, "selector": ["h1"]}, "selector"),
        ({"url": URL, "selector": "\ud800"}, "selector"),
        ({"url": URL, "attribute": ""}, "attribute"),
        ({"url": URL, "all": "yes"}, "all"),
        ({"url": URL, "selectors": {}}, "selectors"),
        ({"url": URL, "selectors": {"a b": "h1"}}, "selectors"),
        ({"url": URL, "selectors": {"": "h1"}}, "selectors"),
        ({"url": URL, "selectors": {"a": 1}}, "selectors.a"),
        ({"url": URL, "selectors": {"a": {"css": ""}}}, "selectors.a.css"),
        ({"url": URL, "selectors": {"a": {}}}, "selectors.a.css"),
        ({"url": URL, "selectors": {"a": {"css": "h1", "first": True}}}, "selectors.a.first"),
        ({"url": URL, "selectors": {f"s{n}": "p" for n in range(51)}}, "selectors"),
        ({"url": URL, "selectors": {"a": "h1"}, "selector": "h1"}, "selectors"),
        ({"url": URL, "selectors": {"a": "h1"}, "attribute": "id"}, "selectors"),
        ({"url": URL, "selectors": {"a": "h1"}, "all": True}, "selectors"),
        ({"urls": [URL], "follow": "a"}, "follow"),
        ({"url": URL, "follow": {"css": "a", "max_pages": 1}}, "follow.max_pages"),
        ({"url": URL, "follow": {"css": "a", "max_pages": 51}}, "follow.max_pages"),
        ({"url": URL, "headers": {"Host": "b.example"}}, "headers"),
        ({"url": URL, "timeout": 0}, "timeout"),
        ({"url": URL, "timeout": 301}, "timeout"),
        ({"url": URL, "max_page_bytes": 100}, "max_page_bytes"),
        ({"url": URL, "max_page_bytes": 11 * 1024 * 1024}, "max_page_bytes"),
        ({"url": URL, "respect_robots": None}, "respect_robots"),
        ({"url": URL, "depth": 3}, "depth"),
    ],
)
def test_bad_payloads_are_refused_with_their_field(payload: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        SCRAPE_WEBSITE.parse(payload)
    assert caught.value.field == f"payload.{field}"


def test_the_default_is_the_title_and_its_own_policy() -> None:
    payload = SCRAPE_WEBSITE.parse({"url": URL})
    assert (payload.selector, payload.timeout, payload.respect_robots) == ("title", 10, True)
    assert SCRAPE_WEBSITE.policy.max_retries == 3
    assert SCRAPE_WEBSITE.policy.retry == RetryPolicy(
        strategy=RetryStrategy.EXPONENTIAL, delay_seconds=10, factor=2, max_delay_seconds=600, jitter=0.2
    )
    assert (SCRAPE_WEBSITE.runs_in, SCRAPE_WEBSITE.heavy) == (RunsIn.PROCESS, False)


def test_the_schema_tells_of_short_and_long_forms() -> None:
    schema = SCRAPE_WEBSITE.payload_schema()
    assert schema["properties"]["selector"]["default"] == "title"
    assert "string" in str(schema["properties"]["follow"])
    assert "max_pages" in schema["$defs"]["Follow"]["properties"]
