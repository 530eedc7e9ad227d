"""Requests with an ``Idempotency-Key``: sent again after whatever broke off, they are carried out once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.api_hosts import SIGNING_KEY, Answer, Client, new_api, services_of
from tests.chaos.crash.flows import MINUTE
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.settled import require_settled
from tests.chaos.crash.verdicts import Duplicated, Lost, Wrong
from tests.chaos.crash.wire import Crash, Wire
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


def register(lab: Lab) -> User:
    """Ada, who sends the requests."""
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
    return ada


def client_of(lab: Lab, user: User) -> Client:
    token = JwtTokens(KeyRing(lambda: SIGNING_KEY), lab.world.core.ids).issue(user, now=lab.world.clock.now())
    return Client(host=new_api("lambda", lab.world, services=services_of(lab.world)).host, token=token)


def made_by(answer: Answer) -> list[str]:
    """The ids of the jobs that an answer tells of."""
    data = answer.data
    if "results" in data:
        return [result["job"]["id"] for result in data["results"] if "job" in result]
    if "child_id" in data:
        return [data["child_id"]]
    return [data["job"]["id"] if "job" in data else data["id"]]


def play_repeat(name: str, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    """Break into the first try, send the request again until it is answered, and let its jobs end."""
    request, jobs = REQUESTS[name]
    lab, close = new_lab(folder, wire, engine)
    try:
        path, body = request(lab)
        ada = register(lab)
        client = client_of(lab, ada)
        wire.armed = True
        with suppress(Crash):
            client("POST", path, body, headers=KEY)
        lab.restart()
        client = client_of(lab, ada)
        lab.world.clock.advance(LONG_HOLD)
        lab.deliver_again(seed)
        again = client("POST", path, body, headers=KEY)
        Wrong.unless(again.status in {200, 201, 202}, f"the second try is answered {again.status}: {again.json}")
        repeated = client("POST", path, body, headers=KEY)
        same = (repeated.body, repeated.headers["idempotency-replayed"]) == (again.body, "true")
        Duplicated.unless(same, "the third try is answered otherwise")
        lab.world.live(6 * MINUTE, step=MINUTE)
        standing = lab.all_jobs()
        Lost.unless(len(standing) >= jobs, f"{len(standing)} jobs of {jobs}")
        Duplicated.unless(len(standing) <= jobs, f"{len(standing)} jobs of {jobs}")
        Lost.unless(set(made_by(again)) <= {job.job_id for job in standing}, "what was answered is not there")
        require_settled(lab)
    finally:
        close()
    return lab
