"""The access matrix on both hosts and engines: see ``tests.access_matrix``."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from tests import access_matrix
from tests.access_matrix import GUARDED, OPERATIONS, Check
from tests.access_walk import BREAKS, MAKERS, NOBODYS
from tests.api_hosts import Api
from tests.world import task
from tickwell.application.task import Task
from tickwell.domain.account import Role
from tickwell.domain.errors import AttemptFailedError
from tickwell.http.access import ACCESS


def _break(_payload: Any, _context: Any) -> Any:
    raise AttemptFailedError("BROKEN", "broke")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task(BREAKS, _break)]


def wrong(checks: Iterator[Check]) -> list[str]:
    """What did not go as the table says; something must have been tried."""
    tried = list(checks)
    assert tried
    return [what for what, as_told in tried if not as_told]


def test_the_document_and_the_table_name_the_same_operations() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert sorted(names) == sorted(ACCESS)
    assert len(GUARDED) > 30
    assert {parameter for each in OPERATIONS for parameter in each.parameters} <= MAKERS.keys() | NOBODYS.keys()


@pytest.mark.parametrize(
    "checks",
    [
        access_matrix.without_a_credential,
        access_matrix.public_operations,
        access_matrix.keys,
        access_matrix.what_strangers_own,
        access_matrix.what_strangers_list,
    ],
)
def test_the_table_holds(api: Api, checks: Callable[[Api], Iterator[Check]]) -> None:
    assert wrong(checks(api)) == []


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(api: Api, role: Role) -> None:
    assert wrong(access_matrix.people_of(api, role)) == []
