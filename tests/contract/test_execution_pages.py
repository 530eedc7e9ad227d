"""Pages of a job's executions: by status, by cursor, by number."""

from datetime import timedelta

import pytest

from tests.contract.makers import TENANT, created, execution
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb import listing
from tickwell.domain.child import child
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import Execution, ExecutionStatus

STATUSES = (ExecutionStatus.SUCCESS, ExecutionStatus.SUCCESS, ExecutionStatus.FAILED, ExecutionStatus.TIMEOUT)


def recorded(stores: Stores, count: int) -> tuple[str, list[Execution]]:
    """A job with executions of every status, some of them run by children; newest first."""
    parent = created(stores)
    made = []
    for number in range(count):
        at = NOON + number * timedelta(minutes=1)
        of = child(parent, at, mark=f"{number:02x}", now=NOON) if number % 5 == 4 else parent
        made.append(execution(of, due_at=at, status=STATUSES[number % 4], token=f"t{number}"))
    stores.history.record_many(made)
    return parent.job_id, made[::-1]


@pytest.mark.parametrize("status", [None, *ExecutionStatus])
def test_pages_by_number_and_by_cursor_show_all_of_a_status(stores: Stores, status: ExecutionStatus | None) -> None:
    job_id, made = recorded(stores, 23)
    expected = [one.execution_id for one in made if status in (None, one.status)]
    listed = stores.history.list_executions
    by_number: list[str] = []
    for skip in range(0, 30, 4):
        page = listed(TENANT, job_id, limit=4, cursor=None, with_children=True, status=status, skip=skip)
        by_number += [one.execution_id for one in page.items]
    assert by_number == expected
    page = listed(TENANT, job_id, limit=0, cursor=None, with_children=True, status=status)
    assert page.items == ()
    by_cursor: list[str] = []
    while page.next_cursor is not None:
        page = listed(TENANT, job_id, limit=4, cursor=page.next_cursor, with_children=True, status=status)
        by_cursor += [one.execution_id for one in page.items]
    assert by_cursor == expected


def test_a_page_that_lies_too_deep_is_refused(dynamodb: DynamoStores, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MOST_SORTED", 10)
    monkeypatch.setattr(listing, "_LARGEST_PIECE", 5)
    job_id, _ = recorded(dynamodb.stores, 40)
    with pytest.raises(InvalidInputError) as refused:
        dynamodb.stores.history.list_executions(TENANT, job_id, limit=4, cursor=None, skip=30, with_children=True)
    assert refused.value.field == "page"
