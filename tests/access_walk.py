"""What a walk over all operations of the API needs: the operations, callers of every kind, and things to own."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import jwt

from tests.api_hosts import SIGNING_KEY, Answer, Api, Client
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.tokens import JwtTokens
from tickwell.domain.account import TOKEN_LIFE, Principal, Role, Scope, User
from tickwell.domain.api_key import spell_key
from tickwell.domain.task_file import file_blob
from tickwell.http.access import ACCESS, Access
from tickwell.http.dashboard_files import version
from tickwell.http.openapi import document

BREAKS = "break"
"""A task that always fails; the API under test must know it."""

NOBODYS: Mapping[str, str] = {"dashboard_file": "app.js", "dashboard_version": version(), "month": "2026-10"}
"""Path parameters that name nothing that somebody owns, each with a value."""

MAKES_ITS_OWN = frozenset({"putJob", "putSecret"})
"""Operations that make what their path names: of a stranger they make the stranger's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """An operation of the OpenAPI document. ``body`` is the document's example; None where none is taken."""

    name: str
    method: str
    path: str
    parameters: tuple[str, ...]
    body: Any

    @property
    def access(self) -> Access:
        """Its row of the table."""
        return ACCESS[self.name]

    @property
    def owned(self) -> bool:
        """Whether its path names something that belongs to a tenant."""
        named = set(self.parameters) - NOBODYS.keys()
        return bool(named) and self.name not in MAKES_ITS_OWN and not self.access.is_public

    def __call__(self, client: Client, ids: Mapping[str, str] | None = None, **options: Any) -> Answer:
        """Call it with the ids of things that exist, or with unknown ones and an empty body."""
        values = ids or dict.fromkeys(self.parameters, "unknown")
        body = None if self.body is None else self.body if ids else {}
        return client(self.method, self.path.format(**values), body, **options)


def operations() -> list[Operation]:
    """All of the document."""
    return [
        Operation(
            name=described["operationId"],
            method=method.upper(),
            path=path,
            parameters=tuple(each["name"] for each in described.get("parameters", ()) if each["in"] == "path"),
            body=_example(described),
        )
        for path, methods in document("1.2.3")["paths"].items()
        for method, described in methods.items()
    ]


def _example(described: Mapping[str, Any]) -> Any:
    if "requestBody" not in described:
        return None
    content = described["requestBody"]["content"]["application/json"]
    return content["example"] if "example" in content else next(iter(content["examples"].values()))["value"]


@dataclass(frozen=True, kw_only=True, slots=True)
class People:
    """Makes callers, each in a tenant of its own, without the cost of a password."""

    api: Api
    keys: dict[tuple[frozenset[Scope], Role], str] = field(default_factory=dict)

    def user(self, role: Role = Role.OWNER) -> User:
        """A new user."""
        new, now = self.api.world.core.ids.new, self.api.world.clock.now()
        user_id = new()
        user = User(
            tenant_id=new(),
            user_id=user_id,
            email=f"{user_id}@example.com",
            password_hash="of no password",
            role=role,
            created_at=now,
            updated_at=now,
        )
        self.api.world.accounts.create(user)
        return user

    def token(self, user: User, *, issued: timedelta = timedelta(0)) -> str:
        """A token of ``user``, issued that much after now."""
        return JwtTokens(KeyRing(lambda: SIGNING_KEY), self.api.world.core.ids).issue(
            user, now=self.api.world.clock.now() + issued
        )

    def client(self, user: User | None = None) -> Client:
        """Sends requests as ``user``, or as a new owner, with a new token."""
        now = user and self.api.world.accounts.by_id(user.tenant_id, user.user_id)
        return Client(host=self.api.host, token=self.token(now or self.user()))

    def known_key(self, *scopes: Scope, role: Role = Role.OWNER) -> str:
        """The one API key of that kind."""
        kind = (frozenset(scopes), role)
        if kind not in self.keys:
            self.keys[kind] = self.key(*scopes, role=role)
        return self.keys[kind]

    def key(self, *scopes: Scope, role: Role = Role.OWNER, life: timedelta | None = None) -> str:
        """An API key of a new owner."""
        user, now = self.user(), self.api.world.clock.now()
        owner = Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=Role.OWNER)
        expires_at = None if life is None else now + life
        return self.api.services.api_keys.create(owner, name="k", scopes=scopes, role=role, expires_at=expires_at).text


def bad_credentials(api: Api) -> Iterator[tuple[str, dict[str, str]]]:
    """Headers with what is no credential, or none any more, and what is wrong with them."""
    yield "none", {}
    yield "another scheme", {"Authorization": "Basic YWRhOnBhc3N3b3Jk"}
    yield "two", {"Authorization": f"Bearer {_key(api)}", "X-API-Key": _key(api)}
    for what, text in {**_bad_tokens(api), **_bad_keys(api)}.items():
        yield what, {"Authorization": f"Bearer {text}"}
    yield "a token as a key", {"X-API-Key": People(api=api).client().token or ""}


def _key(api: Api) -> str:
    return People(api=api).key(*Scope)


def _bad_tokens(api: Api) -> dict[str, str]:
    people = People(api=api)
    user = people.user()
    token = people.token(user)
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"kid": jwt.get_unverified_header(token)["kid"]}
    header, payload, signature = token.split(".")
    elsewhere = json.dumps({**claims, "tenant": people.user().tenant_id}).encode()
    gone = User(**{name: getattr(user, name) for name in User.__dataclass_fields__} | {"user_id": "gone"})

    def signed(key: str | None = SIGNING_KEY, algorithm: str = "HS256", **changes: Any) -> str:
        return jwt.encode({**claims, **changes}, key, algorithm=algorithm, headers=headers)  # type: ignore[arg-type]

    return {
        "nothing": "",
        "noise": "a.b.c",
        "expired": people.token(user, issued=-TOKEN_LIFE),
        "not yet": people.token(user, issued=timedelta(hours=1)),
        "another signature": f"{header}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}",
        "other claims": f"{header}.{base64.urlsafe_b64encode(elsewhere).decode().rstrip('=')}.{signature}",
        "no signature": f"{header}.{payload}.",
        "no algorithm": signed(None, "none"),
        "another algorithm": signed(SIGNING_KEY * 2, "HS512"),
        "another signing key": signed("somebody else's key, which is just as long as ours is"),
        "another audience": signed(aud="another-api"),
        "another issuer": signed(iss="somebody-else"),
        "no audience": signed(aud=None),
        "logged out": _logged_out(api),
        "user gone": people.token(gone),
    }


def _logged_out(api: Api) -> str:
    client = People(api=api).client()
    assert client("POST", "/api/v1/auth/logout").status == 200
    return client.token or ""


def _bad_keys(api: Api) -> dict[str, str]:
    people, keys, new = People(api=api), api.services.api_keys, api.world.core.ids.new
    user = people.user()
    owner = Principal(tenant_id=user.tenant_id, user_id=user.user_id, role=Role.OWNER)
    deleted, mine = (keys.create(owner, name="k", scopes=list(Scope), role=Role.OWNER) for _ in range(2))
    keys.delete(owner, deleted.key.key_id)
    orphan = Principal(tenant_id=user.tenant_id, user_id="gone", role=Role.OWNER)
    expired = people.key(*Scope, life=timedelta(seconds=1))
    api.world.clock.advance(1)
    return {
        "deleted key": deleted.text,
        "expired key": expired,
        "unknown key": spell_key(user.tenant_id, new(), bytes(24)),
        "key with another secret": spell_key(user.tenant_id, mine.key.key_id, bytes(24)),
        "key in another tenant": spell_key(people.user().tenant_id, mine.key.key_id, bytes(24)),
        "key whose creator is gone": keys.create(orphan, name="k", scopes=list(Scope)).text,
        "cut key": mine.text[:-1],
    }


def _job(client: Client, **fields: Any) -> str:
    answer = client("POST", "/api/v1/jobs", {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    job_id: str = answer.data["id"]
    return job_id


_MAIL = {"to": "ada@example.com", "subject": "It is time", "body": "Close the books.", "delay_seconds": 60}


def _execution(api: Api, client: Client) -> str:
    payload = {"to": "ada@example.com", "subject": "It is time", "body": "Close the books."}
    job_id = _job(client, task="send_email", payload=payload)
    api.world.work()
    found: str = client("GET", f"/api/v1/jobs/{job_id}/executions").data["executions"][0]["id"]
    return found


def _dead_letter(api: Api, client: Client) -> str:
    job_id = _job(client, task=BREAKS, max_retries=0)
    api.world.work()
    letters = client("GET", "/api/v1/dead-letters").data["dead_letters"]
    (found,) = [letter["id"] for letter in letters if letter["job_id"] == job_id]
    return str(found)


def _queue(api: Api, client: Client) -> str:
    name = f"queue-{next(api.numbers)}-of-theirs"
    assert client("POST", "/api/v1/queues", {"name": name}).status == 201
    return name


def _invitation(api: Api, client: Client) -> str:
    email = f"guest-{next(api.numbers)}@example.com"
    return _made("/api/v1/organization/invitations", {"email": email, "role": "member"})(api, client)


def _made(path: str, body: Mapping[str, Any]) -> Callable[[Api, Client], str]:
    def make(_api: Api, client: Client) -> str:
        answer = client("POST", path, body)
        assert answer.status in {200, 201, 202}, answer.json
        found: str = answer.data["id"]
        return found

    return make


def _token_of_hook(_api: Api, client: Client) -> str:
    answer = client("POST", "/api/v1/hooks", {"name": "a hook"})
    assert answer.status == 201, answer.json
    return str(answer.data["path"]).rpartition("/")[2]


def _key_of_job(api: Api, client: Client) -> str:
    key = f"team/job-{next(api.numbers)}"
    assert client("PUT", f"/api/v1/jobs/by-key/{key}", {"name": "a job", "interval_seconds": 3600}).status == 201
    return key


def _secret(api: Api, client: Client) -> str:
    name = f"token-{next(api.numbers)}"
    assert client("PUT", f"/api/v1/secrets/{name}", {"value": "correct horse"}).status == 200
    return name


def _file(api: Api, client: Client) -> str:
    """Written past the API, whose links lead elsewhere."""
    name = f"reports/file-{next(api.numbers)}.txt"
    tenant_id = client("GET", "/api/v1/auth/me").data["tenant_id"]
    api.world.blobs.put(file_blob(tenant_id, name), b"text", content_type="text/plain")
    return name


MAKERS: Mapping[str, Callable[[Api, Client], str]] = {
    "dead_letter_id": _dead_letter,
    "email_id": _made("/api/v1/emails/schedule", _MAIL),
    "execution_id": _execution,
    "file_name": _file,
    "hook_id": _made("/api/v1/hooks", {"name": "a hook"}),
    "invitation_id": _invitation,
    "job_id": lambda _, client: _job(client, interval_seconds=3600),
    "key": _key_of_job,
    "key_id": _made("/api/v1/api-keys", {"name": "k", "scopes": ["jobs:read"]}),
    "member_id": lambda _, client: str(client("GET", "/api/v1/auth/me").data["id"]),
    "name": _queue,
    "secret_name": _secret,
    "token": _token_of_hook,
    "webhook_id": _made("/api/v1/webhooks", {"url": "https://hooks.example.com/"}),
}
"""Makes a thing of a user, by the path parameter that names it; whoever adds such a parameter adds its maker."""
