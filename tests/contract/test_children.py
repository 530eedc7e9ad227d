"""What children ran is listed under their parents, and they themselves are not listed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.makers import TENANT, TOMORROW, claimed, created, execution, finished
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.domain.child import child, child_id, listed_under, parent_of
from tickwell.domain.errors import ConflictError, IllegalTransitionError, NotFoundError
from tickwell.domain.execution import Execution, OccurrenceKey
from tickwell.domain.job import Job, JobStatus

SECOND = timedelta(seconds=1)


def listed(stores: Stores, job_id: str, *, limit: int = 10, with_children: bool = True) -> list[str]:
    """The ids of all executions, page by page."""
    list_executions = stores.history.list_executions
    found = every(
        lambda cursor: list_executions(TENANT, job_id, limit=limit, cursor=cursor, with_children=with_children),
        most=limit,
    )
    return [one.execution_id for one in found]


def family(stores: Stores) -> tuple[Job, list[Execution]]:
    """A job with executions of its own and of three children, two of which are due at its own instant."""
    parent = created(stores)
    children = [
        child(parent, NOON + SECOND * n, mark=mark, now=TOMORROW) for n, mark in ((0, "0a"), (0, "0b"), (2, "0c"))
    ]
    made = [
        execution(parent),
        execution(parent, attempt=2),
        execution(parent, due_at=NOON + SECOND),
        *(execution(one, due_at=one.created_at) for one in children),
        execution(children[0], due_at=NOON, attempt=2, output="o" * 5000),
    ]
    stores.history.record_many(made)
    return parent, sorted(made, key=lambda one: (one.due_at, one.attempt, one.job_id), reverse=True)


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_executions_of_children_are_listed_in_order_among_those_of_their_parent(stores: Stores, limit: int) -> None:
    parent, made = family(stores)
    assert listed(stores, parent.job_id, limit=limit) == [one.execution_id for one in made]
    own = [one.execution_id for one in made if one.job_id == parent.job_id]
    assert listed(stores, parent.job_id, limit=limit, with_children=False) == own
    for job_id in {one.job_id for one in made} - {parent.job_id}:
        of_child = [one.execution_id for one in made if one.job_id == job_id]
        assert listed(stores, job_id, limit=limit) == of_child


def test_an_execution_of_a_child_is_found_by_its_id_and_its_occurrence(stores: Stores) -> None:
    _, made = family(stores)
    for one in made:
        assert stores.history.get_execution(TENANT, one.execution_id) == one
        attempts = stores.history.attempts_at(OccurrenceKey(job=one.job_key, due_at=one.due_at))
        assert {attempt.job_id for attempt in attempts} == {one.job_id}
    with pytest.raises(NotFoundError):
        stores.history.get_execution("tenant-2", made[0].execution_id)


def test_a_child_lives_as_any_job_but_is_in_no_listing(stores: Stores) -> None:
    parent = created(stores, payload="p" * 1000)
    made = child(parent, NOON, mark="0a", now=TOMORROW)
    stores.jobs.create(made)
    assert stores.jobs.get(TENANT, made.job_id) == made
    assert [one.job_id for one in stores.jobs.list_jobs(TENANT, limit=10, cursor=None).items] == [parent.job_id]
    running = claimed(stores, made)
    assert finished(stores, execution(running))
    assert stores.jobs.get(TENANT, made.job_id).status is JobStatus.COMPLETED
    assert stores.jobs.get(TENANT, parent.job_id) == parent


def test_one_occurrence_has_one_child(stores: Stores) -> None:
    made = child(created(stores), NOON, mark="", now=TOMORROW)
    stores.jobs.create(made)
    stores.jobs.create(made)
    with pytest.raises(ConflictError):
        stores.jobs.create(replace(made, name="another"))


def test_ids_of_children_name_their_parents(stores: Stores) -> None:
    parent = created(stores)
    made = child(parent, NOON, mark="0a", now=TOMORROW)
    assert made.job_id == child_id(parent.job_id, NOON, "0a")
    assert parent_of(made.job_id) == listed_under(made.job_id) == parent.job_id
    assert (parent_of(parent.job_id), listed_under(parent.job_id)) == (None, parent.job_id)
    assert parent_of(child(made, NOON + SECOND, mark="0b", now=TOMORROW).job_id) == parent.job_id
    with pytest.raises(IllegalTransitionError):
        child(replace(parent, status=JobStatus.DELETED), NOON, mark="", now=TOMORROW)
