"""Places for new jobs: what is read, what is remembered, and what several threads are given at the same time."""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import pytest

from tests.doubles import FakeClock
from tickwell.application import quotas as module
from tickwell.application.quotas import Quotas
from tickwell.domain.errors import QuotaExceededError, UnavailableError
from tickwell.domain.quota import JobUse, Limits, QuotaName

TENANT = "tenant-1"
LIMIT = 10


@dataclass
class Store:
    """Says what it is told to say, and counts how often it is read."""

    use: JobUse
    reads: list[str] = field(default_factory=list)
    down: bool = False

    def read(self, tenant_id: str) -> JobUse:
        if self.down:
            raise UnavailableError("store", "down")
        self.reads.append(tenant_id)
        return self.use

    def own(self, tenant_id: str) -> Limits:
        del tenant_id
        return self.use.limits

    def change(self, tenant_id: str, limits: Limits, *, forgotten: Collection[QuotaName] = ()) -> None:
        del tenant_id
        kept = {name: limit for name, limit in self.use.limits.items() if name not in forgotten}
        self.use = replace(self.use, limits={**kept, **limits})

    def end(self, unfinished: int) -> None:
        self.use = replace(self.use, unfinished=unfinished)


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    store: Store
    clock: FakeClock
    quotas: Quotas

    def take(self, wanted: int = 1, *, given_back: int = 0) -> int:
        """How many places there are, of which all are used but ``given_back``."""
        with self.quotas.places(TENANT, wanted) as places:
            places.give_back(given_back)
            assert (places.refusal is None) == (places.granted == wanted)
            return places.granted


def desk(*, unfinished: int = 0, exact: bool = False, jobs: int | None = LIMIT, **own: int | None) -> Desk:
    limits = {QuotaName(name): limit for name, limit in own.items()}
    store, clock = Store(JobUse(limits=limits, unfinished=unfinished, exact=exact)), FakeClock()
    defaults = {QuotaName.JOBS: None if "jobs" in own else jobs, QuotaName.MEMBERS: 3}
    return Desk(store=store, clock=clock, quotas=Quotas(store, defaults, clock))


@pytest.mark.parametrize(
    ("unfinished", "wanted", "granted"),
    [(0, 1, 1), (8, 1, 1), (9, 1, 1), (10, 1, 0), (11, 1, 0), (7, 5, 3), (5, 5, 5), (12, 5, 0), (0, 11, 10)],
)
def test_as_many_places_are_granted_as_there_is_room_for(unfinished: int, wanted: int, granted: int) -> None:
    assert desk(unfinished=unfinished).take(wanted) == granted


def test_a_refusal_says_how_much_is_used() -> None:
    made = desk(unfinished=9)
    with made.quotas.places(TENANT, 3) as places:
        assert places.granted == 1
        assert places.refusal is not None
        assert (places.refusal.limit, places.refusal.used, places.refusal.quota) == (10, 10, "jobs")


def test_a_limit_of_none_is_no_limit_and_zero_is_none_at_all() -> None:
    assert desk(unfinished=10**9, jobs=None).take(1000) == 1000
    assert desk(jobs=0).take() == 0


def test_a_tenants_own_limit_goes_before_the_deployments() -> None:
    store, clock = Store(JobUse(limits={QuotaName.JOBS: 2}, exact=False)), FakeClock()
    quotas = Quotas(store, {QuotaName.JOBS: 0, QuotaName.MEMBERS: 0}, clock)
    with quotas.places(TENANT, 5) as places:
        assert places.granted == 2
    store.use = JobUse(limits={QuotaName.JOBS: None}, exact=False)
    with quotas.places(TENANT, 5) as places:
        assert places.granted == 0
    clock.advance(5)
    with quotas.places(TENANT, 5) as places:
        assert places.granted == 5


def test_one_read_serves_five_seconds_and_what_is_accepted_meanwhile_is_added() -> None:
    made = desk(unfinished=5)
    assert [made.take(), made.take(3)] == [1, 3]
    made.clock.advance(4.999)
    assert [made.take(), made.take(), made.take()] == [1, 0, 0]
    assert made.store.reads == [TENANT]
    made.store.end(unfinished=8)
    assert made.take() == 0
    made.clock.advance(0.001)
    assert made.take(5) == 2
    assert made.store.reads == [TENANT, TENANT]


def test_a_clock_that_is_set_back_does_not_keep_what_was_read_for_ever() -> None:
    made = desk(unfinished=LIMIT)
    assert made.take() == 0
    made.store.end(unfinished=0)
    made.clock.advance(-3600)
    assert made.take() == 1


def test_before_an_exact_store_refuses_it_is_asked_again() -> None:
    """Jobs that ended within the five seconds leave room at once, where reading again costs nothing."""
    made = desk(unfinished=0, exact=True)
    assert made.take(LIMIT) == LIMIT
    made.store.end(unfinished=4)
    assert made.take(7) == 6
    made.store.end(unfinished=10)
    assert made.take() == 0
    assert len(made.store.reads) == 3


def test_places_that_were_given_back_are_free_and_uncertain_ones_are_not() -> None:
    made = desk(unfinished=8)
    assert made.take(2, given_back=2) == 2
    with pytest.raises(UnavailableError), made.quotas.places(TENANT, 1):
        raise UnavailableError("store", "whether it was written nobody knows")
    assert [made.take(), made.take()] == [1, 0]


def test_what_is_under_way_counts_before_and_after_a_new_read() -> None:
    made = desk(unfinished=8)
    with made.quotas.places(TENANT, 1):
        assert made.take(5) == 1
        made.clock.advance(5)
        made.store.end(unfinished=9)  # the second one; the first is not written yet
        assert made.take() == 0
    made.clock.advance(5)
    made.store.end(unfinished=9)
    assert made.take() == 1


def test_threads_are_given_no_more_than_there_is() -> None:
    made = desk(unfinished=0, jobs=100)
    with ThreadPoolExecutor(8) as threads:
        granted = list(threads.map(lambda _: made.take(3), range(60)))
    assert sum(granted) == 100
    assert made.store.reads == [TENANT]


def test_tenants_do_not_share_and_not_all_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_REMEMBERED", 2)
    made = desk(unfinished=9)
    with made.quotas.places("busy", 1) as places:
        assert places.granted == 1
        for tenant in ("one", "two", "three"):
            with made.quotas.places(tenant, 1) as other:
                assert other.granted == 1
        with made.quotas.places("busy", 1) as more:
            assert more.granted == 0


def test_without_the_store_nobody_gets_a_place() -> None:
    made = desk()
    made.store.down = True
    with pytest.raises(UnavailableError), made.quotas.places(TENANT, 1):
        pass
    made.store.down = False
    assert made.take(LIMIT) == LIMIT


@pytest.mark.parametrize(("members", "allowed"), [(2, True), (3, False), (4, False)])
def test_members_are_held_against_their_number(members: int, allowed: bool) -> None:
    made = desk()
    if allowed:
        made.quotas.require_member(TENANT, members=members)
        return
    with pytest.raises(QuotaExceededError) as refused:
        made.quotas.require_member(TENANT, members=members)
    assert (refused.value.quota, refused.value.limit, refused.value.used) == ("members", 3, members)


@pytest.mark.parametrize(("own", "allowed"), [(None, True), (0, False), (1000, True)])
def test_a_tenants_own_number_of_members(own: int | None, allowed: bool) -> None:
    made = desk(members=own)
    if allowed:
        made.quotas.require_member(TENANT, members=999)
    else:
        with pytest.raises(QuotaExceededError):
            made.quotas.require_member(TENANT, members=0)
