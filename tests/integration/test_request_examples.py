"""The bodies that the document gives as examples are understood by the API."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api
from tickwell.application.task import Task
from tickwell.http.request_examples import REQUESTS
from tickwell.http.resolvers import all_routes, lambda_resolver
from tickwell.tasks.http_request import HTTP_REQUEST
from tickwell.tasks.send_message import SEND_MESSAGE

PLACES = {str(route.operation_id): (route.method, route.openapi_path) for route in all_routes(lambda_resolver())}
EXAMPLES = [
    pytest.param(*PLACES[operation], body, id=f"{operation}-{title}")
    for operation, bodies in REQUESTS.items()
    for title, body in bodies.items()
]

REFUSED = {"/api/v1/auth/login": {401}, "/api/v1/organization/members/{member_id}": {409}}
"""What cannot succeed here: the example's user does not exist, and an only owner stays one."""


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return (HTTP_REQUEST, SEND_MESSAGE)


@pytest.mark.parametrize(("method", "path", "body"), EXAMPLES)
def test_an_example_is_understood(api: Api, method: str, path: str, body: dict[str, Any]) -> None:
    user = api.user()
    user("POST", "/api/v1/queues", {"name": "a-queue"})
    job = user("POST", "/api/v1/jobs", {"name": "a job", "interval_seconds": 60}).data
    me = user("GET", "/api/v1/auth/me").data
    hook = user("POST", "/api/v1/hooks", {"name": "a hook"}).data["path"].rpartition("/")[2]
    ids = {"name": "a-queue", "job_id": job["id"], "member_id": me["id"], "key": "a/key"}
    ids |= {"token": hook, "secret_name": "a-token"}
    answer = user(method, path.format(**ids), body)
    if "token" in body:
        assert answer.fields == ["token"], "the example's token is nobody's, and all else is understood"
        return
    assert answer.status in REFUSED.get(path, {200, 201, 202}), answer.json
