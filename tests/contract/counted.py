"""Engines whose counts follow what was written: embedded at once, on AWS when the stream is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import TENANT, claimed, execution, finished
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.domain.counts import Counts, HourTally
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job
from tickwell.domain.retry import Cancelled, Completed, GiveUp
from tickwell.domain.usage import UsageByDay

DECISIONS = {
    ExecutionStatus.SUCCESS: Completed(),
    ExecutionStatus.FAILED: GiveUp(reason="enough"),
    ExecutionStatus.TIMEOUT: GiveUp(reason="enough"),
    ExecutionStatus.LOST: GiveUp(reason="enough"),
    ExecutionStatus.CANCELLED: Cancelled(),
}


@dataclass(frozen=True, kw_only=True)
class Counted:
    """Stores, and what brings their counts up to date."""

    stores: Stores
    follow: Callable[[], None]

    def read(self, tenant_id: str = TENANT) -> Counts:
        """All counts, up to date."""
        self.follow()
        return self.stores.counts.read(tenant_id)

    def hours(self, since: datetime, until: datetime) -> dict[datetime, HourTally]:
        """The hours in the range, up to date."""
        self.follow()
        return dict(self.stores.counts.hours(TENANT, since=since, until=until))

    def usage(self, since: date, until: date, tenant_id: str = TENANT) -> UsageByDay:
        """The usage in the range, up to date."""
        self.follow()
        return self.stores.counts.usage(tenant_id, since=since, until=until)


def dynamo_counts(made: DynamoStores) -> DynamoTenantCounts:
    """The counts of the aws engine, with what keeps them."""
    return DynamoTenantCounts(made.table, made.stores.clock)


@pytest.fixture(params=["embedded", "aws"], name="counted")
def counted_engine(request: pytest.FixtureRequest) -> Counted:
    """Every engine in turn."""
    if request.param == "embedded":
        return Counted(stores=request.getfixturevalue("sqlite").stores, follow=lambda: None)
    made: DynamoStores = request.getfixturevalue("dynamodb")
    region = request.getfixturevalue("aws")

    def follow() -> None:
        dynamo_counts(made).apply(changes_from({"Records": stream_records(region)}))

    return Counted(stores=made.stores, follow=follow)


def ended(stores: Stores, made: Job, status: ExecutionStatus, seconds: float, **changes: Any) -> None:
    """An attempt at ``made`` that ended as ``status`` after so long."""
    running = claimed(stores, made, token=stores.ids.token(), **changes)
    finished_at = NOON + timedelta(seconds=seconds)
    attempt = execution(running, status=status, decision=DECISIONS[status], finished_at=finished_at)
    assert finished(stores, attempt)
