"""Where the local AWS names permissions otherwise than AWS does, and what makes up for it.

Nothing else is granted: whatever a role lacks on AWS, it lacks here. The local AWS has no TLS either, so that the
policy of the bucket, which denies all that comes without, has to go.
"""

import json
from typing import Any

from tests.e2e import sam
from tests.e2e.local_aws import ACCOUNT, REGION, LocalAws

_BATCHES = {
    "sqs:SendMessage": "sqs:SendMessageBatch",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}
"""On AWS the permission of what is done covers the batch; here the batch is an action of its own."""

_STATEMENTS = {
    "dynamodb:PartiQLInsert": "dynamodb:BatchExecuteStatement",
    "dynamodb:PartiQLUpdate": "dynamodb:BatchExecuteStatement",
}
"""On AWS held against the table that a statement names; here the batch is an action of its own, held against ``*``."""

_WITHOUT_RESOURCE = ("ses:SendEmail", "ses:SendRawEmail")
"""On AWS held against the identity of the sender; here against ``*``."""

_SCHEDULES = ("scheduler:CreateSchedule", "scheduler:DeleteSchedule")
"""On AWS a schedule is named with its group; here always with the group ``default``."""

Statement = dict[str, Any]


def translate_permissions(aws: LocalAws, bucket: str) -> None:
    """Give each role of the stack the local spelling of what it has, and open ``bucket`` to requests without TLS."""
    aws.client("s3").delete_bucket_policy(Bucket=bucket)
    iam = aws.client("iam")
    resources = aws.client("cloudformation").describe_stack_resources(StackName=sam.STACK)["StackResources"]
    for resource in resources:
        if resource["ResourceType"] != "AWS::IAM::Role":
            continue
        role = resource["PhysicalResourceId"]
        statements = [
            local
            for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]
            for statement in iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]["Statement"]
            for local in _local(statement)
        ]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=role, PolicyName="local-spelling", PolicyDocument=document)


def _local(statement: Statement) -> list[Statement]:
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    wanted = [
        ([_BATCHES[action] for action in actions if action in _BATCHES], statement["Resource"]),
        (sorted({_STATEMENTS[action] for action in actions if action in _STATEMENTS}), "*"),
        ([action for action in actions if action in _WITHOUT_RESOURCE], "*"),
        (
            [action for action in actions if action in _SCHEDULES],
            f"arn:aws:scheduler:{REGION}:{ACCOUNT}:schedule/default/*",
        ),
    ]
    return [{**statement, "Action": spelled, "Resource": resource} for spelled, resource in wanted if spelled]
