"""What both hosts promise besides the routes: headers, request ids, one answer for one request."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.api_hosts import (
    PASSWORD,
    REQUEST_ID,
    Answer,
    Api,
    Client,
    Wire,
    asgi_answer,
    gateway_event,
    new_api,
    services_of,
)
from tests.world import World
from tickwell.http.app import build_app
from tickwell.http.asgi import AsgiApp
from tickwell.http.gate import Gate
from tickwell.http.resolvers import threaded_resolver

OpenWorld = Callable[[], World]
JOBS = "/api/v1/jobs"
SECURITY = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/", 200),
        ("GET", "/health", 200),
        ("GET", "/openapi.json", 200),
        ("GET", JOBS, 200),
        ("GET", "/nothing", 404),
        ("GET", f"{JOBS}/x", 404),
        ("PUT", JOBS, 405),
        ("POST", JOBS, 422),
        ("OPTIONS", JOBS, 204),
    ],
)
def test_every_answer_has_the_security_headers_and_a_request_id(
    ada: Client, method: str, target: str, status: int
) -> None:
    answer = ada(method, target)
    assert answer.status == status
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert answer.headers["x-request-id"]
    if status >= 400:
        assert answer.json["request_id"] == answer.headers["x-request-id"]
        assert set(answer.json) >= {"error", "message", "code", "timestamp", "request_id"}
        assert answer.json["error"] is True


def test_request_ids_are_the_gateways_or_fresh(open_world: OpenWorld) -> None:
    on_lambda, local = new_api("lambda", open_world()).anonymous, new_api("asgi", open_world()).anonymous
    assert on_lambda("GET", "/").headers["x-request-id"] == REQUEST_ID
    assert len({local("GET", "/").headers["x-request-id"] for _ in range(3)}) == 3


def test_strict_transport_is_asked_for_only_where_tls_is_certain(open_world: OpenWorld) -> None:
    on_lambda, local = new_api("lambda", open_world()).anonymous, new_api("asgi", open_world()).anonymous
    assert on_lambda("GET", "/").headers["strict-transport-security"] == "max-age=31536000"
    assert "strict-transport-security" not in local("GET", "/").headers


def test_a_stage_in_the_path_is_not_part_of_it(open_world: OpenWorld) -> None:
    app = build_app(services_of(open_world()), local=False)
    event = gateway_event(Wire(method="GET", target="/prod/health", headers=(), body=b""))
    event["requestContext"]["stage"] = "prod"
    assert app(event, object())["statusCode"] == 200
    event["rawPath"] = "/prod"
    assert json.loads(app(event, object())["body"])["data"]["name"] == "Tickwell"


def test_a_failed_request_leaves_nothing_behind_for_the_next(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    job = ada("POST", JOBS, {"name": "ada's"}).data
    for _ in range(3):
        assert eve("GET", f"{JOBS}/{job['id']}").status == 404
        assert eve("POST", JOBS, {"name": ""}).status == 422
        assert api.anonymous("GET", JOBS).status == 401
        assert ada("GET", f"{JOBS}/{job['id']}").data["name"] == "ada's"
        assert api.anonymous("GET", "/openapi.json").status == 200
        assert eve("GET", "/api/v1/auth/me").data["email"] == "eve@example.com"


def test_the_same_requests_get_the_same_answers_on_both_hosts(open_world: OpenWorld) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("GET", "/", None),
        ("GET", "/health", None),
        ("GET", JOBS, None),
        ("POST", JOBS, {"name": "x", "payload": {"ü": [1.5, None]}, "tags": ["a,b"]}),
        ("POST", JOBS, {"name": "", "surprise": 1}),
        ("GET", f"{JOBS}?limit=1", None),
        ("GET", f"{JOBS}?limit=1,2&cursor=%2C", None),
        ("GET", f"{JOBS}/a%20b", None),
        ("GET", f"{JOBS}/a%2Fb", None),
        ("GET", "/openapi.json", None),
        ("PATCH", JOBS, None),
        ("GET", "/api/v1/tasks", None),
    ]
    answers = []
    for kind in ("lambda", "asgi"):
        ada = new_api(kind, open_world()).user("ada@example.com")
        answers.append([_comparable(ada(method, target, body)) for method, target, body in requests])
    assert answers[0] == answers[1]


def _comparable(answer: Answer) -> tuple[int, set[str], str]:
    host_only = {"strict-transport-security", "content-length", "x-request-id"}
    document = answer.json
    for part in (document, document.get("data", {})):
        for key in ("request_id", "id", "user_id"):
            part.pop(key, None)
    for job in document.get("data", {}).get("jobs", ()):
        del job["id"], job["user_id"]
    pagination = document.get("data", {}).get("pagination")
    if pagination is not None:
        pagination["next_cursor"] = pagination["next_cursor"] is not None
    return answer.status, set(answer.headers) - host_only, json.dumps(document)


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as they can, so that what they share by mistake shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("eager_threads")
def test_concurrent_requests_of_two_users_get_their_own_answers(open_world: OpenWorld) -> None:
    world = open_world()
    services = services_of(world)
    accounts = new_api("lambda", world, services=services)
    tokens = {email: accounts.user(email).token for email in ("ada@example.com", "eve@example.com")}
    app = build_app(services, local=True)

    async def everything() -> Sequence[tuple[str, Answer]]:
        async def one(number: int) -> tuple[str, Answer]:
            email = ("ada@example.com", "eve@example.com")[number % 2]
            path = "/api/v1/auth/me" if number % 4 < 2 else f"{JOBS}/{number}"
            headers = (("Authorization", f"Bearer {tokens[email]}"),)
            return email, await asgi_answer(app, Wire(method="GET", target=path, headers=headers, body=b""))

        return await asyncio.gather(*(one(number) for number in range(200)))

    for number, (email, answer) in enumerate(asyncio.run(everything())):
        if number % 4 < 2:
            assert answer.data["email"] == email
        else:
            assert answer.json["message"] == f"no job {number}"


class HeldHasher:
    """Hashes once it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()

    def hash(self, password: str) -> str:
        self.begun.set()
        assert self.let_go.wait(timeout=10), "the event loop was blocked"
        return f"hash of {len(password)} characters"

    def verify(self, password_hash: str, password: str) -> bool:
        return password_hash == self.hash(password)


def test_a_slow_handler_does_not_block_the_event_loop(open_world: OpenWorld) -> None:
    hasher = HeldHasher()
    services = services_of(open_world())
    app = build_app(replace(services, register=replace(services.register, hasher=hasher)), local=True)
    register = json.dumps({"email": "ada@example.com", "password": PASSWORD}).encode()
    headers = (("Content-Type", "application/json"),)

    async def let_go_while_it_hashes() -> Answer:
        wire = Wire(method="POST", target="/api/v1/auth/register", headers=headers, body=register)
        answer = asyncio.create_task(asgi_answer(app, wire))
        assert await asyncio.to_thread(hasher.begun.wait, 10)
        hasher.let_go.set()
        return await answer

    assert asyncio.run(let_go_while_it_hashes()).status == 201


def test_a_client_that_goes_away_gets_no_answer(open_world: OpenWorld) -> None:
    app = build_app(services_of(open_world()), local=True)
    sent: list[object] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "GET", "path": "/", "headers": []}, receive, send))
    assert sent == []


def test_nobody_waits_for_a_body_that_is_announced_as_too_large(open_world: OpenWorld) -> None:
    app = build_app(services_of(open_world()), local=True)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was asked for")

    async def send(message: object) -> None:
        sent.append(message)

    headers = [(b"content-length", b"5000000"), (b"expect", b"100-continue")]
    path = "/api/v1/auth/login"
    asyncio.run(app({"type": "http", "method": "POST", "path": path, "headers": headers}, receive, send))
    assert sent[0]["status"] == 413


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("http://any.host/health", 200),
        ("HTTPS://any.host:8000/api/v1/jobs", 401),
        ("http://any.host", 200),
        ("http://any.host//health", 404),
        ("ftp://any.host/health", 404),
        ("/http://any.host/health", 404),
        ("*", 404),
    ],
)
def test_a_local_target_may_be_an_absolute_uri(open_world: OpenWorld, target: str, status: int) -> None:
    app = build_app(services_of(open_world()), local=True)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: object) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "GET", "path": target, "headers": []}, receive, send))
    assert sent[0]["status"] == status


def test_a_body_that_is_held_back_is_refused_and_the_connection_closed(open_world: OpenWorld) -> None:
    services = services_of(open_world())
    app = AsgiApp(Gate(services, threaded_resolver(), extra_headers={}), ids=services.ids, body_seconds=0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/api/v1/auth/login", "headers": []}
    asyncio.run(app(scope, receive, send))
    start, end = sent
    assert (start["status"], json.loads(end["body"])["code"]) == (408, "BODY_TOO_SLOW")
    assert (b"connection", b"close") in start["headers"]
    assert b"x-request-id" in dict(start["headers"])
