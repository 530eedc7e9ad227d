"""The document against the server: whatever is sent, only what the document says comes back.

Every operation of the document is tried, whoever added it, over a real socket. ``TICKWELL_SCHEMATHESIS_EXAMPLES=200``
tries for longer than the few examples that are enough each time, and is stricter: what the schemas forbid is refused.
"""

import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api_hosts import memory_world, services_of
from tests.served import serving
from tests.world import World, task
from tickwell import __version__
from tickwell.domain.errors import DoNotRetryError
from tickwell.http.app import build_app
from tickwell.http.openapi import document

FEW = 6
EXAMPLES = int(os.environ.get("TICKWELL_SCHEMATHESIS_EXAMPLES", str(FEW)))
BY_ITEM = {"POST /api/v1/jobs/batch"}
"""Operations that tell in a 200 what is wrong with parts of the body."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
CONFIG = SchemathesisConfig.from_dict(
    {"generation": {"max-examples": EXAMPLES, "deterministic": True, "database": "none"}}
)
DOCUMENT = document(__version__)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT, config=CONFIG)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """Somebody with one of everything; ``ids`` has the id of each by the parameter that names it."""

    url: str
    session: requests.Session = field(default_factory=requests.Session)
    ids: dict[str, str] = field(default_factory=dict)

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """``data`` of a successful answer."""
        answer = self.session.request(method, self.url + path, json=body, timeout=30).json()
        assert answer.get("success") is True, answer
        return answer["data"]

    def first_of(self, collection: str) -> str | None:
        """What names the first thing of a collection, after one was made by the document's own example."""
        operations = DOCUMENT["paths"][collection]
        if "requestBody" in operations.get("post", {}):
            content = operations["post"]["requestBody"]["content"]["application/json"]
            examples = [content.get("example"), *(named["value"] for named in content.get("examples", {}).values())]
            self.session.post(self.url + collection, json=examples[-1], timeout=30)
        if "get" not in operations:
            return None
        answer = self.session.get(self.url + collection, timeout=30).json()
        lists = [part for part in answer.get("data", {}).values() if isinstance(part, list)]
        return next((str(first.get("id", first.get("name"))) for first, *_ in filter(None, lists)), None)


def _collections() -> dict[str, str]:
    """By the parameter that names one of many: the path of them all."""
    split = [path.partition("/{") for path in DOCUMENT["paths"]]
    return {rest.partition("}")[0]: path for path, _, rest in split if rest and path in DOCUMENT["paths"]}


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server whose workers do nothing by themselves, with a tenant for each operation."""

    url: str
    world: World
    tenants: dict[str, Tenant] = field(default_factory=dict)

    def tenant(self, operation: str) -> Tenant:
        """The one whose things ``operation`` may change."""
        if operation not in self.tenants:
            self.tenants[operation] = self._new_tenant(f"user-{len(self.tenants)}@example.com")
        return self.tenants[operation]

    def _new_tenant(self, email: str) -> Tenant:
        new = Tenant(url=self.url)
        token = new.data("POST", "/api/v1/auth/register", {"email": email, "password": "Correct-Horse-9"})["token"]
        new.session.headers["Authorization"] = f"Bearer {token}"
        failed = new.data("POST", "/api/v1/jobs", {"name": "fails", "task": "give_up"})["id"]
        self.world.work()
        new.ids.update(
            {
                "job_id": new.data("POST", "/api/v1/jobs", {"name": "recurs", "interval_seconds": 60})["id"],
                "name": new.data("POST", "/api/v1/queues", {"name": "images"})["name"],
                "execution_id": new.data("GET", f"/api/v1/jobs/{failed}/executions")["executions"][0]["id"],
            }
        )
        for parameter, collection in _collections().items():
            if parameter not in new.ids and (found := new.first_of(collection)):
                new.ids[parameter] = found
        return new


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    world = memory_world(tmp_path_factory.mktemp("world"), tasks=[task("give_up", _give_up)])
    with serving(build_app(services_of(world), local=True)) as url:
        started = Server(url=url, world=world)
        yield started
        for tenant in started.tenants.values():
            tenant.session.close()
    world.close()


def _give_up(_payload: Any, _context: Any) -> None:
    raise DoNotRetryError("no")


@SCHEMA.parametrize()
def test_only_what_the_document_says_comes_back(case: "Case[Any]", server: Server) -> None:
    tenant = server.tenant(case.operation.label)
    lead_somewhere(case, tenant.ids)
    response = case.call(base_url=server.url, session=tenant.session, timeout=30)
    is_strict = EXAMPLES > FEW and case.operation.label not in BY_ITEM
    case.validate_response(response, checks=[*CHECKS, negative_data_rejection] if is_strict else CHECKS)


def lead_somewhere(case: "Case[Any]", ids: Mapping[str, str]) -> None:
    """Let two thirds of the requests name something that exists; which ones, their content decides."""
    for name in case.path_parameters or {}:
        if name in ids and zlib.crc32(repr((case.path_parameters, case.query, case.body)).encode()) % 3:
            case.path_parameters[name] = ids[name]
