"""What ``http_request`` accepts, and what it makes of answers; without a network."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.application.http_client import HttpResponse
from tickwell.domain.errors import InvalidInputError
from tickwell.tasks.http_answer import output_of, retry_after_seconds
from tickwell.tasks.http_request import HTTP_REQUEST

URL = "https://a.example/"


def _deep() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    "payload",
    [
        {"url": "http://a.example"},
        {"url": "https://a.example:8443/p?q=1#f"},
        {"url": "http://müller.example/ä"},
        {"url": "http://[2606:4700::1]:80/"},
        {"url": "http://127.0.0.1:9000/"},  # whether it may be reached is decided when it runs
        {"url": URL, "method": "delete"},
        {"url": URL, "method": "POST", "body": ""},
        {"url": URL, "method": "POST", "json": None},
        {"url": URL, "method": "POST", "json": {"a": [1, "ä", None]}, "body": None},
        {"url": URL, "headers": {"X-Any": "", "Authorization": "Bearer x y", "user-agent": "mine"}},
        {"url": URL, "expected_status": 204},
        {"url": URL, "expected_status": [200, 404]},
        {"url": URL, "expected_status": None, "timeout_seconds": 300},
        {"url": URL, "timeout_seconds": 0.5},
        {"url": URL, "timeout_seconds": 870},
        {"url": URL, "no_retry_status": 503},
        {"url": URL, "no_retry_status": [429, 500, 503]},
        {"url": URL, "no_retry_status": []},
        {"url": URL, "sign_with": "hook-key_2"},
        {"url": URL, "sign_with": None, "headers": {"webhook-id": "mine"}},
    ],
)
def test_sound_payloads_are_accepted(payload: dict[str, Any]) -> None:
    HTTP_REQUEST.parse(payload)


@pytest.mark.parametrize(
    ("payload", "field"),
    [
        ({}, "url"),
        ({"url": 1}, "url"),
        ({"url": ""}, "url"),
        ({"url": "/path"}, "url"),
        ({"url": "a.example"}, "url"),
        ({"url": "//a.example"}, "url"),
        ({"url": "http://"}, "url"),
        ({"url": "http:///path"}, "url"),
        ({"url": "ftp://a.example"}, "url"),
        ({"url": "file:///etc/passwd"}, "url"),
        ({"url": "javascript:alert(1)"}, "url"),
        ({"url": "http://u:p@a.example"}, "url"),
        ({"url": "http://u@a.example"}, "url"),
        ({"url": "http://a.example:0"}, "url"),
        ({"url": "http://a.example:99999"}, "url"),
        ({"url": "http://a.example:x"}, "url"),
        ({"url": "http://a.example\r\nX: y"}, "url"),
        ({"url": "http://2130706433/"}, "url"),
        ({"url": "http://0x7f.1/"}, "url"),
        ({"url": "http://127.1/"}, "url"),
        ({"url": "http://[::1%25lo]/"}, "url"),
        ({"url": "http://[1::2::3]/"}, "url"),
        ({"url": "http://127%2e0.0.1/"}, "url"),
        ({"url": "http://a.example\\@127.0.0.1/"}, "url"),
        ({"url": "http://\ud800.example/"}, "url"),
        ({"url": "http://a.example/" + "x" * 9000}, "url"),
        ({"url": URL, "method": "CONNECT"}, "method"),
        ({"url": URL, "method": "GET / HTTP/1.1"}, "method"),
        ({"url": URL, "method": None}, "method"),
        ({"url": URL, "headers": {"Host": "b.example"}}, "headers"),
        ({"url": URL, "headers": {"hOsT": "b.example"}}, "headers"),
        ({"url": URL, "headers": {"Content-Length": "3"}}, "headers"),
        ({"url": URL, "headers": {"Transfer-Encoding": "chunked"}}, "headers"),
        ({"url": URL, "headers": {"Connection": "upgrade"}}, "headers"),
        ({"url": URL, "headers": {"Proxy-Authorization": "x"}}, "headers"),
        ({"url": URL, "headers": {"Idempotency-Key": "x"}}, "headers"),
        ({"url": URL, "headers": {"X": "a\r\nY: b"}}, "headers"),
        ({"url": URL, "headers": {"X": "a\nb"}}, "headers"),
        ({"url": URL, "headers": {"X": "ä"}}, "headers"),
        ({"url": URL, "headers": {"X": "a\x00"}}, "headers"),
        ({"url": URL, "headers": {"X: y": "a"}}, "headers"),
        ({"url": URL, "headers": {"": "a"}}, "headers"),
        ({"url": URL, "headers": {"X-A": "a", "x-a": "b"}}, "headers"),
        ({"url": URL, "headers": {"X": 1}}, "headers.X"),
        ({"url": URL, "headers": {f"X-{n}": "" for n in range(51)}}, "headers"),
        ({"url": URL, "headers": {"X": "y" * 17_000}}, "headers"),
        ({"url": URL, "headers": [["X", "y"]]}, "headers"),
        ({"url": URL, "body": {"a": 1}}, "body"),
        ({"url": URL, "body": "\ud800"}, "body"),
        ({"url": URL, "body": "x", "json": 1}, "json"),
        ({"url": URL, "body": "x", "json": None}, "json"),
        ({"url": URL, "json": float("nan")}, "json"),
        ({"url": URL, "json": {"a": "\ud800"}}, "json"),
        ({"url": URL, "json": _deep()}, "json"),
        ({"url": URL, "json_value": 1}, "json_value"),
        ({"url": URL, "expected_status": "200"}, "expected_status"),
        ({"url": URL, "expected_status": []}, "expected_status"),
        ({"url": URL, "expected_status": 101}, "expected_status.0"),
        ({"url": URL, "expected_status": [200, 600]}, "expected_status.1"),
        ({"url": URL, "expected_status": True}, "expected_status.0"),
        ({"url": URL, "timeout_seconds": 0}, "timeout_seconds"),
        ({"url": URL, "timeout_seconds": -1}, "timeout_seconds"),
        ({"url": URL, "timeout_seconds": 871}, "timeout_seconds"),
        ({"url": URL, "no_retry_status": 100}, "no_retry_status.0"),
        ({"url": URL, "no_retry_status": [503, "x"]}, "no_retry_status.1"),
        ({"url": URL, "no_retry_status": None}, "no_retry_status"),
        ({"url": URL, "sign_with": "Hook Key"}, "sign_with"),
        ({"url": URL, "sign_with": ""}, "sign_with"),
        ({"url": URL, "sign_with": "key", "headers": {"Webhook-Signature": "v1,x"}}, "sign_with"),
        ({"url": URL, "timeout_seconds": float("nan")}, "timeout_seconds"),
        ({"url": URL, "timeout_seconds": "30"}, "timeout_seconds"),
        ({"url": URL, "retries": 3}, "retries"),
    ],
)
def test_bad_payloads_are_refused_with_their_field(payload: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        HTTP_REQUEST.parse(payload)
    assert caught.value.field == f"payload.{field}"


@pytest.mark.parametrize(
    ("expected", "good", "bad"),
    [
        (None, [200, 201, 204, 299], [199, 300, 304, 404, 500]),
        (404, [404], [200, 204, 500]),
        ([200, 503], [200, 503], [201, 500]),
    ],
)
def test_the_expected_status_decides(expected: Any, good: list[int], bad: list[int]) -> None:
    payload = HTTP_REQUEST.parse({"url": URL, "expected_status": expected})
    assert all(payload.expects(status) for status in good)
    assert not any(payload.expects(status) for status in bad)


def _response(body: bytes, content_type: str | None = None, **headers: str) -> HttpResponse:
    typed = {} if content_type is None else {"content-type": content_type}
    return HttpResponse(status_code=200, url=URL, headers=tuple((typed | headers).items()), body=body, truncated=False)


@pytest.mark.parametrize(
    ("body", "content_type", "encoding", "expected"),
    [
        (b'{"a": [1, null]}', "application/json", "json", {"a": [1, None]}),
        (b'{"a": 1}', "application/problem+json; charset=utf-8", "json", {"a": 1}),
        (b'{"a": 1}', "APPLICATION/JSON", "json", {"a": 1}),
        (b'{"a": 1}', "text/plain", "text", '{"a": 1}'),
        (b'{"a": 1}', None, "text", '{"a": 1}'),
        (b'{"a": ', "application/json", "text", '{"a": '),
        (b"", "application/json", "text", ""),
        (b"[NaN]", "application/json", "text", "[NaN]"),
        (b"[1e999]", "application/json", "text", "[1e999]"),
        (b'["\\ud800"]', "application/json", "text", '["\\ud800"]'),
        (b"[" * 60_000, "application/json", "text", "[" * 60_000),
        (b"9" * 5_000, "application/json", "text", "9" * 5_000),
        ("ä".encode(), "text/html", "text", "ä"),
        ("ä".encode("latin-1"), "text/html; charset=ISO-8859-1", "text", "ä"),
        ("ä".encode("utf-16"), 'text/plain; charset="UTF-16"', "text", "ä"),
        ("ä".encode("latin-1"), "text/html", "base64", "5A=="),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png", "base64", "iVBORw0KGgoA"),
        (b"a\x00b", "text/plain", "base64", "YQBi"),
        (b"abc", "text/plain; charset=rot13", "text", "abc"),
        (b"abc", "text/plain; charset=iso-8859-99", "base64", "YWJj"),
    ],
)
def test_bodies_become_json_text_or_base64(body: bytes, content_type: str | None, encoding: str, expected: Any) -> None:
    output = output_of(_response(body, content_type), elapsed_ms=5)
    assert (output["body_encoding"], output["body"]) == (encoding, expected)
    json.dumps(output, allow_nan=False, ensure_ascii=False).encode()


def test_a_cut_body_is_text_up_to_its_last_whole_character() -> None:
    response = HttpResponse(
        status_code=200,
        url=URL,
        headers=(("content-type", "application/json"),),
        body="[ä".encode()[:-1],
        truncated=True,
    )
    output = output_of(response, elapsed_ms=0)
    assert (output["body"], output["body_encoding"], output["truncated"]) == ("[", "text", True)


def test_headers_are_bounded_and_hold_no_cookie() -> None:
    headers = {f"x-{number}": "y" * 300 for number in range(100)}
    output = output_of(_response(b"", **{"set-cookie": "session=s3cret"}, **headers), elapsed_ms=0)
    assert "set-cookie" not in output["headers"]
    assert 20 < len(output["headers"]) <= 50
    assert len(str(output["headers"])) < 10_000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        ("Sun, 22 Nov 2026 13:01:30 +0100", 90.0),
        ("Sun, 22 Nov 2026 12:01:30 -0000", 90.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("9" * 400, None),
        ("١٢", None),
        ("Sun, 99 Nov 2026 12:01:30 GMT", None),
        ("Sun, 22 Nov 99999999 12:01:30 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    found = retry_after_seconds(_response(b"", **{"retry-after": value}), NOON)
    if value.startswith("Fri, 31 Dec 9999"):
        assert found is None or found > timedelta(days=365_000).total_seconds()
    else:
        assert found == seconds


def test_no_retry_after_is_none() -> None:
    assert retry_after_seconds(_response(b""), NOON) is None
