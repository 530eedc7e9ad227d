"""Members and invitations through the API, on both hosts."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.api_hosts import PASSWORD, Answer, Api, Client
from tests.integration.test_api_passwords import mails, token_of

BASE = "/api/v1/organization"
INVITATIONS, MEMBERS, ACCEPT = f"{BASE}/invitations", f"{BASE}/members", "/api/v1/auth/invitations/accept"
ME = "/api/v1/auth/me"


def accept(api: Api, token: str, password: str = PASSWORD) -> Answer:
    """Join with the token of a mail."""
    return api.anonymous("POST", ACCEPT, {"token": token, "password": password})


def member(api: Api, owner: Client, folder: Path, email: str, role: str = "member") -> tuple[str, Client]:
    """Somebody who was invited and has joined: id and client."""
    assert owner("POST", INVITATIONS, {"email": email, "role": role}).status == 201
    answer = accept(api, token_of(next(text for to, text in reversed(mails(api, folder)) if to == email)))
    assert answer.status == 201, answer.json
    return answer.data["user"]["id"], Client(host=api.host, token=answer.data["token"])


def test_an_organization_has_a_name(ada: Client) -> None:
    me = ada("GET", ME).data
    found = ada("GET", BASE).data
    assert (found["id"], found["name"]) == (me["tenant_id"], "ada@example.com")
    renamed = ada("PATCH", BASE, {"name": "  Analytical   Engines "})
    assert renamed.data == found | {"name": "Analytical Engines"} == ada("GET", BASE).data


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\0b", 7])
def test_not_everything_is_a_name(ada: Client, name: object) -> None:
    assert ada("PATCH", BASE, {"name": name}).fields == ["name"]


def test_who_is_invited_joins_and_sees_the_tenants_jobs(api: Api, ada: Client, tmp_path: Path) -> None:
    job = ada("POST", "/api/v1/jobs", {"name": "ours"}).data
    created = ada("POST", INVITATIONS, {"email": "Grace@example.com", "role": "viewer"})
    assert created.status == 201
    assert created.data["mailed"] is False
    ((to, text),) = mails(api, tmp_path)
    assert to == "Grace@example.com"
    assert "ada@example.com" in text
    assert ada("GET", INVITATIONS).data["invitations"] == [created.data | {"mailed": True}]
    joined = accept(api, token_of(text))
    assert (joined.status, joined.data["user"]["role"]) == (201, "viewer")
    grace = Client(host=api.host, token=joined.data["token"])
    assert grace("GET", f"/api/v1/jobs/{job['id']}").status == 200
    assert grace("POST", "/api/v1/jobs", {"name": "mine"}).status == 403
    assert [each["email"] for each in grace("GET", MEMBERS).data["members"]] == ["ada@example.com", "Grace@example.com"]
    assert ada("GET", INVITATIONS).data["invitations"] == []
    assert accept(api, token_of(text)).fields == ["token"]


def test_a_withdrawn_replaced_or_old_invitation_is_worth_nothing(api: Api, ada: Client, tmp_path: Path) -> None:
    first = ada("POST", INVITATIONS, {"email": "grace@example.com"}).data
    old = token_of(mails(api, tmp_path)[-1][1])
    second = ada("POST", INVITATIONS, {"email": "GRACE@example.com", "role": "admin"}).data
    new = token_of(mails(api, tmp_path)[-1][1])
    assert [each["id"] for each in ada("GET", INVITATIONS).data["invitations"]] == [second["id"]] != [first["id"]]
    assert accept(api, old).fields == ["token"]
    assert accept(api, new, "weak").fields == ["password"]
    assert ada("DELETE", f"{INVITATIONS}/{second['id']}").status == 200
    assert ada("DELETE", f"{INVITATIONS}/{second['id']}").status == 404
    assert accept(api, new).fields == ["token"]
    ada("POST", INVITATIONS, {"email": "grace@example.com"})
    late = token_of(mails(api, tmp_path)[-1][1])
    api.world.clock.advance(timedelta(days=7))
    assert accept(api, late).fields == ["token"]


def test_an_address_with_an_account_is_invited_alike_and_told_when_it_accepts(
    api: Api, ada: Client, tmp_path: Path
) -> None:
    api.user("grace@example.com")
    answers = [ada("POST", INVITATIONS, {"email": email}) for email in ("grace@example.com", "new@example.com")]
    assert [answer.status for answer in answers] == [201, 201]
    sent = dict(mails(api, tmp_path))
    refused = accept(api, token_of(sent["grace@example.com"]))
    assert (refused.status, refused.json["code"]) == (409, "EMAIL_TAKEN")


def test_a_member_is_not_invited_again(ada: Client) -> None:
    assert ada("POST", INVITATIONS, {"email": "ADA@example.com"}).status == 409


@pytest.mark.parametrize(
    ("body", "fields"),
    [({}, ["email"]), ({"email": "x"}, ["email"]), ({"email": "g@example.com", "role": "king"}, ["role"])],
)
def test_invitations_are_validated(ada: Client, body: object, fields: list[str]) -> None:
    assert ada("POST", INVITATIONS, body).fields == fields


def test_a_role_changes_and_a_member_goes_at_once(api: Api, ada: Client, tmp_path: Path) -> None:
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com")
    assert grace("POST", "/api/v1/jobs", {"name": "mine"}).status == 201
    changed = ada("PATCH", f"{MEMBERS}/{grace_id}", {"role": "viewer"})
    assert (changed.status, changed.data["role"]) == (200, "viewer")
    assert grace("POST", "/api/v1/jobs", {"name": "mine"}).status == 403
    assert ada("DELETE", f"{MEMBERS}/{grace_id}").status == 200
    assert grace("GET", ME).status == 401
    assert ada("DELETE", f"{MEMBERS}/{grace_id}").status == 404
    api.user("grace@example.com")


def test_the_last_owner_stays(api: Api, ada: Client, tmp_path: Path) -> None:
    mine = f"{MEMBERS}/{ada('GET', ME).data['id']}"
    for answer in (ada("DELETE", mine), ada("PATCH", mine, {"role": "admin"})):
        assert (answer.status, answer.json["code"]) == (409, "LAST_OWNER")
    assert ada("PATCH", mine, {"role": "owner"}).status == 200
    _, grace = member(api, ada, tmp_path, "grace@example.com", "owner")
    assert ada("PATCH", mine, {"role": "viewer"}).status == 200
    assert ada("DELETE", mine).status == 403
    assert grace("DELETE", mine).status == 200


def test_admins_manage_members_but_never_owners(api: Api, ada: Client, tmp_path: Path) -> None:
    owner = f"{MEMBERS}/{ada('GET', ME).data['id']}"
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com", "admin")
    for answer in (
        grace("DELETE", owner),
        grace("PATCH", owner, {"role": "viewer"}),
        grace("PATCH", f"{MEMBERS}/{grace_id}", {"role": "owner"}),
        grace("POST", INVITATIONS, {"email": "x@example.com", "role": "owner"}),
    ):
        assert (answer.status, answer.json["code"]) == (403, "FORBIDDEN")
    _, member_client = member(api, grace, tmp_path, "mem@example.com")
    for answer in (member_client("GET", INVITATIONS), member_client("PATCH", BASE, {"name": "x"})):
        assert answer.status == 403


def test_another_tenants_members_and_invitations_do_not_exist(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    theirs = ada("GET", ME).data["id"]
    invitation = ada("POST", INVITATIONS, {"email": "grace@example.com"}).data["id"]
    assert eve("DELETE", f"{MEMBERS}/{theirs}").status == 404
    assert eve("PATCH", f"{MEMBERS}/{theirs}", {"role": "viewer"}).status == 404
    assert eve("DELETE", f"{INVITATIONS}/{invitation}").status == 404
    assert eve("GET", INVITATIONS).data["invitations"] == []
    assert [each["email"] for each in eve("GET", MEMBERS).data["members"]] == ["eve@example.com"]
