"""Accounts through the API, on both hosts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.api_hosts import PASSWORD, Api, Client
from tickwell.domain.account import TOKEN_LIFE, Role
from tickwell.http import openapi

REGISTER, LOGIN, ME = "/api/v1/auth/register", "/api/v1/auth/login", "/api/v1/auth/me"


def test_registration_gives_a_user_and_a_token(api: Api) -> None:
    answer = api.anonymous("POST", REGISTER, {"email": "Ada@Example.com", "password": PASSWORD})
    assert answer.status == 201
    assert answer.json["message"] == "User registered successfully"
    assert answer.data["expires_in"] == 86400
    user = answer.data["user"]
    assert user["email"] == "Ada@Example.com"
    assert user["created_at"] == "2026-11-22T12:00:00.000Z"
    assert set(user) == {"id", "tenant_id", "email", "role", "created_at", "updated_at"}
    me = Client(host=api.host, token=answer.data["token"])("GET", ME)
    assert (me.status, me.data) == (200, user)


def test_login_gives_a_token(api: Api, ada: Client) -> None:
    answer = api.anonymous("POST", LOGIN, {"email": "ADA@example.com", "password": PASSWORD})
    assert (answer.status, answer.json["message"]) == (200, "Login successful")
    assert answer.data["user"] == ada("GET", ME).data
    assert Client(host=api.host, token=answer.data["token"])("GET", ME).data == answer.data["user"]


@pytest.mark.usefixtures("ada")
def test_an_address_can_be_taken_once_whatever_its_case(api: Api) -> None:
    answer = api.anonymous("POST", REGISTER, {"email": "ADA@EXAMPLE.COM", "password": PASSWORD})
    assert (answer.status, answer.json["code"]) == (409, "EMAIL_TAKEN")


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["email", "password"]),
        ({"email": "ada@example.com"}, ["password"]),
        ({"email": "ada", "password": PASSWORD}, ["email"]),
        ({"email": ".ada@example.com", "password": PASSWORD}, ["email"]),
        ({"email": "a..da@example.com", "password": PASSWORD}, ["email"]),
        ({"email": "ada.@example.com", "password": PASSWORD}, ["email"]),
        ({"email": "ada@example.com\n", "password": "short"}, ["password"]),
        ({"email": "a\0@example.com", "password": PASSWORD}, ["email"]),
        ({"email": ["ada@example.com"], "password": PASSWORD}, ["email"]),
        ({"email": "ada@example.com", "password": None}, ["password"]),
        ({"email": "ada@example.com", "password": "Short-1"}, ["password"]),
        ({"email": "ada@example.com", "password": "no-upper-case-1"}, ["password"]),
        ({"email": "ada@example.com", "password": "NO-LOWER-CASE-1"}, ["password"]),
        ({"email": "ada@example.com", "password": "No-digit-here"}, ["password"]),
        ({"email": "ada@example.com", "password": "Aa1" * 2000}, ["password"]),
        ({"email": "ada@example.com", "password": PASSWORD, "role": "owner"}, ["role"]),
        ({"email": "ada@example.com", "password": PASSWORD, "tenant_id": "t"}, ["tenant_id"]),
    ],
)
def test_registration_is_validated(api: Api, body: object, fields: list[str]) -> None:
    assert api.anonymous("POST", REGISTER, body).fields == fields


@pytest.mark.usefixtures("ada")
def test_unknown_user_and_wrong_password_get_the_same_answer(api: Api) -> None:
    answers = [
        api.anonymous("POST", LOGIN, {"email": email, "password": password})
        for email, password in [
            ("ada@example.com", "Wrong-Horse-9"),
            ("nobody@example.com", PASSWORD),
            ("not an address", PASSWORD),
            ("ada@example.com", ""),
            ("", ""),
        ]
    ]
    told = [(a.status, a.json["code"], a.json["message"], a.headers["www-authenticate"]) for a in answers]
    assert told == [(401, "INVALID_CREDENTIALS", "invalid e-mail address or password", "Bearer")] * 5


def test_a_token_ends(api: Api, ada: Client) -> None:
    api.world.clock.advance(TOKEN_LIFE - timedelta(seconds=1))
    assert ada("GET", ME).status == 200
    api.world.clock.advance(1)
    assert ada("GET", ME).status == 401


def test_logout_ends_this_token_at_once_and_no_other(api: Api, ada: Client) -> None:
    other = Client(
        host=api.host,
        token=api.anonymous("POST", LOGIN, {"email": "ada@example.com", "password": PASSWORD}).data["token"],
    )
    answer = ada("POST", "/api/v1/auth/logout")
    assert (answer.status, answer.json) == (200, {"success": True, "message": "Logged out successfully"})
    for method, path in (("GET", ME), ("GET", "/api/v1/jobs"), ("POST", "/api/v1/auth/logout")):
        refused = ada(method, path)
        assert (refused.status, refused.json["code"]) == (401, "UNAUTHENTICATED")
    assert other("GET", ME).status == 200


def test_a_role_is_the_one_of_now(api: Api, ada: Client) -> None:
    me = ada("GET", ME).data
    user = api.world.accounts.by_id(me["tenant_id"], me["id"])
    assert ada("POST", "/api/v1/queues", {"name": "one"}).status == 201
    assert api.world.accounts.replace(replace(user, role=Role.VIEWER, version=2))
    assert ada("POST", "/api/v1/queues", {"name": "two"}).status == 403


@pytest.mark.parametrize(
    "credential",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer " + "x" * 5000,
        "Bearer \xff\xfe",
        "Basic YWRhOnNlY3JldA==",
        "Token x",
        "Bearer eyJhbGciOiJub25lIn0.e30.",
    ],
)
def test_without_a_valid_token_there_is_nothing(api: Api, credential: str | None) -> None:
    headers = {} if credential is None else {"Authorization": credential}
    for path, methods in openapi.document("1.2.3")["paths"].items():
        for method, operation in methods.items():
            if operation["security"]:
                raw = b"not even JSON" if method == "post" else b""
                answer = api.anonymous(method.upper(), path.replace("{", "").replace("}", ""), raw=raw, headers=headers)
                assert (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED"), path
                assert answer.headers["www-authenticate"] == "Bearer"


def test_the_scheme_is_read_without_regard_to_case(api: Api, ada: Client) -> None:
    answer = api.anonymous("GET", ME, headers={"authorization": f"bEARER {ada.token}"})
    assert answer.status == 200


def test_the_longest_password_is_told_and_taken(api: Api) -> None:
    schema = openapi.document("0.1.0")["components"]["schemas"]["Credentials"]["properties"]["password"]
    longest = PASSWORD + "x" * (schema["maxLength"] - len(PASSWORD))
    assert api.anonymous("POST", REGISTER, {"email": "ada@example.com", "password": longest}).status == 201
    for path in (REGISTER, LOGIN):
        answer = api.anonymous("POST", path, {"email": "eve@example.com", "password": longest + "x"})
        assert answer.fields == ["password"]
