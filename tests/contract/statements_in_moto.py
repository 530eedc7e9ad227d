"""PartiQL's writes in moto as DynamoDB does them; moto's own report success for an UPDATE whose condition fails.

Each statement of a batch is read back into the expressions of a single call, which moto decides as it does for that
call. Only what the product says is understood: one clause for each attribute, the key first, then the condition.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from moto.dynamodb.exceptions import ConditionalCheckFailed, MockValidationException
from moto.dynamodb.models import DynamoDBBackend

_UPDATE: Final = re.compile(
    r'UPDATE "([^"]+)" ((?:(?:SET|REMOVE) .+?)+) WHERE "pk" = \? AND "sk" = \? AND \((.+)\)( RETURNING ALL NEW \*)?'
)
_INSERT: Final = re.compile(r'INSERT INTO "([^"]+)" VALUE \{(.+)\}')
_CLAUSE: Final = re.compile(r"(SET|REMOVE) (.+?)(?= (?:SET|REMOVE) |$)")
_DUPLICATE: Final = {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}

Answer = dict[str, Any]


def batch_execute_statement(backend: DynamoDBBackend, statements: list[Any]) -> list[Answer]:
    """For ``DynamoDBBackend.batch_execute_statement``: each statement by itself, in order."""
    return [_executed(backend, statement) for statement in statements]


def _executed(backend: DynamoDBBackend, statement: Any) -> Answer:
    text = statement["Statement"]
    if (inserted := _INSERT.fullmatch(text)) is not None:
        return _insert(backend, inserted[1], inserted[2], statement["Parameters"])
    if (updated := _UPDATE.fullmatch(text)) is not None:
        return _update(backend, updated, statement)
    raise NotImplementedError(f"no statement of the product's: {text}")


def _insert(backend: DynamoDBBackend, table: str, entries: str, parameters: list[Any]) -> Answer:
    names = re.findall(r"'(\w+)': \?", entries)
    item = dict(zip(names, parameters, strict=True))
    if backend.get_item(table, {name: item[name] for name in ("pk", "sk")}) is not None:
        return {"TableName": table, "Error": _DUPLICATE}
    backend.put_item(table, item)
    return {"TableName": table}


def _update(backend: DynamoDBBackend, found: re.Match[str], statement: Any) -> Answer:
    table, changes, condition, returning = found.groups()
    numbers = iter(range(len(statement["Parameters"])))
    update = _expression(_grouped(changes), numbers)
    key = [statement["Parameters"][next(numbers)] for _ in ("pk", "sk")]
    wanted = f"attribute_exists(#pk) AND ({_expression(condition, numbers)})"
    used = f"{update} {wanted}"
    try:
        item = backend.update_item(
            table,
            dict(zip(("pk", "sk"), key, strict=True)),
            update_expression=update,
            expression_attribute_names={name: name[1:] for name in re.findall(r"#\w+", used)},
            expression_attribute_values={
                name: statement["Parameters"][int(name[2:])] for name in re.findall(r":p\d+", used)
            },
            condition_expression=wanted,
            return_values_on_condition_check_failure=statement.get("ReturnValuesOnConditionCheckFailure"),
        )
    except ConditionalCheckFailed as error:
        standing = json.loads(str(error.description)).get("Item")
        refused = {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
        return {"TableName": table, "Error": refused | ({} if standing is None else {"Item": standing})}
    except MockValidationException as error:
        return {"Error": {"Code": "ValidationError", "Message": error.message}}
    return {"TableName": table} | ({"Item": item.to_json()["Attributes"]} if returning else {})


def _grouped(changes: str) -> str:
    """The clauses with each keyword once, as update expressions have it; values stay in their order."""
    clauses: dict[str, list[str]] = {"SET": [], "REMOVE": []}
    for kind, action in _CLAUSE.findall(changes):
        clauses[kind].append(action)
    return " ".join(f"{kind} {', '.join(actions)}" for kind, actions in clauses.items() if actions)


def _expression(text: str, numbers: Iterator[int]) -> str:
    named = re.sub(r'"(\w+)"', r"#\1", text)
    return re.sub(r"\?", lambda _: f":p{next(numbers)}", named)
