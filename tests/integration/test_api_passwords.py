"""New passwords through the API, on both hosts, and the mails that they take."""

import re
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from tests.api_hosts import PASSWORD, Answer, Api, Client
from tickwell.domain.errors import RateLimitedError
from tickwell.domain.one_time import MOST_RESETS, RESET_LIFE

LOGIN, ME, CHANGE = "/api/v1/auth/login", "/api/v1/auth/me", "/api/v1/auth/password"
FORGOT, RESET = "/api/v1/auth/password/forgot", "/api/v1/auth/password/reset"
NEW = "Battery-Staple-8"
TOKEN = re.compile(r"tw[ri]_\S+")


def mails(api: Api, folder: Path) -> list[tuple[str, str]]:
    """Deliver what waits; recipient and text of all mails so far, oldest first."""
    api.world.deliver_mails()
    files = sorted((folder / "outbox").glob("*.eml"), key=lambda file: file.stat().st_mtime_ns)
    found = []
    for file in files:
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        found.append((str(mail["To"]), mail.get_content()))
    return found


def token_of(text: str) -> str:
    """The token in a mail."""
    found = TOKEN.search(text)
    assert found is not None, text
    return found[0]


def login(api: Api, password: str, email: str = "ada@example.com") -> Answer:
    """Try to sign in."""
    return api.anonymous("POST", LOGIN, {"email": email, "password": password})


def test_a_changed_password_ends_all_other_sessions(api: Api, ada: Client) -> None:
    other = Client(host=api.host, token=login(api, PASSWORD).data["token"])
    answer = ada("PUT", CHANGE, {"old_password": PASSWORD, "new_password": NEW})
    assert (answer.status, answer.json["message"]) == (200, "Password changed successfully")
    assert [client("GET", ME).status for client in (ada, other)] == [401, 401]
    fresh = Client(host=api.host, token=answer.data["token"])
    assert fresh("GET", ME).data == answer.data["user"]
    assert (login(api, PASSWORD).status, login(api, NEW).status) == (401, 200)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"old_password": "Wrong-Horse-9", "new_password": NEW}, ["old_password"]),
        ({"old_password": PASSWORD, "new_password": PASSWORD}, ["new_password"]),
        ({"old_password": PASSWORD, "new_password": "weak"}, ["new_password"]),
        ({}, ["old_password", "new_password"]),
    ],
)
def test_a_change_is_validated(api: Api, ada: Client, body: object, fields: list[str]) -> None:
    assert ada("PUT", CHANGE, body).fields == fields
    assert ada("GET", ME).status == 200
    assert login(api, PASSWORD).status == 200


def test_a_mail_lets_a_new_password_be_set_once(api: Api, ada: Client, tmp_path: Path) -> None:
    answer = api.anonymous("POST", FORGOT, {"email": "ADA@example.com"})
    assert (answer.status, answer.json["success"]) == (202, True)
    ((to, text),) = mails(api, tmp_path)
    assert to == "ada@example.com"
    assert "/api/v1/auth/password/reset" in text
    body = {"token": token_of(text), "password": NEW}
    assert api.anonymous("POST", RESET, body | {"password": "weak"}).fields == ["password"]
    assert api.anonymous("POST", RESET, body).json == {"success": True, "message": "Password changed successfully"}
    assert ada("GET", ME).status == 401
    assert (login(api, PASSWORD).status, login(api, NEW).status) == (401, 200)
    assert api.anonymous("POST", RESET, body | {"password": "Other-Horse-7"}).fields == ["token"]


@pytest.mark.usefixtures("ada")
def test_an_unknown_address_gets_the_same_answer_and_no_mail(api: Api, tmp_path: Path) -> None:
    told = [api.anonymous("POST", FORGOT, {"email": email}) for email in ("ada@example.com", "eve@example.com", "x")]
    assert [(answer.status, answer.body) for answer in told] == [(202, told[0].body)] * 3
    assert [to for to, _ in mails(api, tmp_path)] == ["ada@example.com"]


@pytest.mark.usefixtures("ada")
def test_a_mails_token_ends_after_an_hour(api: Api, tmp_path: Path) -> None:
    api.anonymous("POST", FORGOT, {"email": "ada@example.com"})
    ((_, text),) = mails(api, tmp_path)
    api.world.clock.advance(RESET_LIFE)
    assert api.anonymous("POST", RESET, {"token": token_of(text), "password": NEW}).fields == ["token"]


@pytest.mark.usefixtures("ada")
def test_many_requests_send_few_mails_and_all_their_tokens_count(api: Api, tmp_path: Path) -> None:
    for _ in range(MOST_RESETS + 2):
        api.anonymous("POST", FORGOT, {"email": "ada@example.com"})
        api.world.clock.advance(1)
    sent = mails(api, tmp_path)
    assert len(sent) == MOST_RESETS
    assert api.anonymous("POST", RESET, {"token": token_of(sent[0][1]), "password": NEW}).status == 200
    for _, text in sent[1:]:
        assert api.anonymous("POST", RESET, {"token": token_of(text), "password": PASSWORD}).fields == ["token"]


@pytest.mark.parametrize(
    "token", ["", "x", "twr_a.b." + "0" * 64, "twi_a.b." + "0" * 64, "twr_a.b.é", "twr_" + "x" * 500]
)
def test_what_is_no_token_is_refused_in_one_way(api: Api, token: str) -> None:
    answer = api.anonymous("POST", RESET, {"token": token, "password": NEW})
    assert answer.json["message"] == "token: is not valid, or not any more; ask for a new mail"


def test_no_queue_and_no_store_ever_holds_a_token(api: Api, ada: Client, tmp_path: Path) -> None:
    api.anonymous("POST", FORGOT, {"email": "ada@example.com"})
    (waiting,) = api.world.mails.receive(1, wait_seconds=0)
    assert "twr_" not in repr(waiting.message)
    api.world.clock.advance(91)
    ((_, text),) = mails(api, tmp_path)
    me = ada("GET", ME).data
    user = api.world.accounts.by_id(me["tenant_id"], me["id"])
    assert len(user.resets) == 1
    assert token_of(text).rpartition(".")[2] not in repr(user)


@pytest.mark.usefixtures("ada")
def test_after_ten_failures_the_right_password_is_not_looked_at_either(api: Api) -> None:
    for _ in range(10):
        assert login(api, "Wrong-Horse-9").status == 401
    for password in ("Wrong-Horse-9", PASSWORD):
        answer = login(api, password, "ADA@example.com")
        assert (answer.status, answer.json["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(answer.headers["retry-after"]) <= 900
    assert login(api, PASSWORD, "nobody@example.com").status == 401
    api.world.clock.advance(900)
    assert login(api, PASSWORD).status == 200


def test_an_address_without_an_account_is_limited_alike(api: Api) -> None:
    statuses = [login(api, PASSWORD, "nobody@example.com").status for _ in range(11)]
    assert statuses == [401] * 10 + [429]


@pytest.mark.usefixtures("ada")
def test_logins_that_succeed_do_not_count(api: Api) -> None:
    assert [login(api, PASSWORD).status for _ in range(12)] == [200] * 12


def test_guessing_the_old_password_is_limited_too(ada: Client) -> None:
    for _ in range(10):
        assert ada("PUT", CHANGE, {"old_password": "Wrong-Horse-9", "new_password": NEW}).status == 422
    assert ada("PUT", CHANGE, {"old_password": PASSWORD, "new_password": NEW}).status == 429


@pytest.mark.usefixtures("ada")
def test_one_client_cannot_try_many_accounts(api: Api) -> None:
    limits = api.services.login.limits
    for number in range(100):
        limits.note_failure(f"user-{number}@example.com", "192.0.2.1")
    with pytest.raises(RateLimitedError, match="too many failed attempts"):
        limits.admit("ada@example.com", "192.0.2.1")
    limits.admit("ada@example.com", "192.0.2.2")
