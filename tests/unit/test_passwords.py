"""Password hashes."""

import pytest
from argon2.exceptions import InvalidHashError, VerificationError

from tickwell.adapters.passwords import Argon2Hasher

HASHER = Argon2Hasher()


def test_a_hash_belongs_to_its_password_only() -> None:
    password_hash = HASHER.hash("Correct horse 1")
    assert HASHER.verify(password_hash, "Correct horse 1")
    assert not HASHER.verify(password_hash, "Correct horse 2")
    assert not HASHER.verify(password_hash, "")


def test_a_hash_states_its_strength_and_not_its_password() -> None:
    password_hash = HASHER.hash("Correct horse 1")
    assert password_hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert "horse" not in password_hash


def test_the_same_password_is_hashed_differently_each_time() -> None:
    assert HASHER.hash("Correct horse 1") != HASHER.hash("Correct horse 1")


@pytest.mark.parametrize("password", ["", "pä\u0301ss 🐎", "nul\x00inside", "\ud800 alone", "x" * 1024])
def test_any_text_can_be_a_password(password: str) -> None:
    password_hash = HASHER.hash(password)
    assert HASHER.verify(password_hash, password)
    assert not HASHER.verify(password_hash, password + "x")


@pytest.mark.parametrize("broken", ["", "plain", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv"])
def test_what_is_no_hash_is_an_error_and_no_mismatch(broken: str) -> None:
    with pytest.raises((InvalidHashError, VerificationError)):
        HASHER.verify(broken, "Correct horse 1")
