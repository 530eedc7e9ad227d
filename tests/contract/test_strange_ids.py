"""Callers may ask for any id; what cannot exist is not found, and nothing breaks."""

import pytest

from tests.contract.makers import TENANT, claim, created, execution
from tests.contract.store_engines import Stores
from tickwell.application.ports import ClaimLost
from tickwell.domain.errors import NotFoundError
from tickwell.domain.job import JobKey

STRANGE = {
    "empty": "",
    "very long": "x" * 5000,
    "half a surrogate pair": "a\ud800",
    "a null character": "a\x00b",
    "not ASCII": "ä" * 36,
    "a separator of keys": "a#J#0",
    "a wildcard": "%",
    "SQL": "' OR 1=1 --",
}


@pytest.mark.parametrize("identifier", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_id_is_not_found(stores: Stores, identifier: str) -> None:
    made = created(stores)
    stores.history.record_many([execution(made)])
    with pytest.raises(NotFoundError):
        stores.jobs.get(TENANT, identifier)
    with pytest.raises(NotFoundError):
        stores.history.get_execution(TENANT, identifier)
    with pytest.raises(NotFoundError):
        stores.history.get_execution(TENANT, f"{identifier:<36.36}-00000000000a-1")
    with pytest.raises(NotFoundError):
        stores.history.get_dead_letter(TENANT, identifier)
    with pytest.raises(NotFoundError):
        stores.accounts.by_email(identifier)
    with pytest.raises(NotFoundError):
        stores.accounts.by_id(TENANT, identifier)


@pytest.mark.parametrize("identifier", STRANGE.values(), ids=STRANGE.keys())
def test_a_strange_id_has_nothing_to_list_and_nothing_to_claim(stores: Stores, identifier: str) -> None:
    made = created(stores)
    assert stores.jobs.get_many([JobKey(tenant_id=TENANT, job_id=identifier)]) == {}
    assert stores.history.list_executions(TENANT, identifier, limit=5, cursor=None).items == ()
    assert stores.history.list_skips(TENANT, identifier, limit=5, cursor=None).items == ()
    assert stores.jobs.claim_many([claim(made, job_id=identifier)]) == [ClaimLost(job=None)]
