"""What the API asks of requests before it looks at what they want: origins, methods, media types, sizes."""

import pytest

from tests.api_hosts import (
    ORIGIN,
    Api,
    Client,
    Wire,
)
from tickwell.http.exchange import LARGEST_BODY_BYTES

JOBS = "/api/v1/jobs"


def test_named_origins_may_call(ada: Client) -> None:
    answer = ada("GET", JOBS, headers={"Origin": ORIGIN})
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "X-Request-Id" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "*", f"{ORIGIN}.evil.example", "http://app.example.com"]
)
def test_other_origins_may_not(ada: Client, origin: str) -> None:
    for method in ("GET", "OPTIONS"):
        headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        answer = ada(method, JOBS, headers=headers)
        assert [name for name in answer.headers if name.startswith("access-control")] == []
        assert answer.headers["vary"] == "Origin"


def test_errors_are_readable_across_origins_too(api: Api) -> None:
    answer = api.anonymous("GET", JOBS, headers={"Origin": ORIGIN})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (401, ORIGIN)


def test_preflight_is_answered_without_a_credential(api: Api) -> None:
    headers = {
        "Origin": ORIGIN,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    answer = api.anonymous("OPTIONS", JOBS, headers=headers)
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in answer.headers["access-control-allow-methods"]
    granted = "Authorization, Content-Type, Idempotency-Key, Traceparent, X-API-Key"
    assert answer.headers["access-control-allow-headers"] == granted
    assert api.anonymous("OPTIONS", "/nothing", headers=headers).status == 404


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", JOBS, "GET, HEAD, OPTIONS, POST"),
        ("POST", f"{JOBS}/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", f"{JOBS}/x/pause", "OPTIONS, POST"),
        ("HEAD", f"{JOBS}/x/pause", "OPTIONS, POST"),
        ("TRACE", "/health", "GET, HEAD, OPTIONS"),
        ("<SCRIPT>", "/", "GET, HEAD, OPTIONS"),
    ],
)
def test_wrong_methods_are_told_the_right_ones(api: Api, method: str, path: str, allowed: str) -> None:
    answer = api.anonymous(method, path)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)
    assert b"<" not in answer.body
    if method != "HEAD":
        assert answer.json["code"] == "METHOD_NOT_ALLOWED"


def test_head_is_get_without_a_body(ada: Client) -> None:
    for path in ("/health", JOBS, f"{JOBS}/x"):
        got, head = ada("GET", path), ada("HEAD", path)
        assert (head.status, head.body) == (got.status, b"")
        assert "content-length" not in head.headers


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 201),
        ("APPLICATION/JSON; charset=UTF-8", 201),
        ('application/json;charset="utf-8"', 201),
        ("application/json; charset=latin-1", 415),
        ("application/x-www-form-urlencoded", 415),
        ("multipart/form-data; boundary=x", 415),
        ("text/plain", 415),
        ("application/jsonx", 415),
        ("", 415),
        ("\xff", 415),
    ],
)
def test_bodies_must_be_declared_as_json(ada: Client, content_type: str, status: int) -> None:
    answer = ada("POST", JOBS, {"name": "x"}, headers={"Content-Type": content_type})
    assert answer.status == status


def test_a_body_without_a_type_is_taken_for_json(api: Api) -> None:
    ada = api.user()
    wire = Wire(method="POST", target=JOBS, headers=(("Authorization", f"Bearer {ada.token}"),), body=b'{"name": "x"}')
    assert api.host(wire).status == 201


def test_bodies_up_to_the_limit_are_read(ada: Client) -> None:
    frame = b'{"name": "x", "payload": "%s"}'
    most = frame % (b"x" * (LARGEST_BODY_BYTES - len(frame) + 2))
    assert len(most) == LARGEST_BODY_BYTES
    assert ada("POST", JOBS, raw=most).status == 201
    for raw in (most + b" ", most * 3):
        answer = ada("POST", JOBS, raw=raw)
        assert (answer.status, answer.json["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("announced", [str(LARGEST_BODY_BYTES + 1), "0" * 30 + "2000000", "9" * 5000])
def test_a_body_that_is_announced_as_too_large_is_refused_at_once(ada: Client, announced: str) -> None:
    answer = ada("POST", JOBS, {"name": "x"}, headers={"Content-Length": announced})
    assert (answer.status, answer.json["code"]) == (413, "BODY_TOO_LARGE")


@pytest.mark.parametrize("announced", ["12", str(LARGEST_BODY_BYTES), "00000000012", "", "many", "-5", "\xb2"])
def test_any_other_announcement_changes_nothing(ada: Client, announced: str) -> None:
    assert ada("POST", JOBS, {"name": "x"}, headers={"Content-Length": announced}).status == 201
