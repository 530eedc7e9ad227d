"""The API on a world in memory, behind both hosts: API Gateway's events, and ASGI without a socket."""

import asyncio
import base64
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.contract.store_engines import embedded_stores
from tests.doubles import FakeClock
from tests.new_world import new_world
from tests.world import World
from tickwell.adapters.embedded.blob_links import SignedPaths
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.passwords import Argon2Hasher
from tickwell.adapters.tickets import JwtTickets
from tickwell.adapters.tokens import JwtTokens
from tickwell.application.ports import JobStore
from tickwell.application.task import Task
from tickwell.bootstrap.accounts import Accounts
from tickwell.bootstrap.api import api_services
from tickwell.bootstrap.filing import Filing
from tickwell.bootstrap.limits import Guards
from tickwell.http.access import RateClass
from tickwell.http.app import build_app
from tickwell.http.asgi import AsgiApp
from tickwell.http.aws import LambdaApp
from tickwell.http.blob_serving import BlobServing
from tickwell.http.cors import Cors
from tickwell.http.request_limits import Quota, RequestLimits
from tickwell.http.services import ApiServices

ORIGIN = "https://app.example.com"
PASSWORD = "Correct-Horse-9"
SIGNING_KEY = "a signing key for tests, long enough to be accepted"
_HASHER = Argon2Hasher(memory_kib=8, passes=1)
LINK_LIFE = timedelta(hours=1)
MOST_BYTES = 3 * 1024 * 1024
REQUEST_ID = "JKJaXmPLvHcESHA="


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        """``data`` of the success envelope."""
        assert self.json["success"] is True, self.json
        return self.json["data"]

    @property
    def fields(self) -> list[str]:
        """The fields that a 422 names."""
        assert self.status == 422, self.json
        return [fault["field"] for fault in self.json["details"]]

    @property
    def fault(self) -> tuple[str, str]:
        """The only fault that a 422 names: its field, and what is wrong with it."""
        assert self.status == 422, self.json
        [fault] = self.json["details"]
        return fault["field"], fault["message"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wire:
    """A request as bytes."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


Host = Callable[[Wire], Answer]


def lambda_host(app: LambdaApp) -> Host:
    """Sends requests as API Gateway does (payload format 2.0)."""

    def send(wire: Wire) -> Answer:
        answer = app(gateway_event(wire), object())
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        body = base64.b64decode(answer["body"]) if answer["isBase64Encoded"] else answer["body"].encode()
        return Answer(status=answer["statusCode"], headers=headers, body=body)

    return send


def gateway_event(wire: Wire) -> dict[str, Any]:
    """The event for ``wire``."""
    parts = urlsplit(wire.target)
    try:
        body, encoded = wire.body.decode(), False
    except UnicodeDecodeError:
        body, encoded = base64.b64encode(wire.body).decode(), True
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": unquote(parts.path),
        "rawQueryString": parts.query,
        "headers": {name.lower(): value for name, value in wire.headers},
        "requestContext": {
            "accountId": "123456789012",
            "stage": "$default",
            "requestId": REQUEST_ID,
            "http": {"method": wire.method, "path": unquote(parts.path), "sourceIp": "192.0.2.1"},
        },
        **({"body": body} if wire.body else {}),
        "isBase64Encoded": encoded,
    }


def asgi_host(app: AsgiApp) -> Host:
    """Calls the ASGI application as a server does."""
    return lambda wire: asyncio.run(asgi_answer(app, wire))


async def asgi_answer(app: AsgiApp, wire: Wire, *, chunk_bytes: int = 64 * 1024) -> Answer:
    """One request, its body in chunks."""
    parts = urlsplit(wire.target)
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "method": wire.method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in wire.headers],
    }
    chunks = [wire.body[at : at + chunk_bytes] for at in range(0, len(wire.body), chunk_bytes)] or [b""]
    pending: Iterator[tuple[int, bytes]] = iter(enumerate(chunks))
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        number, chunk = next(pending)
        return {"type": "http.request", "body": chunk, "more_body": number < len(chunks) - 1}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, *pieces = sent
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(status=start["status"], headers=headers, body=b"".join(piece["body"] for piece in pieces))


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """Sends requests to a host, with the token of one user."""

    host: Host
    token: str | None = None

    def __call__(
        self,
        method: str,
        target: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """``body`` is sent as JSON, ``raw`` as it is."""
        sent = dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        data = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        if data:
            sent.setdefault("Content-Type", "application/json")
        return self.host(Wire(method=method, target=target, headers=tuple(sent.items()), body=data))


@dataclass(frozen=True, kw_only=True, slots=True)
class Api:
    """A world with its API on one host."""

    world: World
    services: ApiServices
    host: Host
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def anonymous(self) -> Client:
        """Nobody."""
        return Client(host=self.host)

    def user(self, email: str | None = None) -> Client:
        """A new user with a tenant of its own."""
        body = {"email": email or f"user-{next(self.numbers)}@example.com", "password": PASSWORD}
        answer = self.anonymous("POST", "/api/v1/auth/register", body)
        assert answer.status == 201, answer.json
        return Client(host=self.host, token=answer.data["token"])


def memory_world(folder: Path, *, tasks: Sequence[Task[Any]] = ()) -> World:
    """An empty system whose stores are in memory; to be closed."""
    made = embedded_stores(":memory:", FakeClock())
    world = new_world(folder, made.stores, tasks=tasks)

    def close() -> None:
        world.close()
        made.database.close()

    return replace(world, close=close)


def accounts_of(world: World) -> Accounts:
    """What the use cases of accounts stand on."""
    keys = KeyRing(lambda: SIGNING_KEY)
    return Accounts(
        accounts=world.accounts,
        api_keys=world.api_keys,
        members=world.members,
        mails=world.mails,
        hasher=_HASHER,
        tokens=JwtTokens(keys, world.core.ids),
        tickets=JwtTickets(keys),
        limiter=world.rates,
        clock=world.clock,
        ids=world.core.ids,
    )


def links_of(world: World) -> SignedPaths:
    """Makes the links that ``new_api`` serves on ``asgi``."""
    return SignedPaths(SIGNING_KEY, world.clock)


def services_of(
    world: World,
    *,
    jobs: JobStore | None = None,
    quotas: Mapping[RateClass, Quota] | None = None,
    messages_per_minute: int = 0,
) -> ApiServices:
    """The API's use cases on ``world``; with ``jobs`` on another job store; without limits but for ``quotas``."""
    core = world.core if jobs is None else replace(world.core, jobs=jobs)
    return api_services(
        core,
        accounts=accounts_of(world),
        notifying=world.notifying,
        hooks=world.hooks,
        measuring=world.measuring,
        registry=world.registry,
        guards=Guards(
            limits=RequestLimits(limiter=world.rates, quotas=quotas or {}, clock=world.clock),
            submissions=world.submissions,
            quotas=world.quotas,
            messages_per_minute=messages_per_minute,
        ),
        export_tenant=world.export_tenant,
        filing=Filing(links=links_of(world), life=LINK_LIFE, most_bytes=MOST_BYTES),
        stage="test",
        allowed_origins=(ORIGIN,),
    )


def new_api(kind: str, world: World, *, services: ApiServices | None = None) -> Api:
    """``world`` behind a host of ``kind``: ``lambda`` or ``asgi``."""
    services = services or services_of(world)
    if kind == "lambda":
        host = lambda_host(build_app(services, local=False))
    else:
        blobs = BlobServing(links_of(world), world.blobs, Cors(services.allowed_origins))
        host = asgi_host(build_app(services, local=True, blobs=blobs))
    return Api(world=world, services=services, host=host)
