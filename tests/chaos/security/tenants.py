"""What one tenant can do with what it knows of another one: ids, cursors, names, keys and mailed tokens.

Paths are walked by ``tests.access_matrix``; here is everything else.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.access_walk import BREAKS, MAKERS, People
from tests.api_hosts import Answer, Api, Client
from tests.chaos.security.findings import LEAKED, Findings
from tickwell.adapters.cursors import encode_cursor
from tickwell.http.openapi import document

KIND: Final = "tenants"
JOBS: Final = "/api/v1/jobs"
SECRET_NAME: Final = "the-other-tenants-own-name"
_SHOWN: Final = ("jobs", "dead-letters", "queues", "webhooks", "secrets", "api-keys", "organization/members")


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """An operation that gives pages."""

    path: str
    with_parameters: frozenset[str]


def listings() -> list[Listing]:
    """All of the document."""
    return [
        Listing(path=path, with_parameters=frozenset(each["name"] for each in methods["get"]["parameters"]))
        for path, methods in document("1.2.3")["paths"].items()
        if any(each["name"] == "cursor" for each in methods.get("get", {}).get("parameters", ()))
    ]


def attack_tenants(findings: Findings, api: Api) -> None:
    """A stranger who knows everything that an owner sees, and an owner whose things must be as before."""
    people = People(api=api)
    owner, stranger = people.client(), people.client()
    theirs = [{name: make(api, owner) for name, make in MAKERS.items()} for _ in range(2)]
    own = {name: make(api, stranger) for name, make in MAKERS.items()}
    created = owner("POST", JOBS, {"name": SECRET_NAME, "tags": ["theirs"], "interval_seconds": 3600})
    assert created.status == 201
    ids = [value for each in theirs for value in each.values()] + [created.data["id"], SECRET_NAME]
    before = _shown(owner)
    for what, path in _disguises(theirs[0]):
        status = stranger("GET", path).status
        findings.require(KIND, f"{what}: {status}", held=status == 404)
        findings.answered(KIND, what, status)
    for what, answer in [*_paging(owner, stranger, own, theirs[0]), *_bodies(stranger, theirs[0])]:
        findings.answered(KIND, what, answer.status)
        text = answer.body.decode()
        found = [each for each in ids if json.dumps(each)[1:-1] in text and each not in what]
        findings.require(KIND, f"{what} shows {found}", held=not found, what=LEAKED)
    for path, was, now in zip(_SHOWN, before, _shown(owner), strict=True):
        findings.require(KIND, f"{path} of the owner have changed: {was} {now}", held=was == now)
    _same_names(findings, people)
    api.world.work()


def _shown(owner: Client) -> Sequence[Any]:
    """What the owner has; the length of a default queue is that of a lane, which all tenants share."""
    shown = [owner("GET", f"/api/v1/{path}").data for path in _SHOWN]
    for entry in shown[_SHOWN.index("queues")]["queues"]:
        if entry["is_default"]:
            entry["waiting"] = None
    return shown


Told = tuple[str, Answer]


def _paging(owner: Client, stranger: Client, own: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[Told]:
    """Cursors that the owner got, and some that nobody got, in listings of the stranger's."""
    cursors = {"forged": _forged(theirs)}
    for listing in listings():
        got = owner("GET", f"{_at(listing, theirs)}?limit=1")
        found = (got.json.get("data") or {}).get("next_cursor") if got.status == 200 else None
        if isinstance(found, str):
            cursors[listing.path] = [found]
    for listing in listings():
        for came_from, each in cursors.items():
            for cursor in each:
                query = urlencode({"limit": 50 if "page" in listing.with_parameters else 5, "cursor": cursor})
                yield f"a cursor of {came_from} at {listing.path}", stranger("GET", f"{_at(listing, own)}?{query}")
    for name in ("job_id", "queue", "tag", "task", "search", "actor", "resource"):
        for listing in listings():
            if name in listing.with_parameters:
                value = theirs.get(name, theirs["job_id"])
                yield f"{name}={value} at {listing.path}", stranger("GET", f"{_at(listing, own)}?{name}={quote(value)}")


def _at(listing: Listing, ids: Mapping[str, str]) -> str:
    return listing.path.format(**{**ids, "month": "2026-11"})


def _forged(theirs: Mapping[str, str]) -> list[str]:
    """Cursors of all forms that lead to the owner's things, or nowhere."""
    job, letter = theirs["job_id"], theirs["dead_letter_id"]
    places: list[Sequence[str | int]] = [
        [job],
        [letter],
        [0, job],
        [0, ""],
        [job, job],
        [0, 1, job],
        [0, 0, ""],
        ["\0"],
    ]
    places += [["T#" + job], [10**15, job], [-1, job], ["~" * 500], ["../" * 50], [0, "a#b#c", job]]
    names = ("jobs", "upcoming", "executions", "dead-letters", "dead_letters", "audit", "occurrences", "archive")
    return [encode_cursor(name, place) for name in names for place in places]


def _bodies(stranger: Client, theirs: Mapping[str, str]) -> Iterator[Told]:
    """Names and ids of the owner's in bodies; whatever is done is done to the stranger's own."""
    queue, job = theirs["name"], theirs["job_id"]
    requests: list[tuple[str, str, Any]] = [
        ("POST", JOBS, {"name": "a job", "queue": queue}),
        ("POST", JOBS, {"name": "a job", "tenant_id": job, "id": job}),
        ("POST", JOBS, {"name": "a job", "key": theirs["key"], "parent_id": job}),
        ("POST", f"{JOBS}/bulk", {"action": "cancel", "filter": {"queue": queue}}),
        ("POST", f"{JOBS}/bulk", {"action": "cancel", "filter": {"tag": "theirs"}}),
        ("POST", f"{JOBS}/bulk", {"action": "delete", "filter": {"task": "echo"}, "dry_run": True}),
        ("POST", f"{JOBS}/bulk", {"action": "cancel", "all": True, "cursor": encode_cursor("jobs", [job])}),
        ("POST", "/api/v1/dead-letters/retry", {"filter": {"job_id": job}}),
        ("POST", "/api/v1/dead-letters/retry", {"filter": {"task": BREAKS}}),
        ("POST", "/api/v1/dead-letters/delete", {"filter": {"job_id": job}}),
        ("POST", "/api/v1/dead-letters/delete", {"all": True}),
        ("POST", f"{JOBS}/apply", {"scope": "team", "jobs": [], "delete_missing": True}),
        ("PUT", f"{JOBS}/by-key/{theirs['key']}", {"name": "mine now", "interval_seconds": 60}),
        ("POST", "/api/v1/queues", {"name": queue}),
        ("PATCH", "/api/v1/organization", {"name": "mine", "tenant_id": job}),
        ("POST", "/api/v1/webhooks", {"url": "https://hooks.example.com/", "tenant_id": job}),
    ]
    for method, path, body in requests:
        yield f"{method} {path} {json.dumps(body)}", stranger(method, path, body)


def _disguises(theirs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The owner's ids in other spellings."""
    for name, path in (("job_id", JOBS), ("execution_id", "/api/v1/executions"), ("name", "/api/v1/queues")):
        plain = theirs[name]
        for other in (
            plain.upper(),
            f"{plain}%20",
            f"%20{plain}",
            f"{plain}%00",
            f"{plain}.000000000000",
            f"x/../{plain}",
            f"%2e%2e%2f{plain}",
            f"{plain};a=b",
            f"{plain}%23x",
            "".join(f"%{ord(character):02x}" for character in plain),
            f"./{plain}",
            f"{plain}/",
        ):
            yield f"{name} as {other}", f"{path}/{other}"


def _same_names(findings: Findings, people: People) -> None:
    """Two tenants that call everything the same never meet."""
    one, other = people.client(), people.client()
    headers = {"Idempotency-Key": "the-same-for-both"}
    made = [
        client("POST", JOBS, {"name": "same", "payload": n}, headers=headers) for n, client in enumerate((one, other))
    ]
    kept = [client("PUT", f"{JOBS}/by-key/same", {"name": "same", "interval_seconds": 3600}) for client in (one, other)]
    for what, answers in (("Idempotency-Key", made), ("key of a job", kept)):
        first, second = (answer.data for answer in answers)
        findings.require(KIND, f"the same {what} gives the same job", held=first["id"] != second["id"])
    mine = [client("GET", f"{JOBS}/{answer.data['id']}") for client, answer in zip((one, other), made, strict=True)]
    findings.require(KIND, "payloads are exchanged", held=[answer.data["payload"] for answer in mine] == [0, 1])
    gone = other("DELETE", f"{JOBS}/by-key/same")
    findings.answered(KIND, "the stranger deletes its own key", gone.status)
    held = one("GET", f"{JOBS}/by-key/same").status == 200
    findings.require(KIND, "the key of the one goes with that of the other", held=held)
