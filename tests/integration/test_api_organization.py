"""Members and invitations through the API, on both hosts."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.api_hosts import PASSWORD, Answer, Api, Client
from tests.integration.test_api_passwords import mails, token_of
from tickwell.domain.account import Principal, Role
from tickwell.domain.errors import ForbiddenError, UnauthenticatedError

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


@pytest.mark.parametrize("change", [None, "member", "viewer"])
def test_who_is_removed_or_made_less_leaves_no_way_back_in(
    api: Api, ada: Client, tmp_path: Path, change: str | None
) -> None:
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com", "admin")
    assert grace("POST", INVITATIONS, {"email": "second@example.com", "role": "admin"}).status == 201
    assert grace("POST", INVITATIONS, {"email": "third@example.com", "role": "viewer"}).status == 201
    tokens = {to: token_of(text) for to, text in mails(api, tmp_path)}
    path = f"{MEMBERS}/{grace_id}"
    assert (ada("DELETE", path) if change is None else ada("PATCH", path, {"role": change})).status == 200
    for address in ("second@example.com", "third@example.com"):
        assert accept(api, tokens[address]).fields == ["token"]
    if change is not None:
        assert ada("PATCH", path, {"role": "admin"}).status == 200
        assert accept(api, tokens["second@example.com"]).status == 201


def test_an_owners_invitation_to_be_an_owner_does_not_outlive_the_role(api: Api, ada: Client, tmp_path: Path) -> None:
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com", "owner")
    for email, role in (("second@example.com", "owner"), ("third@example.com", "admin")):
        assert grace("POST", INVITATIONS, {"email": email, "role": role}).status == 201
    tokens = {to: token_of(text) for to, text in mails(api, tmp_path)}
    assert ada("PATCH", f"{MEMBERS}/{grace_id}", {"role": "admin"}).status == 200
    assert accept(api, tokens["second@example.com"]).fields == ["token"]
    assert accept(api, tokens["third@example.com"]).status == 201


def test_who_was_removed_or_made_less_a_moment_before_changes_nobody(api: Api, ada: Client, tmp_path: Path) -> None:
    """The request was let in with the role of before; its edit comes after the other one."""
    organization = api.services.organization
    ids = {name: member(api, ada, tmp_path, f"{name}@example.com", "owner")[0] for name in ("grace", "eve", "joan")}
    tenant_id = ada("GET", ME).data["tenant_id"]
    before = {name: Principal(tenant_id=tenant_id, user_id=user_id, role=Role.OWNER) for name, user_id in ids.items()}
    assert ada("PATCH", f"{MEMBERS}/{ids['grace']}", {"role": "viewer"}).status == 200
    with pytest.raises(ForbiddenError):
        organization.change_role(before["grace"], ids["joan"], Role.VIEWER)
    with pytest.raises(ForbiddenError):
        organization.change_role(before["grace"], ids["grace"], Role.OWNER)
    assert ada("DELETE", f"{MEMBERS}/{ids['eve']}").status == 200
    with pytest.raises(UnauthenticatedError):
        organization.remove(before["eve"], ids["joan"])
    roles = {each["id"]: each["role"] for each in ada("GET", MEMBERS).data["members"]}
    assert (roles[ids["grace"]], roles[ids["joan"]]) == ("viewer", "owner")
