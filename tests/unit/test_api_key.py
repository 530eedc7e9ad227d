"""How API keys are spelled, and when one holds."""

import uuid
import zlib
from base64 import b32encode
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.domain.account import Role, Scope
from tickwell.domain.api_key import USE_GRAIN, ApiKey, key_digest, parse_key, require_grantable, spell_key
from tickwell.domain.errors import ForbiddenError, UnauthenticatedError

TENANT, KEY = str(uuid.UUID(int=1)), str(uuid.UUID(int=2))
TEXT = spell_key(TENANT, KEY, bytes(24))


def api_key(**changes: Any) -> ApiKey:
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "key_id": KEY,
        "user_id": "u",
        "name": "a key",
        "role": Role.MEMBER,
        "scopes": frozenset({Scope.JOBS_READ}),
        "digest": key_digest(TEXT),
        "created_at": NOON,
    }
    return ApiKey(**fields | changes)


@given(st.uuids(), st.uuids(), st.binary(min_size=24, max_size=24))
def test_a_key_names_its_tenant_and_its_id(tenant: uuid.UUID, key: uuid.UUID, secret: bytes) -> None:
    text = spell_key(str(tenant), str(key), secret)
    assert text.startswith("tw_")
    assert len(text) == 99
    assert text.removeprefix("tw_").isalnum()
    assert parse_key(text) == (str(tenant), str(key))


@given(st.integers(min_value=3, max_value=98), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_key_with_one_letter_changed_is_none(place: int, letter: str) -> None:
    changed = TEXT[:place] + letter + TEXT[place + 1 :]
    if changed != TEXT:
        with pytest.raises(UnauthenticatedError):
            parse_key(changed)


def _padded() -> str:
    """54 bytes with a right checksum: shorter than a key, and spelled with padding to its length."""
    body = bytes(50)
    return "tw_" + b32encode(body + zlib.crc32(body).to_bytes(4, "big")).decode().lower().ljust(96, "=")


STRANGE = ("", "tw_", "tw", TEXT[:-1], TEXT + "a", TEXT.upper(), "tw_" + "1" * 96, "tw_" + "ä" * 96, "tw_" + "=" * 96)


@pytest.mark.parametrize("text", [*STRANGE, _padded(), " " + TEXT[1:], TEXT[3:] + "tw_"])
def test_what_is_no_key_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UnauthenticatedError) as caught:
        parse_key(text)
    assert str(caught.value) == "not a valid API key"


def test_a_key_needs_uuids_and_24_secret_bytes() -> None:
    with pytest.raises(ValueError, match="24 bytes"):
        spell_key(TENANT, KEY, bytes(23))
    with pytest.raises(ValueError, match="hexadecimal"):
        spell_key("tenant-1", KEY, bytes(24))


def test_a_key_opens_with_its_own_text_until_it_expires() -> None:
    key = api_key(expires_at=NOON + timedelta(seconds=1))
    assert key.opens_with(TEXT, NOON)
    assert not key.opens_with(spell_key(TENANT, KEY, bytes(23) + b"\1"), NOON)
    assert not key.opens_with(TEXT, NOON + timedelta(seconds=1))
    assert api_key().opens_with(TEXT, NOON + timedelta(days=10_000))


def test_a_key_does_not_show_its_digest() -> None:
    assert key_digest(TEXT) not in repr(api_key())


@pytest.mark.parametrize("mine", Role)
@pytest.mark.parametrize("creator", Role)
def test_a_key_never_has_more_than_its_creators_role(mine: Role, creator: Role) -> None:
    role = api_key(role=mine).role_under(creator)
    assert creator.includes(role)
    assert mine.includes(role)
    assert role in {mine, creator}


def test_nobody_grants_more_than_they_have() -> None:
    assert require_grantable(Role.ADMIN, Role.ADMIN) is Role.ADMIN
    with pytest.raises(ForbiddenError, match="cannot have the role owner: yours is admin"):
        require_grantable(Role.OWNER, Role.ADMIN)


def test_a_use_is_news_once_an_hour() -> None:
    assert api_key().use_is_news(NOON)
    used = api_key(last_used_at=NOON)
    assert not used.use_is_news(NOON + USE_GRAIN - timedelta(milliseconds=1))
    assert used.use_is_news(NOON + USE_GRAIN)


def test_scopes_stand_in_one_order() -> None:
    assert list(api_key(scopes=frozenset(Scope)).sorted_scopes) == list(Scope)
