"""An organization is deleted: credentials at once, everything else step by step, whatever crashes meanwhile."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Api, Client
from tests.contract.store_engines import DynamoStores
from tests.integration.test_api_roles import as_role
from tests.world import World, task
from tickwell.application.task import Task
from tickwell.domain.account import Role
from tickwell.domain.deletion import begun
from tickwell.domain.errors import AttemptFailedError, UnavailableError

ORGANIZATION, JOBS, QUEUES = "/api/v1/organization", "/api/v1/jobs", "/api/v1/queues"
CONFIRMED = {"password": PASSWORD}
BIG = "x" * 300_000
DAYS = timedelta(days=1)


def _break(payload: Any, context: Any) -> Any:
    raise AttemptFailedError("BROKEN", f"{payload} {context.attempt}")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("break", _break)]


def furnished(api: Api, client: Client) -> str:
    """The client's tenant, with something of everything."""
    client("POST", QUEUES, {"name": "images", "concurrency": 1})
    client("POST", "/api/v1/webhooks", {"url": "https://hooks.example.com/x"})
    for body in (
        {"name": "a", "task": "echo", "payload": {"big": BIG}},
        {"name": "b", "task": "break", "payload": "p" * 1000, "max_retries": 0},
        {"name": "c", "task": "echo", "cron_expression": "0 * * * *", "queue": "images"},
        {"name": "d", "task": "echo", "delay_seconds": 800},
    ):
        assert client("POST", JOBS, body).status == 201
    api.world.work()
    assert client("GET", "/api/v1/dead-letters").data["dead_letters"]
    client("POST", f"{QUEUES}/images/pause")
    assert client("POST", JOBS, {"name": "e", "task": "echo", "queue": "images"}).status == 201
    api.world.work()
    tenant_id: str = client("GET", "/api/v1/auth/me").data["tenant_id"]
    return tenant_id


def erase(world: World, *, days: int = 3) -> None:
    """Let the safety sync's process run for some days, once an hour."""
    use_case = world.core.erase_tenants()
    for _ in range(days * 24 + 1):
        world.clock.advance(timedelta(hours=1))
        use_case(deadline=world.clock.now() + timedelta(minutes=4))


def left(request: pytest.FixtureRequest, api: Api, tenant_id: str) -> list[str]:
    """What the store and the blobs have of the tenant."""
    names = list(api.world.blobs.list(f"tenants/{tenant_id}/", after="", limit=10))
    if "lambda" not in request.node.callspec.id:
        return names
    made: DynamoStores = request.getfixturevalue("dynamodb")
    items = made.client.scan(TableName="tickwell")["Items"]
    keys = [f"{item['pk']['S']} {item['sk']['S']}" for item in items if item["kind"]["S"] != "due"]
    return names + [key for key in keys if tenant_id in key and not key.startswith("D#")]


def test_every_credential_dies_at_once_and_the_address_is_free(api: Api, ada: Client) -> None:
    furnished(api, ada)
    login = {"email": "ada@example.com", **CONFIRMED}
    token = api.anonymous("POST", "/api/v1/auth/login", login).data["token"]
    answer = ada("DELETE", ORGANIZATION, CONFIRMED)
    assert answer.status == 202, answer.json
    for client in (ada, Client(host=api.host, token=token)):
        assert client("GET", JOBS).status == 401
    assert api.anonymous("POST", "/api/v1/auth/login", login).status == 401
    again = api.user("ada@example.com")
    assert again("GET", JOBS).data["jobs"] == []
    erase(api.world)
    assert again("GET", "/api/v1/auth/me").status == 401  # its token is older than a day; the account is not gone:
    assert api.anonymous("POST", "/api/v1/auth/login", login).status == 200


def test_nothing_starts_any_more(api: Api, ada: Client) -> None:
    tenant_id = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    job = ada("POST", JOBS, {"name": "a", "task": "echo", "cron_expression": "* * * * *"}).data
    ada("DELETE", ORGANIZATION, CONFIRMED)
    api.world.clock.advance(timedelta(seconds=30))
    api.world.live(timedelta(minutes=5))
    page = api.world.core.history.list_executions(tenant_id, job["id"], limit=10, cursor=None)
    assert list(page.items) == []


def test_all_of_it_is_gone_in_the_end_and_nothing_of_others(
    request: pytest.FixtureRequest, api: Api, ada: Client
) -> None:
    eve = api.user("eve@example.com")
    gone, kept = furnished(api, ada), furnished(api, eve)
    jobs = eve("GET", JOBS).data["jobs"]
    ada("DELETE", ORGANIZATION, CONFIRMED)
    assert [deletion.tenant_id for deletion in api.world.core.erasure.condemned(limit=10)] == [gone]
    api.world.clock.advance(timedelta(minutes=2))
    api.world.core.erase_tenants()(deadline=api.world.clock.now() + timedelta(minutes=4))
    core = api.world.core
    assert list(core.jobs.list_jobs(gone, limit=10, cursor=None).items) == []
    assert list(core.history.list_dead_letters(gone, limit=10, cursor=None).items) == []
    assert list(core.queues.list_queues(gone)) == []
    assert api.world.notifying.webhooks.read(gone).endpoints == ()
    assert [job["id"] for job in eve("GET", JOBS).data["jobs"]] == [job["id"] for job in jobs]
    assert eve("GET", "/api/v1/dead-letters").data["dead_letters"]
    assert api.world.blobs.list(f"tenants/{kept}/", after="", limit=10)
    assert core.stop_switch.find(gone) is not None
    erase(api.world)
    assert left(request, api, gone) == []
    assert (core.stop_switch.find(gone), list(core.erasure.condemned(limit=10))) == (None, [])


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "password"), ({"password": "Wrong-Horse-9"}, "password"), ({**CONFIRMED, "sure": True}, "sure")],
)
def test_it_takes_the_password(ada: Client, body: dict[str, Any], field: str) -> None:
    assert ada("DELETE", ORGANIZATION, body).fields == [field]
    assert ada("GET", JOBS).status == 200


def test_guessing_the_password_is_limited_as_logins_are(api: Api, ada: Client) -> None:
    for _ in range(10):
        assert ada("DELETE", ORGANIZATION, {"password": "Wrong-Horse-9"}).status == 422
    for password in ("Wrong-Horse-9", PASSWORD):
        assert ada("DELETE", ORGANIZATION, {"password": password}).status == 429
    assert api.anonymous("POST", "/api/v1/auth/login", {"email": "ada@example.com", **CONFIRMED}).status == 429
    assert ada("GET", JOBS).status == 200


def test_it_takes_an_owner(api: Api, ada: Client) -> None:
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        assert as_role(api, ada, role)("DELETE", ORGANIZATION, CONFIRMED).status == 403


def test_without_time_it_goes_on_where_it_was(api: Api, ada: Client) -> None:
    tenant_id = furnished(api, ada)
    ada("DELETE", ORGANIZATION, CONFIRMED)
    erase_tenants = api.world.core.erase_tenants()
    api.world.clock.advance(timedelta(minutes=2))
    now = api.world.clock.now()
    assert erase_tenants(deadline=now) == 0
    assert not api.world.core.erasure.erase(tenant_id, now=now, has_time=lambda: False)
    turns = iter([True] * 3 + [False] * 1000)
    assert not api.world.core.erasure.erase(tenant_id, now=now, has_time=lambda: next(turns))
    assert api.world.core.erasure.erase(tenant_id, now=now, has_time=lambda: True)
    assert list(api.world.core.jobs.list_jobs(tenant_id, limit=10, cursor=None).items) == []


def test_a_crash_in_the_middle_of_the_request_is_made_up_for(api: Api, ada: Client) -> None:
    me = ada("GET", "/api/v1/auth/me").data
    deletion = begun(me["tenant_id"], api.world.clock.now())
    api.world.core.erasure.condemn(deletion)
    api.world.core.erasure.condemn(deletion)
    assert ada("GET", JOBS).status == 401
    erase(api.world)
    assert list(api.world.core.erasure.condemned(limit=10)) == []


def test_a_tenant_at_which_the_store_fails_does_not_hold_up_the_others(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    tenants = [client("GET", "/api/v1/auth/me").data["tenant_id"] for client in (ada, eve)]
    for client in (ada, eve):
        client("DELETE", ORGANIZATION, CONFIRMED)
    core = api.world.core
    broken: Any = _BrokenFor(core.erasure, tenants[0])
    use_case = replace(core.erase_tenants(), erasure=broken)
    api.world.clock.advance(3 * DAYS)
    assert use_case(deadline=api.world.clock.now() + DAYS) == 1
    assert [deletion.tenant_id for deletion in core.erasure.condemned(limit=10)] == tenants[:1]
    assert replace(use_case, erasure=core.erasure)(deadline=api.world.clock.now() + DAYS) == 1


class _BrokenFor:
    """An erasure whose store fails at one tenant."""

    def __init__(self, inner: Any, tenant_id: str) -> None:
        self._inner, self._tenant_id = inner, tenant_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def erase(self, tenant_id: str, **arguments: Any) -> bool:
        if tenant_id == self._tenant_id:
            raise UnavailableError("store", "throttled")
        erased: bool = self._inner.erase(tenant_id, **arguments)
        return erased
