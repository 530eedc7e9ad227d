"""A walk over every operation of the OpenAPI document with every kind of caller, held against the access table.

On both hosts and engines. What is not as it should be is gathered, so that one run tells all.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.access_walk import BREAKS, MAKERS, NOBODYS, Operation, People, bad_credentials, operations
from tests.api_hosts import Answer, Api, Client
from tests.world import task
from tickwell.application.task import Task
from tickwell.domain.account import Role, Scope
from tickwell.domain.errors import AttemptFailedError
from tickwell.http.access import ACCESS

OPERATIONS = operations()
GUARDED = [operation for operation in OPERATIONS if not operation.access.is_public]
OWNED = [operation for operation in GUARDED if operation.owned]
SHUT = {401, 403}


def _break(_payload: Any, _context: Any) -> Any:
    raise AttemptFailedError("BROKEN", "broke")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task(BREAKS, _break)]


def refused(answer: Answer, *words: str) -> bool:
    """Whether it is a 403 that says ``words``."""
    if (answer.status, answer.json.get("code")) != (403, "FORBIDDEN"):
        return False
    return all(word in answer.json["message"] for word in words)


def test_the_document_and_the_table_name_the_same_operations() -> None:
    names = [operation.name for operation in OPERATIONS]
    assert sorted(names) == sorted(ACCESS)
    assert len(GUARDED) > 30
    assert {parameter for each in OPERATIONS for parameter in each.parameters} <= MAKERS.keys() | NOBODYS


def test_without_a_good_credential_nothing_but_the_public_answers(api: Api) -> None:
    wrong = []
    for what, headers in list(bad_credentials(api)):
        for operation in GUARDED:
            answer = operation(api.anonymous, headers=headers)
            if (answer.status, answer.json["code"]) != (401, "UNAUTHENTICATED"):
                wrong.append(f"{operation.name}, {what}: {answer.status}")
    assert wrong == []


def test_what_is_public_asks_nobody(api: Api) -> None:
    wrong = []
    for operation in OPERATIONS:
        if operation.access.is_public:
            for headers in ({}, {"Authorization": "Bearer noise"}):
                answer = operation(api.anonymous, headers=headers)
                if answer.status in SHUT:
                    wrong.append(f"{operation.name}: {answer.status}")
    assert wrong == []


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_table_says(api: Api, role: Role) -> None:
    people, wrong = People(api=api), []
    user = people.user(role)
    for operation in GUARDED:
        needed = operation.access.role
        assert needed is not None
        answer = operation(people.client(user))
        may = role.includes(needed)
        if not (answer.status not in SHUT if may else refused(answer, f"the role {needed.value}", role.value)):
            wrong.append(f"{operation.name}: {answer.status}")
    assert wrong == []


def test_a_key_may_what_its_scopes_and_its_role_say(api: Api) -> None:
    people, wrong = People(api=api), []
    for operation in GUARDED:
        for what, as_told in key_cases(operation, people):
            if not as_told:
                wrong.append(f"{operation.name}, {what}")
    assert wrong == []


def key_cases(operation: Operation, people: People) -> list[tuple[str, bool]]:
    """Calls of ``operation`` with keys of all kinds, and whether the answers are as the table says."""
    scope, role = operation.access.scope, operation.access.role
    assert role is not None
    if scope is None:
        answer = call_with_key(operation, people, people.known_key(*Scope))
        return [("a key for what is for people", refused(answer, "a person who has signed in"))]
    others = [other for other in Scope if other is not scope]
    enough = call_with_key(operation, people, people.known_key(scope, role=role))
    without = call_with_key(operation, people, people.known_key(*others))
    cases = [
        ("the scope alone", enough.status not in SHUT),
        ("all other scopes", refused(without, f"the scope {scope.value}")),
    ]
    lower = [each for each in Role if role.includes(each) and each is not role]
    for each in lower:
        answer = call_with_key(operation, people, people.known_key(*Scope, role=each))
        cases.append((f"a key with the role {each.value}", refused(answer, f"the role {role.value}")))
    return cases


def call_with_key(operation: Operation, people: People, key: str) -> Answer:
    """In the one header for reading, in the other one for all else: both count the same."""
    headers = {"X-API-Key": key} if operation.method == "GET" else {"Authorization": f"Bearer {key}"}
    return operation(people.api.anonymous, headers=headers)


def test_what_belongs_to_another_tenant_does_not_exist(api: Api) -> None:
    people, wrong = People(api=api), []
    owner, stranger = people.client(), people.client()
    kept = {parameter: make(api, owner) for parameter, make in MAKERS.items()}
    for operation in OWNED:
        changes = operation.method != "GET"
        ids = {name: MAKERS[name](api, owner) if changes else kept[name] for name in operation.parameters}
        answer = operation(stranger, ids)
        if (answer.status, answer.json.get("code")) != (404, "NOT_FOUND"):
            wrong.append(f"{operation.name}, a stranger: {answer.status}")
        mine = operation(owner, ids)
        if mine.status in SHUT | {404, 422} or mine.status >= 500:
            wrong.append(f"{operation.name}, the owner: {mine.status} {mine.json}")
    assert wrong == []


def test_what_belongs_to_another_tenant_is_not_listed(api: Api) -> None:
    people = People(api=api)
    owner, stranger = people.client(), people.client()
    ids = {parameter: make(api, owner) for parameter, make in MAKERS.items()}
    listings = [each for each in GUARDED if each.method == "GET" and not each.parameters]
    shown = "".join(text(operation, owner) for operation in listings)
    assert [name for name, value in ids.items() if value not in shown] == ["execution_id"]
    wrong = []
    for operation in listings:
        answer = text(operation, stranger)
        wrong += [f"{operation.name} shows {name}" for name, value in ids.items() if value in answer]
    assert wrong == []


def text(operation: Operation, client: Client) -> str:
    """The answer's body."""
    answer = operation(client)
    assert answer.status not in SHUT
    return answer.body.decode()
