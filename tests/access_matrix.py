"""Every operation of the OpenAPI document with every kind of caller, held against the access table.

Each function gives what was tried, and whether it went as the table says, so that one run tells all.
"""

from collections.abc import Iterator

from tests.access_walk import MAKERS, Operation, People, bad_credentials, operations
from tests.api_hosts import Answer, Api, Client
from tickwell.domain.account import Role, Scope

OPERATIONS = operations()
GUARDED = [operation for operation in OPERATIONS if not operation.access.is_public]
OWNED = [operation for operation in GUARDED if operation.owned]
SHUT = {401, 403}

Check = tuple[str, bool]


def refused(answer: Answer, *words: str) -> bool:
    """Whether it is a 403 that says ``words``."""
    if (answer.status, answer.json.get("code")) != (403, "FORBIDDEN"):
        return False
    return all(word in answer.json["message"] for word in words)


def without_a_credential(api: Api) -> Iterator[Check]:
    """All that is no credential, or none any more, at all that wants one."""
    for what, headers in list(bad_credentials(api)):
        for operation in GUARDED:
            answer = operation(api.anonymous, headers=headers)
            yield (
                f"{operation.name}, {what}: {answer.status}",
                (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED"),
            )


def public_operations(api: Api) -> Iterator[Check]:
    """What asks nobody, or for a token in the body, which is not there."""
    for operation in OPERATIONS:
        if operation.access.is_public:
            for headers in ({}, {"Authorization": "Bearer noise"}):
                answer = operation(api.anonymous, headers=headers)
                as_told = answer.status == 401 if operation.access.by_token else answer.status not in SHUT
                yield f"{operation.name}: {answer.status}", as_told


def people_of(api: Api, role: Role) -> Iterator[Check]:
    """A person with ``role`` at all that wants one."""
    people = People(api=api)
    user = people.user(role)
    for operation in GUARDED:
        needed = operation.access.role
        assert needed is not None
        answer = operation(people.client(user))
        may = role.includes(needed)
        as_told = answer.status not in SHUT if may else refused(answer, f"the role {needed.value}", role.value)
        yield f"{operation.name}, {role.value}: {answer.status}", as_told


def keys(api: Api) -> Iterator[Check]:
    """API keys with all kinds of scopes and roles."""
    people = People(api=api)
    for operation in GUARDED:
        for what, as_told in _key_cases(operation, people):
            yield f"{operation.name}, {what}", as_told


def _key_cases(operation: Operation, people: People) -> Iterator[Check]:
    scope, role = operation.access.scope, operation.access.role
    assert role is not None
    if scope is None:
        answer = _call_with_key(operation, people, people.known_key(*Scope))
        yield "a key for what is for people", refused(answer, "a person who has signed in")
        return
    others = [other for other in Scope if other is not scope]
    enough = _call_with_key(operation, people, people.known_key(scope, role=role))
    yield "the scope alone", enough.status not in SHUT
    without = _call_with_key(operation, people, people.known_key(*others))
    yield "all other scopes", refused(without, f"the scope {scope.value}")
    for each in Role:
        if role.includes(each) and each is not role:
            answer = _call_with_key(operation, people, people.known_key(*Scope, role=each))
            yield f"a key with the role {each.value}", refused(answer, f"the role {role.value}")


def _call_with_key(operation: Operation, people: People, key: str) -> Answer:
    """In the one header for reading, in the other one for all else: both count the same."""
    headers = {"X-API-Key": key} if operation.method == "GET" else {"Authorization": f"Bearer {key}"}
    return operation(people.api.anonymous, headers=headers)


def what_strangers_own(api: Api) -> Iterator[Check]:
    """Ids of another tenant in all paths: for whom they are not, they do not exist."""
    people = People(api=api)
    owner, stranger = people.client(), people.client()
    kept = {parameter: make(api, owner) for parameter, make in MAKERS.items()}
    for operation in OWNED:
        changes = operation.method != "GET"
        ids = {name: MAKERS[name](api, owner) if changes else kept[name] for name in operation.parameters}
        answer = operation(stranger, ids)
        yield (
            f"{operation.name}, a stranger: {answer.status}",
            (answer.status, answer.json.get("code")) == (404, "NOT_FOUND"),
        )
        mine = operation(owner, ids)
        yield (
            f"{operation.name}, the owner: {mine.status} {mine.body[:200]!r}",
            (mine.status not in SHUT | {404, 422} and mine.status < 500) or mine.json.get("code") == "NO_RESULT",
        )


def what_strangers_list(api: Api) -> Iterator[Check]:
    """Nothing of a tenant stands in the listings of another one."""
    people = People(api=api)
    owner, stranger = people.client(), people.client()
    ids = {parameter: make(api, owner) for parameter, make in MAKERS.items()}
    listings = [each for each in GUARDED if each.method == "GET" and not each.parameters]
    shown = "".join(_text(operation, owner) for operation in listings)
    # Executions are listed under their jobs, and as what ended last only where that has been counted already.
    for name, value in ids.items():
        if name == "token":
            yield "the token of a hook stands in a listing", value not in shown
            continue
        yield f"{name} stands in no listing of its owner", value in shown or name == "execution_id"
    for operation in listings:
        answer = _text(operation, stranger)
        for name, value in ids.items():
            yield f"{operation.name} shows {name}", value not in answer


def _text(operation: Operation, client: Client) -> str:
    answer = operation(client)
    assert answer.status not in SHUT
    return answer.body.decode()
