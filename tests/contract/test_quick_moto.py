"""The quick moto answers as moto does: the same calls, with and without it."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.contract import quick_moto
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import TABLE, create_table

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

Call = tuple[str, dict[str, Any]]

KEY = {"pk": {"S": "a"}, "sk": {"S": "2"}}
EVERYTHING = {
    "text": {"S": "ä 🐘"},
    "empty": {"S": ""},
    "number": {"N": "17"},
    "yes": {"BOOL": True},
    "no": {"BOOL": False},
    "nothing": {"NULL": True},
    "bytes": {"B": b"\x00\xff"},
    "texts": {"SS": ["x", "y"]},
    "numbers": {"NS": ["1", "2"]},
    "list": {"L": [{"S": "x"}, {"N": "1"}, {"M": {"deep": {"L": [{"BOOL": False}]}}}]},
    "map": {"M": {"S": {"S": "a name like a kind"}, "none": {"NULL": True}}},
}
WHOLE = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "a"}}}


def put(pk: str, sk: str, **attributes: Any) -> Call:
    return "put_item", {"Item": {"pk": {"S": pk}, "sk": {"S": sk}, **attributes}}


def update(expression: str, condition: str | None = None, **values: Any) -> Call:
    arguments: dict[str, Any] = {"Key": KEY, "UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
    if condition is not None:
        arguments |= {"ConditionExpression": condition, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    if values:
        arguments["ExpressionAttributeValues"] = {f":{name}": value for name, value in values.items()}
    return "update_item", arguments


def query(**arguments: Any) -> Call:
    return "query", WHOLE | arguments


def sort_keys(low: str, high: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :low AND :high",
        "ExpressionAttributeValues": {":pk": {"S": "a"}, ":low": {"S": low}, ":high": {"S": high}},
    }


def batch(*requests: dict[str, Any]) -> Call:
    return "batch_write_item", {"RequestItems": {TABLE: list(requests)}}


def transact(*parts: dict[str, Any]) -> Call:
    return "transact_write_items", {"TransactItems": list(parts)}


FILL = [put("b", "1", up={"S": "9"}), *(put("a", str(n), n={"N": str(n)}, up={"S": str(9 - n)}) for n in (3, 1, 2))]

FLOWS: dict[str, list[Call]] = {
    "all kinds of values": [put("a", "2", **EVERYTHING), ("get_item", {"Key": KEY}), query()],
    "nothing there": [("get_item", {"Key": KEY}), query(), ("delete_item", {"Key": KEY, "ReturnValues": "ALL_OLD"})],
    "a partition": [*FILL, query(), query(ScanIndexForward=False), query(Limit=2), query(Select="COUNT")],
    "a part of it": [*FILL, query(**sort_keys("1", "2")), query(**sort_keys("2", "9"), Limit=1)],
    "going on": [*FILL, query(ExclusiveStartKey={"pk": {"S": "a"}, "sk": {"S": "1"}})],
    "some attributes": [*FILL, query(ProjectionExpression="sk, n"), query(FilterExpression="attribute_exists(n)")],
    "the index": [*FILL, query(IndexName="upcoming"), query(IndexName="upcoming", ScanIndexForward=False, Limit=2)],
    "an index that is none": [*FILL, query(IndexName="none")],
    "updates": [
        *FILL,
        update("SET n = n + :one, x = if_not_exists(x, :one) REMOVE up", one={"N": "1"}),
        update("ADD n :one SET l = list_append(:l, :l)", one={"N": "1"}, l={"L": [{"S": "z"}]}),
        update("SET l[0] = :v REMOVE l[1]", v={"S": "first"}),
        query(),
    ],
    "an update of nothing makes an item": [update("SET n = :n", n={"N": "5"}), query()],
    "conditions": [
        *FILL,
        update("SET n = :n", "n = :n", n={"N": "5"}),
        update("SET n = :n", "attribute_exists(pk) AND n < :n", n={"N": "5"}),
        update("SET n = :n", "attribute_not_exists(pk) OR (up <> :n)", n={"N": "6"}),
        ("put_item", {"Item": KEY, "ConditionExpression": "attribute_not_exists(pk)"}),
        ("delete_item", {"Key": KEY, "ConditionExpression": "n = :n", "ExpressionAttributeValues": {":n": {"N": "6"}}}),
        query(),
    ],
    "expressions that are wrong": [
        *FILL,
        update("SET n = :n, n = :n", n={"N": "5"}),
        update("SET n = :n SET up = :n", n={"N": "5"}),
        update("SET pk = :n", n={"S": "5"}),
        update("SET n = missing"),
        update("SET n = :n, up", n={"N": "5"}),
        update("SET n = :unknown", n={"N": "5"}),
        update("ADD up :n", n={"N": "5"}),
        query(),
    ],
    "what is too large": [put("a", "2", text={"S": "x" * 410_000}), query()],
    "batches": [
        *FILL,
        batch({"DeleteRequest": {"Key": KEY}}, {"PutRequest": {"Item": {"pk": {"S": "a"}, "sk": {"S": "4"}}}}),
        ("batch_get_item", {"RequestItems": {TABLE: {"Keys": [KEY, {"pk": {"S": "a"}, "sk": {"S": "4"}}]}}}),
        query(),
    ],
    "transactions": [
        *FILL,
        transact(
            {"Delete": {"TableName": TABLE, "Key": KEY}},
            {"Put": {"TableName": TABLE, "Item": {**KEY, "sk": {"S": "5"}}}},
        ),
        transact(
            {"Put": {"TableName": TABLE, "Item": {**KEY, "sk": {"S": "6"}}}},
            {"ConditionCheck": {"TableName": TABLE, "Key": KEY, "ConditionExpression": "attribute_exists(pk)"}},
        ),
        query(),
    ],
}


def answers(client: "DynamoDBClient", calls: list[Call]) -> list[Any]:
    """What each call gives, or how it fails."""
    found: list[Any] = []
    for name, arguments in calls:
        named = {} if name in {"batch_write_item", "batch_get_item", "transact_write_items"} else {"TableName": TABLE}
        try:
            answer: Any = getattr(client, name)(**named, **arguments)
        except ClientError as error:
            answer = {**error.response, "status": error.response["ResponseMetadata"]["HTTPStatusCode"]}
        answer.pop("ResponseMetadata")
        found.append(answer)
    return found


@pytest.mark.parametrize("flow", FLOWS)
def test_the_quick_moto_answers_as_moto_does(aws: str, dynamodb_client: "DynamoDBClient", flow: str) -> None:
    assert aws == REGION
    create_table(dynamodb_client)
    quick = answers(dynamodb_client, FLOWS[flow])
    dynamodb_client.delete_table(TableName=TABLE)
    with quick_moto.taken_out():
        create_table(dynamodb_client)
        assert quick == answers(dynamodb_client, FLOWS[flow])
