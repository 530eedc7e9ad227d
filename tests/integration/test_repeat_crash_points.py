"""A process may die, and a store may fail, at every call: a request with a key, sent again, is carried out once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import SIGNING_KEY, Answer, Client, new_api, services_of
from tests.chaos.crash.flows import MINUTE
from tests.chaos.crash.lab import Crash, Kind, Lab, Wire, new_lab, ways_to_break
from tests.world import ADA
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.tokens import JwtTokens
from tickwell.domain.account import User
from tickwell.domain.submission import HOLD

KEY = {"Idempotency-Key": "k"}
JOB = {"name": "x", "task": "probe", "payload": "p" * 1000}
LONG_HOLD = HOLD + timedelta(seconds=1)

Request = Callable[[Lab], tuple[str, Any]]


def one(_lab: Lab) -> tuple[str, Any]:
    return "/api/v1/jobs", JOB


def three(_lab: Lab) -> tuple[str, Any]:
    return "/api/v1/jobs/batch", {"jobs": [JOB, {"name": ""}, JOB, JOB]}


def letter(lab: Lab) -> tuple[str, Any]:
    """A dead letter to be run again; its first job stays beside the new one."""
    lab.failures = 1
    lab.create(name="failed", max_retries=0)
    lab.world.work()
    (found,) = lab.world.core.history.list_dead_letters(ADA.tenant_id, limit=1, cursor=None).items
    return f"/api/v1/dead-letters/{found.dead_letter_id}/retry", None


def once_more(lab: Lab) -> tuple[str, Any]:
    """A job to be run once more."""
    job = lab.create(name="again")
    lab.world.work()
    return f"/api/v1/jobs/{job.job_id}/execute", None


REQUESTS: dict[str, tuple[Request, int]] = {
    "one job": (one, 1),
    "three jobs": (three, 3),
    "a dead letter": (letter, 2),
    "once more": (once_more, 2),
}


def client_of(lab: Lab) -> Client:
    now = lab.world.clock.now()
    ada = User(
        tenant_id=ADA.tenant_id,
        user_id=ADA.user_id,
        email="ada@example.com",
        password_hash="",
        role=ADA.role,
        created_at=now,
        updated_at=now,
    )
    lab.world.accounts.create(ada)
    token = JwtTokens(KeyRing(lambda: SIGNING_KEY), lab.world.core.ids).issue(ada, now=now)
    return Client(host=new_api("lambda", lab.world, services=services_of(lab.world)).host, token=token)


def made_by(answer: Answer) -> list[str]:
    """The ids of the jobs that an answer tells of."""
    data = answer.data
    if "results" in data:
        return [result["job"]["id"] for result in data["results"] if "job" in result]
    if "child_id" in data:
        return [data["child_id"]]
    return [data["job"]["id"] if "job" in data else data["id"]]


def play(folder: Path, name: str, wire: Wire) -> list[str]:
    """Break into the first try, send the request again until it is answered, and let its jobs end; the calls made."""
    request, jobs = REQUESTS[name]
    lab, close = new_lab(folder, wire)
    try:
        path, body = request(lab)
        client = client_of(lab)
        wire.armed = True
        with suppress(Crash):
            client("POST", path, body, headers=KEY)
        wire.revive()
        lab.world.clock.advance(LONG_HOLD)
        again = client("POST", path, body, headers=KEY)
        assert again.status in {200, 201, 202}, again.json
        repeated = client("POST", path, body, headers=KEY)
        assert (repeated.body, repeated.headers["idempotency-replayed"]) == (again.body, "true")
        lab.world.live(6 * MINUTE, step=MINUTE)
        assert lab.faults == []
        standing = lab.all_jobs()
        assert len(standing) == jobs
        assert set(made_by(again)) <= {job.job_id for job in standing}
        assert all(lab.world.executions(job) for job in standing)
    finally:
        close()
    return wire.calls


@pytest.mark.parametrize("name", REQUESTS)
def test_whatever_breaks_at_whatever_call_it_is_carried_out_once(name: str, tmp_path: Path) -> None:
    recorded = play(tmp_path, name, Wire(kind=Kind.CRASH))
    assert {"submissions.begin", "submissions.finish"} <= set(recorded)
    faults = []
    for number, call in enumerate(recorded):
        for kind in ways_to_break(call):
            try:
                play(tmp_path, name, Wire(kind=kind, at=number))
            except AssertionError as error:
                faults.append(f"{kind.value} {number} {call}: {str(error)[:300]}")
    assert not faults, "\n".join(faults)
