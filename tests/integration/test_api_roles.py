"""A credential is held against the access table before the request is looked at."""

from dataclasses import replace

import pytest

from tests.api_hosts import Api, Client
from tickwell.domain.account import Role

ANSWER_403 = "FORBIDDEN"


def as_role(api: Api, client: Client, role: Role) -> Client:
    """``client``, whose user has another role from now on."""
    user = api.world.accounts.by_id(*_ids(client))
    assert api.world.accounts.replace(replace(user, role=role, version=user.version + 1))
    return client


def _ids(client: Client) -> tuple[str, str]:
    me = client("GET", "/api/v1/auth/me").data
    return me["tenant_id"], me["id"]


def test_a_viewer_reads_and_changes_nothing(api: Api, ada: Client) -> None:
    viewer = as_role(api, ada, Role.VIEWER)
    assert viewer("GET", "/api/v1/jobs").status == 200
    answer = viewer("POST", "/api/v1/jobs", {"not": "even looked at"})
    assert (answer.status, answer.json["code"]) == (403, ANSWER_403)
    assert answer.json["message"] == "this takes the role member or above; yours is viewer"
    assert viewer("DELETE", "/api/v1/jobs/unknown").status == 403


@pytest.mark.parametrize(("role", "status"), [(Role.MEMBER, 403), (Role.ADMIN, 403), (Role.OWNER, 201)])
def test_queues_are_changed_by_owners_only(api: Api, ada: Client, role: Role, status: int) -> None:
    body = {"name": "reports"}
    assert as_role(api, ada, role)("POST", "/api/v1/queues", body).status == status
