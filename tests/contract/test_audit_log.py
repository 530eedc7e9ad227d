"""The contract of ``AuditLog``."""

from datetime import timedelta
from typing import Any

import pytest

from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.domain.audit import AuditFilter, AuditOutcome, AuditRecord
from tickwell.domain.errors import InvalidInputError

TENANT = "tenant-1"
ALL = AuditFilter()
MINUTE = timedelta(minutes=1)


def record(stores: Stores, **changes: Any) -> AuditRecord:
    now = stores.clock.now()
    fields: dict[str, Any] = {
        "tenant_id": TENANT,
        "record_id": stores.ids.new(),
        "at": now,
        "user_id": "user-1",
        "action": "deleteJob",
        "resource": "job-1",
        "outcome": AuditOutcome.SUCCEEDED,
        "status": 200,
        "request_id": "request-1",
        "address": "192.0.2.1",
        "expires_at": now + timedelta(days=365),
    }
    return AuditRecord(**fields | changes)


def appended(stores: Stores, **changes: Any) -> AuditRecord:
    made = record(stores, **changes)
    stores.audit.append(made)
    return made


def listed(stores: Stores, chosen: AuditFilter = ALL, *, limit: int = 100) -> list[AuditRecord]:
    return every(
        lambda cursor: stores.audit.list_records(TENANT, chosen=chosen, limit=limit, cursor=cursor), most=limit
    )


def test_a_record_comes_back_as_it_was(stores: Stores) -> None:
    full = appended(stores, api_key_id="key-1", count=7, outcome=AuditOutcome.DENIED, status=403)
    bare = appended(stores, resource=None, address="")
    assert sorted(listed(stores), key=lambda one: one.record_id) == [full, bare]


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_records_are_listed_newest_first_in_pages(stores: Stores, limit: int) -> None:
    made = []
    for _ in range(7):
        made.append(appended(stores))
        stores.clock.advance(MINUTE)
    appended(stores, tenant_id="tenant-2")
    assert listed(stores, limit=limit) == made[::-1]


def test_the_same_record_twice_is_one(stores: Stores) -> None:
    made = record(stores)
    stores.audit.append(made)
    stores.audit.append(made)
    assert listed(stores) == [made]


def test_a_filter_leaves_out_the_others_whatever_the_page(stores: Stores) -> None:
    by_user, by_key = appended(stores), appended(stores, user_id="user-2", api_key_id="key-1", action="pauseJob")
    other = appended(stores, user_id="user-3", resource="job-2")
    for limit in (1, 100):
        assert listed(stores, AuditFilter(actor="user-1"), limit=limit) == [by_user]
        assert listed(stores, AuditFilter(actor="key-1"), limit=limit) == [by_key]
        assert listed(stores, AuditFilter(action="pauseJob"), limit=limit) == [by_key]
        assert listed(stores, AuditFilter(resource="job-2", actor="user-3"), limit=limit) == [other]
        assert listed(stores, AuditFilter(resource="job-2", actor="user-1"), limit=limit) == []


def test_a_span_includes_its_beginning_and_not_its_end(stores: Stores) -> None:
    made = []
    for _ in range(9):
        made.append(appended(stores))
        stores.clock.advance(MINUTE)
    assert listed(stores, AuditFilter(since=NOON + 2 * MINUTE, until=NOON + 5 * MINUTE)) == made[2:5][::-1]
    assert listed(stores, AuditFilter(since=NOON + 7 * MINUTE), limit=1) == made[7:][::-1]
    assert listed(stores, AuditFilter(until=NOON + MINUTE)) == made[:1]


def test_what_is_expired_is_gone(stores: Stores) -> None:
    appended(stores, expires_at=NOON + MINUTE)
    kept = appended(stores)
    stores.clock.advance(MINUTE)
    assert listed(stores) == [kept]


@pytest.mark.parametrize("cursor", ["", "nonsense", "WzEsImpvYnMiLCJ4Il0"])
def test_a_cursor_of_another_listing_is_refused(stores: Stores, cursor: str) -> None:
    with pytest.raises(InvalidInputError, match="cursor"):
        stores.audit.list_records(TENANT, chosen=ALL, limit=10, cursor=cursor)


def test_a_rare_record_is_found_behind_many_others(stores: Stores) -> None:
    rare = appended(stores, action="deleteQueue")
    for _ in range(1100):
        appended(stores)
    assert listed(stores, AuditFilter(action="deleteQueue"), limit=10) == [rare]
