"""API keys through the API, on both hosts: made, used, seen, refused."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Api, Client, new_api, services_of
from tickwell.application.ports import ApiKeyStore
from tickwell.domain.account import Role, Scope
from tickwell.domain.api_key import MOST_KEYS, key_digest, spell_key
from tickwell.domain.errors import ConflictError, UnavailableError
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota

KEYS = "/api/v1/api-keys"
JOBS = "/api/v1/jobs"


def make(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client("POST", KEYS, {"name": "build server", "scopes": ["jobs:read"], **fields})
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.data
    return made


def with_key(api: Api, key: str) -> Client:
    return Client(host=api.host, token=key)


def test_a_key_is_shown_once_and_kept_as_a_digest(api: Api, ada: Client) -> None:
    me = ada("GET", "/api/v1/auth/me").data
    made = make(ada, scopes=["jobs:write", "jobs:read", "jobs:write"])
    text = made.pop("key")
    assert text.startswith("tw_")
    assert made == {
        "id": made["id"],
        "name": "build server",
        "role": "member",
        "scopes": ["jobs:read", "jobs:write"],
        "created_by": me["id"],
        "created_at": "2026-11-22T12:00:00.000Z",
        "expires_at": None,
        "expired": False,
        "last_used_at": None,
    }
    listed = ada("GET", KEYS)
    assert listed.data == {"api_keys": [made]}
    assert ada("GET", f"{KEYS}/{made['id']}").data == made
    (kept,) = api.world.api_keys.list_keys(me["tenant_id"])
    assert kept.digest == key_digest(text)
    assert text not in str(astuple(kept))


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_a_key_speaks_for_its_creator_within_role_and_scopes(api: Api, ada: Client, header: str) -> None:
    made = make(ada, scopes=["jobs:write"])
    credential = {header: f"Bearer {made['key']}" if header == "Authorization" else made["key"]}
    created = api.anonymous("POST", JOBS, {"name": "by key", "task": "echo", "payload": {}}, headers=credential)
    assert created.status == 201, created.json
    assert ada("GET", f"{JOBS}/{created.data['id']}").status == 200
    refused = api.anonymous("GET", JOBS, headers=credential)
    assert (refused.status, refused.json["code"]) == (403, "FORBIDDEN")
    assert refused.json["message"] == "this takes an API key with the scope jobs:read"
    queue = api.anonymous("POST", "/api/v1/queues", {"name": "q"}, headers=credential)
    assert queue.json["message"] == "this takes the role owner; yours is member"


def test_account_operations_are_for_people(api: Api, ada: Client) -> None:
    key = with_key(api, make(ada, scopes=[scope.value for scope in Scope], role="owner")["key"])
    for method, path in (("GET", "/api/v1/auth/me"), ("GET", KEYS), ("DELETE", f"{KEYS}/x")):
        answer = key(method, path)
        assert answer.status == 403
        assert "a person who has signed in" in answer.json["message"]
    assert key("POST", KEYS, {"name": "another", "scopes": ["jobs:read"]}).status == 403


def test_a_deleted_key_is_dead_at_once(api: Api, ada: Client) -> None:
    made = make(ada)
    key = with_key(api, made["key"])
    assert key("GET", JOBS).status == 200
    deleted = ada("DELETE", f"{KEYS}/{made['id']}")
    assert (deleted.status, deleted.data) == (200, {"id": made["id"]})
    answer = key("GET", JOBS)
    assert (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert ada("GET", f"{KEYS}/{made['id']}").status == 404
    assert ada("DELETE", f"{KEYS}/{made['id']}").status == 404


@pytest.mark.parametrize("fields", [{"expires_in_days": 1}, {"expires_at": "2026-11-23T13:00:00+01:00"}])
def test_an_expired_key_is_dead_and_still_listed(api: Api, ada: Client, fields: dict[str, Any]) -> None:
    made = make(ada, **fields)
    assert made["expires_at"] == "2026-11-23T12:00:00.000Z"
    key = with_key(api, made["key"])
    api.world.clock.advance(timedelta(days=1) - timedelta(seconds=1))
    assert key("GET", JOBS).status == 200
    api.world.clock.advance(1)
    assert key("GET", JOBS).status == 401
    ada = Client(host=api.host, token=sign_in(api, "ada@example.com"))
    (listed,) = ada("GET", KEYS).data["api_keys"]
    assert listed["expired"] is True


def sign_in(api: Api, email: str) -> str:
    token: str = api.anonymous("POST", "/api/v1/auth/login", {"email": email, "password": PASSWORD}).data["token"]
    return token


def test_when_its_creators_role_falls_the_keys_falls_with_it(api: Api, ada: Client) -> None:
    key = with_key(api, make(ada, scopes=["jobs:write", "queues:write"], role="owner")["key"])
    assert key("POST", "/api/v1/queues", {"name": "q"}).status == 201
    user = api.world.accounts.by_email("ada@example.com")
    assert api.world.accounts.replace(replace(user, role=Role.VIEWER, version=user.version + 1))
    answer = key("POST", "/api/v1/queues", {"name": "r"})
    assert answer.json["message"] == "this takes the role owner; yours is viewer"
    assert key("POST", JOBS, {"name": "j", "task": "echo", "payload": {}}).status == 403


def test_a_logout_leaves_keys_alone(api: Api, ada: Client) -> None:
    key = with_key(api, make(ada)["key"])
    assert ada("POST", "/api/v1/auth/logout").status == 200
    assert ada("GET", JOBS).status == 401
    assert key("GET", JOBS).status == 200
    assert key("POST", "/api/v1/auth/logout").status == 403


def test_the_last_use_is_told_to_the_hour_and_costs_a_write_an_hour(api: Api, ada: Client) -> None:
    made = make(ada)
    key = with_key(api, made["key"])

    def last_used() -> str:
        told: str = ada("GET", f"{KEYS}/{made['id']}").data["last_used_at"]
        return told

    key("GET", JOBS)
    assert last_used() == "2026-11-22T12:00:00.000Z"
    api.world.clock.advance(timedelta(minutes=59))
    key("GET", JOBS)
    assert last_used() == "2026-11-22T12:00:00.000Z"
    api.world.clock.advance(timedelta(minutes=1))
    key("GET", JOBS)
    assert last_used() == "2026-11-22T13:00:00.000Z"


def test_two_credentials_are_one_too_many(ada: Client) -> None:
    key = make(ada)["key"]
    answer = ada("GET", JOBS, headers={"X-API-Key": key})
    assert answer.status == 401
    assert answer.json["message"] == "send one credential: either Authorization or X-API-Key"


@pytest.mark.parametrize("text", ["", "tw_", "tw_abc", "x" * 10_000, "Bearer tw_abc"])
def test_what_is_no_key_is_401(api: Api, text: str) -> None:
    for headers in ({"X-API-Key": text}, {"Authorization": f"Bearer tw_{text}"}):
        answer = api.anonymous("GET", JOBS, headers=headers)
        assert (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED")


def test_a_key_with_another_secret_or_of_another_tenant_is_401(api: Api, ada: Client) -> None:
    made, me = make(ada), ada("GET", "/api/v1/auth/me").data
    forged = spell_key(me["tenant_id"], made["id"], bytes(24))
    elsewhere = spell_key(api.user()("GET", "/api/v1/auth/me").data["tenant_id"], made["id"], bytes(24))
    for text in (forged, elsewhere):
        answer = with_key(api, text)("GET", JOBS)
        assert (answer.status, answer.json["message"]) == (401, "not a valid API key")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["jobs:all"]}, "scopes.0"),
        ({"scopes": "jobs:read"}, "scopes"),
        ({"role": "god"}, "role"),
        ({"expires_at": "2026-11-22T12:00:00Z"}, "expires_at"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": 1, "expires_at": "2027-01-01T00:00:00Z"}, "expires_in_days"),
        ({"key": "tw_mine"}, "key"),
    ],
)
def test_bad_input_is_422_and_names_the_field(ada: Client, fields: dict[str, Any], field: str) -> None:
    answer = ada("POST", KEYS, {"name": "k", "scopes": ["jobs:read"], **fields})
    assert answer.fields == [field]


def test_keys_of_another_tenant_do_not_exist(api: Api, ada: Client) -> None:
    made, grace = make(ada), api.user()
    assert grace("GET", KEYS).data == {"api_keys": []}
    assert grace("GET", f"{KEYS}/{made['id']}").status == 404
    assert grace("DELETE", f"{KEYS}/{made['id']}").status == 404
    assert with_key(api, made["key"])("GET", JOBS).status == 200


def test_an_admin_cannot_make_an_owners_key(api: Api, ada: Client) -> None:
    principal = api.services.authenticate_key(make(ada, role="admin")["key"])
    person = replace(principal, scopes=None, api_key_id=None)
    assert person.role is Role.ADMIN
    with pytest.raises(Exception, match="cannot have the role owner: yours is admin"):
        api.services.api_keys.create(person, name="k", scopes=[], role=Role.OWNER)


def test_keys_that_are_made_at_once_do_not_exceed_the_limit_together(api: Api, ada: Client) -> None:
    principal = replace(api.services.authenticate_key(make(ada)["key"]), scopes=None, api_key_id=None)
    keys = api.services.api_keys
    for number in range(MOST_KEYS - 3):
        keys.create(principal, name=str(number), scopes=[])

    def create(_: int) -> bool:
        try:
            keys.create(principal, name="one more", scopes=[])
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(max_workers=6) as threads:
        made = sum(threads.map(create, range(6)))
    assert made <= 2
    assert len(keys.all(principal)) == MOST_KEYS - 2 + made
    while len(keys.all(principal)) < MOST_KEYS:
        keys.create(principal, name="to the brim", scopes=[])
    answer = ada("POST", KEYS, {"name": "too many", "scopes": ["jobs:read"]})
    assert (answer.status, answer.json["code"]) == (409, "CONFLICT")
    assert str(MOST_KEYS) in answer.json["message"]


def test_a_creation_that_is_sent_again_makes_no_second_key_and_tells_none(ada: Client) -> None:
    body, headers = {"name": "k", "scopes": ["jobs:read"]}, {"Idempotency-Key": "once"}
    first = ada("POST", KEYS, body, headers=headers)
    assert first.status == 201
    again = ada("POST", KEYS, body, headers=headers)
    assert (again.status, again.json["code"]) == (409, "ANSWER_NOT_KEPT")
    assert [key["id"] for key in ada("GET", KEYS).data["api_keys"]] == [first.data["id"]]


def test_a_creation_that_crashed_is_carried_out_again_with_another_secret(api: Api, ada: Client) -> None:
    principal = replace(api.services.authenticate_key(make(ada)["key"]), scopes=None, api_key_id=None)
    texts = []
    for _ in range(2):
        with api.services.ids.derived("a seed", api.world.clock.now()):
            texts.append(api.services.api_keys.create(principal, name="k", scopes=list(Scope)).text)
    lost, told = texts
    assert with_key(api, lost)("GET", JOBS).status == 401
    assert with_key(api, told)("GET", JOBS).status == 200
    assert len(api.services.api_keys.all(principal)) == 2


def test_requests_with_a_key_are_counted_apart_from_its_creators(api: Api, ada: Client) -> None:
    first, second = make(ada)["key"], make(ada)["key"]
    quotas = {RateClass.READ: Quota(limit=1, per=timedelta(hours=1))}
    limited = new_api("lambda", api.world, services=services_of(api.world, quotas=quotas))
    for token in (first, second, ada.token):
        client = Client(host=limited.host, token=token)
        assert [client("GET", JOBS).status, client("GET", JOBS).status] == [200, 429]


@dataclass(frozen=True, kw_only=True, slots=True)
class NoRoomForUses:
    """Keys on a store that cannot write their use."""

    keys: ApiKeyStore

    def mark_used(self, *_key: object, **_at: object) -> None:
        """The service fails."""
        raise UnavailableError("store", "no room")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.keys, name)


def test_a_request_does_not_fail_because_its_key_could_not_be_marked(api: Api, ada: Client) -> None:
    made = make(ada)
    broken: Any = NoRoomForUses(keys=api.world.api_keys)
    weak = new_api("lambda", api.world, services=services_of(replace(api.world, api_keys=broken)))
    assert with_key(weak, made["key"])("GET", JOBS).status == 200
    assert ada("GET", f"{KEYS}/{made['id']}").data["last_used_at"] is None
