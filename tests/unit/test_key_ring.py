"""Keys are exchanged while everything runs."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.doubles import NOON
from tickwell.adapters.key_ring import KeyRing
from tickwell.domain.errors import NotFoundError, UnavailableError

OLD, NEW = "o" * 40, "n" * 40
SECOND = timedelta(seconds=1)


class Secret:
    """A secret that tests change, and how often it was read."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.reads = 0
        self.error: Exception | None = None

    def __call__(self) -> str:
        self.reads += 1
        if self.error is not None:
            raise self.error
        return self.value


def key_id_of(secret: str) -> str:
    return KeyRing(lambda: secret).signing(NOON).key_id


def test_a_new_key_signs_after_five_minutes_and_the_old_one_counts_on() -> None:
    secret = Secret(OLD)
    ring = KeyRing(secret)
    assert ring.signing(NOON).key == OLD.encode()
    secret.value = f"{NEW}\n{OLD}\n"
    assert ring.signing(NOON + 299 * SECOND).key == OLD.encode()
    assert ring.signing(NOON + 300 * SECOND).key == NEW.encode()
    assert ring.find(key_id_of(OLD), NOON + 301 * SECOND) == OLD.encode()
    secret.value = NEW
    assert ring.find(key_id_of(OLD), NOON + 601 * SECOND) is None


def test_a_key_that_others_sign_with_already_is_found_at_once_but_nobody_can_make_it_read_often() -> None:
    secret = Secret(OLD)
    ring = KeyRing(secret)
    ring.signing(NOON)
    secret.value = f"{NEW}\n{OLD}"
    assert ring.find(key_id_of(NEW), NOON + 10 * SECOND) == NEW.encode()
    read = secret.reads
    for number in range(9):
        assert ring.find("unknown", NOON + (11 + number) * SECOND) is None
    assert secret.reads == read
    assert ring.find("unknown", NOON + 20 * SECOND) is None
    assert secret.reads == read + 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret: setattr(secret, "value", "short"),
        lambda secret: setattr(secret, "value", ""),
        lambda secret: setattr(secret, "error", UnavailableError("secretsmanager", "slow")),
        lambda secret: setattr(secret, "error", NotFoundError("secret", "key")),
        lambda secret: setattr(secret, "error", PermissionError("chmod 600")),
    ],
)
def test_a_spoiled_secret_leaves_the_keys_of_before(
    spoil: Callable[[Secret], None], caplog: pytest.LogCaptureFixture
) -> None:
    secret = Secret(OLD)
    ring = KeyRing(secret)
    ring.signing(NOON)
    spoil(secret)
    with caplog.at_level(logging.ERROR):
        assert ring.signing(NOON + 300 * SECOND).key == OLD.encode()
    assert "signing keys not read again" in caplog.text


def test_a_clock_that_is_set_back_reads_again() -> None:
    secret = Secret(OLD)
    ring = KeyRing(secret)
    ring.signing(NOON)
    secret.value = NEW
    assert ring.signing(NOON - SECOND).key == NEW.encode()


@pytest.mark.parametrize("value", ["", "\n", "short", f"{OLD}\nshort"])
def test_without_keys_there_is_no_start(value: str) -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        KeyRing(lambda: value)
