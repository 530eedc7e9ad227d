"""Which tokens of a user still count."""

from datetime import timedelta

import pytest

from tests.doubles import NOON
from tickwell.domain.session import MOST_REVOKED, Bearer, Sessions

LIFE = timedelta(hours=24)


def bearer(number: int, *, generation: int | None = 0) -> Bearer:
    """The ``number``-th token, issued that many seconds after noon."""
    issued_at = NOON + timedelta(seconds=number)
    return Bearer(
        tenant_id="t",
        user_id="u",
        token_id=f"token-{number}",
        generation=generation,
        issued_at=issued_at,
        expires_at=issued_at + LIFE,
    )


def test_a_revoked_token_alone_is_dead() -> None:
    sessions = Sessions().revoking(bearer(1), NOON)
    assert not sessions.admits(bearer(1))
    assert sessions.admits(bearer(2))
    assert sessions.admits(bearer(0))
    assert sessions.revoking(bearer(1), NOON) is sessions


def test_what_has_expired_is_forgotten() -> None:
    sessions = Sessions().revoking(bearer(1), NOON).revoking(bearer(9), NOON + LIFE + timedelta(seconds=1))
    assert [one.token_id for one in sessions.revoked] == ["token-9"]


def test_beyond_a_hundred_the_oldest_give_way_and_stay_dead() -> None:
    sessions = Sessions()
    for number in range(1, MOST_REVOKED + 3):
        sessions = sessions.revoking(bearer(number), NOON)
    assert len(sessions.revoked) == MOST_REVOKED
    assert not any(sessions.admits(bearer(number)) for number in range(MOST_REVOKED + 3))
    assert sessions.admits(bearer(MOST_REVOKED + 3))


@pytest.mark.parametrize("generation", [0, 2])
def test_a_new_generation_ends_all_tokens_but_those_of_others(generation: int) -> None:
    sessions = Sessions().revoking(bearer(1, generation=None), NOON).ended()
    assert not sessions.admits(bearer(5, generation=generation))
    assert sessions.admits(bearer(5, generation=1))
    assert sessions.admits(bearer(5, generation=None))
    assert not sessions.admits(bearer(1, generation=None))
