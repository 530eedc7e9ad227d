"""The access table: one row for each operation, and what a row lets through."""

import itertools

import pytest

from tickwell.domain.account import Principal, Role, Scope
from tickwell.domain.errors import ForbiddenError
from tickwell.http.access import ACCESS, Access, RateClass
from tickwell.http.resolvers import all_routes, lambda_resolver

ROUTES = all_routes(lambda_resolver())
RANKED = (Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER)


def caller(role: Role, *scopes: Scope, is_key: bool = False) -> Principal:
    return Principal(tenant_id="t", user_id="u", role=role, scopes=frozenset(scopes) if is_key else None)


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert set(ACCESS) == {route.operation_id for route in ROUTES}


def test_what_only_reads_is_never_limited_as_a_change_and_takes_no_idempotency_key() -> None:
    for route in ROUTES:
        access = ACCESS[str(route.operation_id)]
        assert not (route.method == "GET" and (access.rate is RateClass.WRITE or access.repeatable)), route.path
        assert not (access.repeatable and route.method != "POST"), route.path


@pytest.mark.parametrize(("mine", "needed"), list(itertools.product(RANKED, repeat=2)))
def test_a_role_includes_all_below_it(mine: Role, needed: Role) -> None:
    access = Access(role=needed, scope=Scope.JOBS_READ, rate=RateClass.READ)
    if RANKED.index(mine) >= RANKED.index(needed):
        access.require(caller(mine))
        return
    above = "" if needed is Role.OWNER else " or above"
    with pytest.raises(ForbiddenError, match=f"role {needed.value}{above}; yours is {mine.value}"):
        access.require(caller(mine))


def test_a_key_needs_the_scope_and_the_role() -> None:
    access = Access(role=Role.MEMBER, scope=Scope.JOBS_WRITE, rate=RateClass.WRITE)
    access.require(caller(Role.MEMBER, Scope.JOBS_WRITE, is_key=True))
    with pytest.raises(ForbiddenError, match="scope jobs:write"):
        access.require(caller(Role.OWNER, Scope.JOBS_READ, is_key=True))
    with pytest.raises(ForbiddenError, match="role member"):
        access.require(caller(Role.VIEWER, Scope.JOBS_WRITE, is_key=True))


def test_some_things_are_for_people_only() -> None:
    access = Access(role=Role.VIEWER, scope=None, rate=RateClass.READ)
    access.require(caller(Role.VIEWER))
    with pytest.raises(ForbiddenError, match="a person who has signed in"):
        access.require(caller(Role.OWNER, *Scope, is_key=True))
