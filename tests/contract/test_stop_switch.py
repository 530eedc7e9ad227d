"""The contract of ``StopSwitch``."""

from datetime import timedelta

from tests.contract.makers import user
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.domain.stop import Stop


def a_stop(tenant_id: str | None, *, minute: int = 0, reason: str = "too much mail") -> Stop:
    return Stop(tenant_id=tenant_id, since=NOON + timedelta(minutes=minute), reason=reason)


def test_a_stop_is_of_one_tenant_or_of_everybody(stores: Stores) -> None:
    everybody, ada = a_stop(None), a_stop("tenant-ada", minute=1)
    assert [stores.stop_switch.find(who) for who in (None, "tenant-ada")] == [None, None]
    stores.stop_switch.put(everybody)
    assert [stores.stop_switch.find(who) for who in (None, "tenant-ada")] == [everybody, None]
    stores.stop_switch.put(ada)
    assert [stores.stop_switch.find(who) for who in (None, "tenant-ada", "tenant-eve")] == [everybody, ada, None]
    stores.stop_switch.lift(None)
    assert [stores.stop_switch.find(who) for who in (None, "tenant-ada")] == [None, ada]
    stores.stop_switch.lift("tenant-ada")
    assert stores.stop_switch.find("tenant-ada") is None
    assert stores.stop_switch.stops(limit=10) == []


def test_stops_are_listed_that_of_everybody_first_and_up_to_a_limit(stores: Stores) -> None:
    stops = [a_stop(None), *(a_stop(f"tenant-{number}") for number in range(5))]
    for stop in reversed(stops):
        stores.stop_switch.put(stop)
    assert list(stores.stop_switch.stops(limit=10)) == stops
    assert list(stores.stop_switch.stops(limit=3)) == stops[:3]


def test_a_stop_that_is_put_twice_is_one_and_lifting_may_be_repeated(stores: Stores) -> None:
    stores.stop_switch.put(a_stop("tenant-ada"))
    stores.stop_switch.put(again := a_stop("tenant-ada", minute=5, reason="still"))
    assert list(stores.stop_switch.stops(limit=10)) == [again]
    for _ in range(2):
        stores.stop_switch.lift("tenant-ada")
        stores.stop_switch.lift(None)
    assert list(stores.stop_switch.stops(limit=10)) == []


def test_names_that_no_store_can_hold_are_nobody(stores: Stores) -> None:
    for strange in ("\ud800", "x" * 3000):
        assert stores.stop_switch.find(strange) is None
        assert not stores.stop_switch.tenant_exists(strange)
        stores.stop_switch.lift(strange)


def test_a_tenant_exists_once_somebody_has_registered(stores: Stores) -> None:
    ada = user()
    assert not stores.stop_switch.tenant_exists(ada.tenant_id)
    stores.accounts.create(ada)
    assert stores.stop_switch.tenant_exists(ada.tenant_id)
