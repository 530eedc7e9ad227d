"""What a call needs, what a policy covers, and what the trial of the roles makes of the difference."""

import pytest

from tests.permissions.comparing import Compared
from tests.permissions.grants import Grant, matches
from tests.permissions.needs import Need, UnknownOperationError, needs_of
from tests.permissions.recording import Call
from tests.template.cloudformation import allowed_statements, deployed

BUCKET = "arn:aws:s3:::blobs"


def call(service: str, operation: str, error: str | None = None, **request: object) -> Call:
    return Call(function="Api", service=service, operation=operation, request=request, error=error)


def need(action: str, resource: str, **context: tuple[str, ...]) -> Need:
    named = tuple((name.replace("_", ":"), values) for name, values in context.items())
    return Need(role="ApiRole", action=action, resource=resource, context=named)


def grant(action: str, resource: str, *conditions: tuple[str, str, tuple[str, ...]]) -> Grant:
    return Grant(role="ApiRole", action=action, resource=resource, conditions=conditions)


@pytest.mark.parametrize(
    ("made", "needed"),
    [
        (call("s3", "PutObject", Bucket="blobs", Key="a/b"), ["ApiRole s3:PutObject arn:aws:s3:::blobs/a/b"]),
        (
            call("s3", "GetObject", "NoSuchKey", Bucket="blobs", Key="a"),
            ["ApiRole s3:GetObject arn:aws:s3:::blobs/a", "ApiRole s3:ListBucket arn:aws:s3:::blobs"],
        ),
        (
            call("s3", "HeadObject", "404", Bucket="blobs", Key="a"),
            ["ApiRole s3:GetObject arn:aws:s3:::blobs/a", "ApiRole s3:ListBucket arn:aws:s3:::blobs"],
        ),
        (
            call("s3", "DeleteObjects", Bucket="blobs", Delete={"Objects": [{"Key": "a"}, {"Key": "b/c"}]}),
            ["ApiRole s3:DeleteObject arn:aws:s3:::blobs/a", "ApiRole s3:DeleteObject arn:aws:s3:::blobs/b/c"],
        ),
        (call("s3", "UploadPart", Bucket="blobs", Key="a"), ["ApiRole s3:PutObject arn:aws:s3:::blobs/a"]),
        (
            call("sqs", "SendMessageBatch", QueueUrl="https://sqs/123456789012/tw-lane"),
            ["ApiRole sqs:SendMessage arn:aws:sqs:eu-central-1:123456789012:tw-lane"],
        ),
        (
            call(
                "dynamodb",
                "TransactWriteItems",
                TransactItems=[{"Delete": {"TableName": "t", "Key": {"pk": {"S": "p"}}}}],
            ),
            ["ApiRole dynamodb:DeleteItem arn:aws:dynamodb:eu-central-1:123456789012:table/t"],
        ),
        (
            call("scheduler", "CreateSchedule", GroupName="g", Name="n", Target={"RoleArn": "arn:aws:iam::1:role/r"}),
            [
                "ApiRole scheduler:CreateSchedule arn:aws:scheduler:eu-central-1:123456789012:schedule/g/n",
                "ApiRole iam:PassRole arn:aws:iam::1:role/r",
            ],
        ),
    ],
)
def test_a_call_needs_the_permission_that_aws_asks_for(made: Call, needed: list[str]) -> None:
    assert [str(each) for each in needs_of(made)] == needed


@pytest.mark.parametrize(
    "unknown", [call("dynamodb", "Scan", TableName="t"), call("kms", "Decrypt"), call("s3", "CopyObject", Bucket="b")]
)
def test_an_operation_that_nobody_has_spoken_of_is_a_fault(unknown: Call) -> None:
    with pytest.raises(UnknownOperationError, match=unknown.operation):
        list(needs_of(unknown))


def test_wildcards_are_those_of_iam() -> None:
    assert matches(f"{BUCKET}/tenants/*/mail/*", f"{BUCKET}/tenants/t/mail/a/b")
    assert not matches(f"{BUCKET}/tenants/*/mail/*", f"{BUCKET}/tenants/t/payloads/a")
    assert not matches("a.c", "abc")


def test_conditions_count() -> None:
    counts = grant("dynamodb:UpdateItem", "t", ("ForAllValues:StringLike", "dynamodb:LeadingKeys", ("T#*#C#*",)))
    assert counts.covers(need("dynamodb:UpdateItem", "t", dynamodb_LeadingKeys=("T#a#C#1", "T#b#C#2")))
    assert not counts.covers(need("dynamodb:UpdateItem", "t", dynamodb_LeadingKeys=("T#a#C#1", "T#a#J#2")))
    listing = grant("s3:ListBucket", BUCKET, ("StringLike", "s3:prefix", ("tenants/*",)))
    assert listing.covers(need("s3:ListBucket", BUCKET, s3_prefix=("tenants/t/",)))
    assert not listing.covers(need("s3:ListBucket", BUCKET)), "to be told that there is no such key"


def test_what_is_missing_and_what_is_idle_is_told() -> None:
    reading = need("s3:GetObject", f"{BUCKET}/tenants/t/payloads/x")
    found = Compared(needs=[reading], grants=[grant("s3:PutObject", f"{BUCKET}/tenants/*/payloads/*")], calls=1)
    assert found.missing == [f"{reading} is needed"]
    assert len(found.idle) == 1


def test_a_permission_on_the_whole_of_a_tenant_must_be_used_on_each_kind_of_thing() -> None:
    reading = need("s3:GetObject", f"{BUCKET}/tenants/t/payloads/x")
    found = Compared(needs=[reading], grants=[grant("s3:GetObject", f"{BUCKET}/tenants/*")], calls=1)
    assert found.missing == []
    assert [each.rpartition("/tenants/")[2] for each in found.idle] == [
        f"*/{kind}/* is never used" for kind in ("archive", "dead-letters", "executions", "files", "mail")
    ]


def test_only_a_stack_that_uses_eventbridge_scheduler_lets_its_functions_make_schedules() -> None:
    def scheduling(far_timer: str) -> set[str]:
        return {
            role
            for role, statement in allowed_statements({"FarTimer": far_timer})
            if "scheduler:" in str(statement["Action"]) or statement["Action"] == "iam:PassRole"
        }

    assert scheduling("sweep") == set()
    assert "WorkerRole" in scheduling("scheduler")


def test_a_list_is_that_of_the_stack_with_its_parameters() -> None:
    listed = ["a", {"Fn::If": ["IsSweep", {"Ref": "AWS::NoValue"}, "b"]}]
    assert deployed(listed, {}) == ["a"], "sweep is the default"
    assert deployed(listed, {"FarTimer": "scheduler"}) == ["a", "b"]
