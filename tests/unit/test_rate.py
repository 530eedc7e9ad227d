"""Windows of counts, and what is told of them."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.bootstrap.limits import request_limits
from tickwell.domain.account import Principal, Role
from tickwell.domain.errors import RateLimitedError, UnavailableError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.rate import Allowance, RateKey, window_end
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota, RequestLimits
from tickwell.settings.shared import LimitSettings

HOUR = timedelta(hours=1)


@given(st.integers(0, 4 * 10**12), st.integers(1, 10**8))
def test_a_window_ends_after_now_and_has_its_length(now_ms: int, length_ms: int) -> None:
    now, per = from_epoch_ms(now_ms), timedelta(milliseconds=length_ms)
    end = window_end(now, per)
    assert now < end <= now + per
    assert window_end(end, per) == end + per
    assert to_epoch_ms(end) % length_ms == 0


@pytest.mark.parametrize(("left", "told"), [(3600, 3600), (0.001, 1), (1, 1), (1.001, 2), (0, 1), (-5, 1)])
def test_seconds_are_rounded_up_so_that_waiting_them_is_enough(left: float, told: int) -> None:
    allowance = Allowance(limit=1, remaining=0, reset_at=NOON + timedelta(seconds=left), allowed=False)
    assert allowance.seconds_left(NOON) == told


class Broken:
    """A store that does not answer."""

    def hit(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        raise UnavailableError("dynamodb", f"{key.what} {limit} {per}")

    look = hit


def test_where_counting_fails_the_request_passes(caplog: pytest.LogCaptureFixture) -> None:
    quotas = {RateClass.WRITE: Quota(limit=1, per=HOUR)}
    limits = RequestLimits(limiter=Broken(), quotas=quotas, clock=FakeClock())
    assert limits.admit(RateClass.WRITE, None, "192.0.2.1") == {}
    assert [record.__dict__["action"] for record in caplog.records] == ["http.uncounted"]


@pytest.mark.parametrize(
    ("address", "other", "same"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("", "a socket", True),
    ],
)
def test_addresses_count_by_what_one_client_has(address: str, other: str, *, same: bool) -> None:
    clock = FakeClock()
    limiter = EmbeddedRateLimiter(":memory:", clock)
    limits = RequestLimits(limiter=limiter, quotas={RateClass.PUBLIC: Quota(limit=1, per=HOUR)}, clock=clock)
    limits.admit(RateClass.PUBLIC, None, address)
    if same:
        with pytest.raises(RateLimitedError, match="in 3600 s"):
            limits.admit(RateClass.PUBLIC, None, other)
    else:
        assert limits.admit(RateClass.PUBLIC, None, other)["X-RateLimit-Remaining"] == "0"
    limiter.close()


def settings(**changes: Any) -> LimitSettings:
    return LimitSettings(engine="embedded", **changes)


def test_the_limits_are_those_of_the_settings() -> None:
    limiter, clock = Broken(), FakeClock()
    assert {
        rate: (quota.limit, quota.per) for rate, quota in request_limits(settings(), limiter, clock).quotas.items()
    } == {
        RateClass.WRITE: (100, HOUR),
        RateClass.READ: (3600, HOUR),
        RateClass.PUBLIC: (3600, HOUR),
        RateClass.REGISTER: (1000, HOUR),
        RateClass.GENERATE: (10, timedelta(minutes=15)),
        RateClass.HOOK: (600, timedelta(minutes=1)),
        RateClass.OUTSIDE: (36_000, HOUR),
    }
    off = request_limits(
        settings(
            rate_limit_per_hour=0,
            read_limit_per_hour=0,
            registrations_per_hour=0,
            images_per_quarter_hour=0,
            hook_limit_per_minute=0,
        ),
        limiter,
        clock,
    )
    assert set(off.quotas) == {RateClass.OUTSIDE}
    caller = Principal(tenant_id="t", user_id="u", role=Role.OWNER)
    assert off.admit(RateClass.WRITE, caller, "") == off.admit(RateClass.EXEMPT, None, "") == {}
