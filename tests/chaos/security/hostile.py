"""Bodies, paths, queries and headers that mean harm: whatever comes, there is an answer, and it is an envelope."""

import http.client
import json
import random
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

from tests.access_matrix import OPERATIONS
from tests.access_walk import MAKERS, Operation
from tests.api_hosts import Answer, Api, Client
from tests.chaos.security.findings import BROKE, Findings
from tests.hostile_input import ODD_HEADERS, ODD_PAYLOADS, ODD_QUERIES, ODD_SEGMENTS, RAW_BODIES
from tests.server_process import ServerProcess, eventually
from tickwell.http.openapi import document

KIND: Final = "hostile input"
JOBS: Final = "/api/v1/jobs"
ODD_VALUES: Final[tuple[Any, ...]] = (
    *(None, True, False, 0, -0.0, -1, 1, 2**31, 2**53, 2**63, 10**30, 10**400, 1e308, -1e308, 5e-324, 0.1, 1e16),
    *("", " ", "\0", "\n", "\r\nX: y", "a" * 100_000, "\u202e\u2066", "\U0001f600", "\u0130\u0131\u017f", "\ufeff"),
    *("e\u0301" * 40, "\ufdd0\uffff", "\u2028", "../../etc/passwd", "${jndi:ldap://127.0.0.1/}", "{{7*7}}", "%s%n"),
    *("' OR 1=1 --", "<script>alert(1)</script>", "T#a#b", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *("2026-02-30T00:00:00Z", "2026-11-25T09:00:60Z", "* * * * *", "0 0 31 2 *", "*/0 * * * *", "UTC", "../UTC"),
    *([], {}, [[]], [None] * 1000, {"": ""}, {"__proto__": {}}, [[[[[[[[[[]]]]]]]]]], {"a" * 1000: 1}, ["a"] * 50),
)


def attack_input(findings: Findings, api: Api, chance: random.Random, *, odd_jobs: int) -> None:
    """Everything at everything, as somebody who has an account."""
    client = api.user()
    ids = {name: make(api, client) for name, make in MAKERS.items()}
    for operation in OPERATIONS:
        for what, answer in [*_bodies(operation, client, ids), *_values(operation, client, ids, chance)]:
            _told(findings, f"{operation.name}, {what}", answer)
    for what, answer in [*_paths(client), *_queries(client), *_headers(client)]:
        _told(findings, what, answer)
    _payloads(findings, api, client)
    fields = sorted(document("1.2.3")["components"]["schemas"]["JobRequest"]["properties"])
    for _ in range(odd_jobs):
        body = {"name": "x", **{chance.choice(fields): chance.choice(ODD_VALUES) for _ in range(chance.randint(1, 5))}}
        _told(findings, f"a job of {_shown(body)}", client("POST", JOBS, body))
    api.world.work()
    _told(findings, "all jobs", client("GET", JOBS))


def _shown(value: Any) -> str:
    return ascii(value)[:300]


def _told(findings: Findings, what: str, answer: Answer) -> None:
    findings.answered(KIND, what, answer.status)
    try:
        told = json.loads(answer.body) if answer.body else {"success": True}
        is_envelope = told.get("success") is True or told.get("error") is True or "openapi" in told
    except ValueError:
        is_envelope = answer.headers["content-type"].startswith(("text/", "application/javascript"))
    findings.require(KIND, f"{what}: no envelope: {answer.body[:100]!r}", held=is_envelope, what=BROKE)


Told = tuple[str, Answer]


def _bodies(operation: Operation, client: Client, ids: Mapping[str, str]) -> Iterator[Told]:
    if operation.body is None or operation.name == "deleteOrganization":
        return
    path = operation.path.format(**{**dict.fromkeys(operation.parameters, "unknown"), **ids})
    for name, raw in RAW_BODIES.items():
        yield f"body {name}", client(operation.method, path, raw=raw)
    for media_type in ("", "text/plain", "application/xml", "application/json; charset=utf-16", "multipart/form-data"):
        yield f"type {media_type}", client(operation.method, path, raw=b"{}", headers={"Content-Type": media_type})


def _values(operation: Operation, client: Client, ids: Mapping[str, str], chance: random.Random) -> Iterator[Told]:
    """The example with each of its fields spoiled in turn."""
    if not isinstance(operation.body, dict):
        return
    path = operation.path.format(**{**dict.fromkeys(operation.parameters, "unknown"), **ids})
    for field in operation.body:
        for value in chance.sample(ODD_VALUES, 12):
            body = {**operation.body, field: value}
            yield f"{field} {_shown(value)}", client(operation.method, path, body)


def _paths(client: Client) -> Iterator[Told]:
    for segment in ODD_SEGMENTS:
        for place in (
            f"{JOBS}/{{}}",
            f"{JOBS}/by-key/{{}}",
            "/api/v1/queues/{}",
            "/api/v1/archive/{}/executions",
            "/{}",
        ):
            for method in ("GET", "DELETE"):
                target = place.format(segment)
                yield f"{method} {_shown(target)}", client(method, target)


def _queries(client: Client) -> Iterator[Told]:
    parameters = ("limit", "cursor", "page", "status", "search", "tag", "sort_by", "from", "created_after", "count")
    odd = ("%00", "%ff", "%ed%a0%80", "-1", "1e308", "9" * 400, "NaN", "%F0%9F%98%80", "a" * 5000, "1%0d%0aX:y", "[]")
    for place in (JOBS, f"{JOBS}/upcoming", "/api/v1/audit", "/api/v1/schedules/preview", "/api/v1/dead-letters"):
        for query in [*ODD_QUERIES, *(f"{name}={value}" for name in parameters for value in odd)]:
            yield f"{place}?{_shown(query)}", client("GET", f"{place}?{query}")


def _headers(client: Client) -> Iterator[Told]:
    more: list[dict[str, str]] = [
        *({"Idempotency-Key": value} for value in ("", "\xff", "a" * 10_000, "a\tb", "a, b", '"', "\x01")),
        *({"X-Request-Id": value} for value in ("a\tb", "\xff" * 100)),
        {"Content-Encoding": "gzip"},
        {"Content-Encoding": "br, gzip, identity"},
        {"Expect": "100-continue"},
        {"Range": "bytes=0-0"},
        {"If-None-Match": "*"},
        {"Accept": "\xff/\xff"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer " + "a" * 100_000},
        {"Origin": "null"},
        {"Access-Control-Request-Method": "\xff", "Origin": "https://app.example.com"},
    ]
    for headers in [*ODD_HEADERS, *more]:
        yield f"headers {_shown(headers)}", client("GET", JOBS, headers=headers)
        yield f"headers {_shown(headers)}, OPTIONS", client("OPTIONS", JOBS, headers=headers)
        yield f"headers {_shown(headers)}, a job", client("POST", JOBS, {"name": "x"}, headers=headers)


def _payloads(findings: Findings, api: Api, client: Client) -> None:
    """What is odd but JSON is kept as it is, and comes back so."""
    for payload in ODD_PAYLOADS:
        created = client("POST", JOBS, {"name": "x", "payload": payload})
        api.world.work()
        held = created.status == 201 and client("GET", f"{JOBS}/{created.data['id']}").data["payload"] == payload
        findings.require(KIND, f"payload {_shown(payload)} is another one", held=held, what=BROKE)


def attack_server(findings: Findings, server: ServerProcess) -> None:
    """The worst bodies over a socket; the server must be there afterwards, and do its work."""
    server.register()
    for name, raw in RAW_BODIES.items():
        for path in (JOBS, "/api/v1/auth/login"):
            status = _post(server, path, raw)
            findings.require(KIND, f"{name} over a socket: {status}", held=status < 500, what=BROKE)
    for payload in ODD_PAYLOADS:
        job = server.data("POST", JOBS, {"name": "x", "payload": payload})["id"]
        done = eventually(partial(_is_completed, server, job))
        findings.require(KIND, f"a job of {_shown(payload)} does not end", held=done, what=BROKE)
    findings.require(KIND, "the server is gone", held=server.call("GET", "/health")[0] == 200, what=BROKE)


def _is_completed(server: ServerProcess, job_id: str) -> bool:
    return bool(server.data("GET", f"{JOBS}/{job_id}")["state"] == "completed")


def _post(server: ServerProcess, path: str, raw: bytes) -> int:
    parts = urlsplit(server.url)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
    with closing(http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)) as connection:
        connection.request("POST", path, raw, headers)
        return connection.getresponse().status
