"""The table's one index, and who may read it."""

from tests.template.cloudformation import allowed_statements, as_list, resources
from tickwell.adapters.aws.dynamodb.upcoming_keys import UPCOMING


def test_the_index_of_what_is_to_come_is_the_one_that_the_store_asks() -> None:
    [table] = resources("AWS::DynamoDB::Table").values()
    [index] = table["Properties"]["GlobalSecondaryIndexes"]
    assert index["IndexName"] == UPCOMING.name
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["pk", UPCOMING.sort]
    assert index["Projection"] == {"ProjectionType": "KEYS_ONLY"}


def test_only_the_api_reads_the_index_and_nothing_but_that() -> None:
    reading = [
        (holder, as_list(statement["Action"]))
        for holder, statement in allowed_statements()
        if f"/index/{UPCOMING.name}" in str(statement["Resource"])
    ]
    assert reading == [("ApiRole", ["dynamodb:Query"])]
