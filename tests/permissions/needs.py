"""The permissions that a call needs on AWS.

Names and resources are those of AWS's service authorization reference. An operation that is not known here is a fault
(``UnknownOperationError``): whoever adds a call to the product says what permission it needs.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from tests.permissions.recording import Call

ACCOUNT: Final = "123456789012"
REGION: Final = "eu-central-1"

LEADING_KEYS = "dynamodb:LeadingKeys"
PASSED_TO = "iam:PassedToService"
PREFIX = "s3:prefix"


class UnknownOperationError(Exception):
    """A call of which nobody has said yet what permission it needs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One action on one resource (an ARN); ``context`` are the keys that conditions may ask for, with their values."""

    role: str
    action: str
    resource: str
    context: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __str__(self) -> str:
        return f"{self.role} {self.action} {self.resource}"


_One = tuple[str, str, Mapping[str, tuple[str, ...]]]
"""Action, resource, context."""


def needs_of(call: Call) -> Iterator[Need]:
    """What the function's role must allow for ``call``. Raises UnknownOperationError."""
    try:
        wanted = _SERVICES[call.service]
    except KeyError:
        raise UnknownOperationError(f"{call.service}.{call.operation}") from None
    for action, resource, context in wanted(call):
        yield Need(
            role=f"{call.function}Role", action=action, resource=resource, context=tuple(sorted(context.items()))
        )


def arn(service: str, name: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """An ARN of the account that the tests run in."""
    return f"arn:aws:{service}:{region}:{account}:{name}"


def _dynamodb(call: Call) -> Iterator[_One]:
    request = call.request
    if call.operation in {"BatchGetItem", "BatchWriteItem"}:
        for table, asked in request["RequestItems"].items():
            items = asked["Keys"] if call.operation == "BatchGetItem" else [_written(entry) for entry in asked]
            yield f"dynamodb:{call.operation}", _table(table), {LEADING_KEYS: _partitions(items)}
    elif call.operation == "TransactWriteItems":
        for part in request["TransactItems"]:
            ((kind, asked),) = part.items()
            item = asked["Item"] if kind == "Put" else asked["Key"]
            action = "ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item"
            yield f"dynamodb:{action}", _table(asked["TableName"]), {LEADING_KEYS: _partitions([item])}
    elif call.operation == "BatchExecuteStatement":
        yield from map(_statement, request["Statements"])
    elif call.operation in {"GetItem", "PutItem", "UpdateItem", "DeleteItem"}:
        item = request["Item"] if call.operation == "PutItem" else request["Key"]
        yield f"dynamodb:{call.operation}", _table(request["TableName"]), {LEADING_KEYS: _partitions([item])}
    elif call.operation == "Query":
        index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
        partition = request["ExpressionAttributeValues"][":pk"]["S"]
        yield "dynamodb:Query", f"{_table(request['TableName'])}{index}", {LEADING_KEYS: (partition,)}
    else:
        raise UnknownOperationError(f"dynamodb.{call.operation}")


def _statement(statement: Mapping[str, Any]) -> _One:
    """Each kind has an action of its own. The key comes first in an INSERT, in an UPDATE after what is set."""
    text = statement["Statement"]
    kind, table = _STATEMENT.findall(text)[0]
    before_key = 0 if kind == "INSERT INTO" else text.partition(" WHERE ")[0].count("?")
    context = {LEADING_KEYS: (statement["Parameters"][before_key]["S"],)}
    return f"dynamodb:{_STATEMENT_ACTIONS[kind]}", _table(table), context


_STATEMENT: Final = re.compile(r'^(INSERT INTO|UPDATE) "([^"]+)"')
_STATEMENT_ACTIONS: Final = {"INSERT INTO": "PartiQLInsert", "UPDATE": "PartiQLUpdate"}


def _written(entry: Mapping[str, Any]) -> Any:
    return entry["PutRequest"]["Item"] if "PutRequest" in entry else entry["DeleteRequest"]["Key"]


def _partitions(items: list[Any]) -> tuple[str, ...]:
    return tuple(sorted({item["pk"]["S"] for item in items}))


def _table(name: str) -> str:
    return arn("dynamodb", f"table/{name}")


_SQS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibility": "ChangeMessageVisibility",
    "GetQueueAttributes": "GetQueueAttributes",
    "ReceiveMessage": "ReceiveMessage",
}
"""A batch needs the permission of its single operation."""


def _sqs(call: Call) -> Iterator[_One]:
    if call.operation not in _SQS:
        raise UnknownOperationError(f"sqs.{call.operation}")
    yield f"sqs:{_SQS[call.operation]}", arn("sqs", call.request["QueueUrl"].rpartition("/")[2]), {}


def _s3(call: Call) -> Iterator[_One]:
    bucket = f"arn:aws:s3:::{call.request['Bucket']}"
    if call.operation == "ListObjectsV2":
        yield "s3:ListBucket", bucket, {PREFIX: (call.request["Prefix"],)}
    elif call.operation == "DeleteObjects":
        for each in call.request["Delete"]["Objects"]:
            yield "s3:DeleteObject", f"{bucket}/{each['Key']}", {}
    elif call.operation in _S3_OBJECTS:
        yield f"s3:{_S3_OBJECTS[call.operation]}", f"{bucket}/{call.request['Key']}", {}
        if call.error in {"NoSuchKey", "404"}:
            yield "s3:ListBucket", bucket, {}  # S3 tells that there is none only to those who may list
    else:
        raise UnknownOperationError(f"s3.{call.operation}")


_S3_OBJECTS: Final = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObject": "DeleteObject",
    "GetObject": "GetObject",
    "HeadObject": "GetObject",
    "PutObject": "PutObject",
    "UploadPart": "PutObject",
}
"""The action that an operation on one object needs."""


def _scheduler(call: Call) -> Iterator[_One]:
    request = call.request
    if call.operation == "GetScheduleGroup":
        yield "scheduler:GetScheduleGroup", arn("scheduler", f"schedule-group/{request['Name']}"), {}
        return
    if call.operation not in {"CreateSchedule", "DeleteSchedule"}:
        raise UnknownOperationError(f"scheduler.{call.operation}")
    yield f"scheduler:{call.operation}", arn("scheduler", f"schedule/{request['GroupName']}/{request['Name']}"), {}
    if call.operation == "CreateSchedule":
        yield "iam:PassRole", request["Target"]["RoleArn"], {PASSED_TO: ("scheduler.amazonaws.com",)}


def _sesv2(call: Call) -> Iterator[_One]:
    """A raw message needs both; which identity is asked depends on what was verified, the address or its domain."""
    if call.operation != "SendEmail" or "Raw" not in call.request["Content"]:
        raise UnknownOperationError(f"sesv2.{call.operation}")
    address = parseaddr(call.request["FromEmailAddress"])[1]
    for action in ("ses:SendEmail", "ses:SendRawEmail"):
        for identity in (address, address.rpartition("@")[2]):
            yield action, arn("ses", f"identity/{identity}"), {}


def _secretsmanager(call: Call) -> Iterator[_One]:
    if call.operation not in {"GetSecretValue", "CreateSecret", "PutSecretValue", "DeleteSecret"}:
        raise UnknownOperationError(f"secretsmanager.{call.operation}")
    name = call.request.get("SecretId") or call.request["Name"]
    # The service puts six characters of its own behind each name.
    resource = name if name.startswith("arn:") else arn("secretsmanager", f"secret:{name}-a1B2c3")
    yield f"secretsmanager:{call.operation}", resource, {}


_SERVICES: Final[Mapping[str, Callable[[Call], Iterator[_One]]]] = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "s3": _s3,
    "scheduler": _scheduler,
    "sesv2": _sesv2,
    "secretsmanager": _secretsmanager,
}


def needs_of_links(urls: Sequence[tuple[str, str]]) -> Iterator[Need]:
    """What the API's role must allow to whoever uses these links (method and URL): they are signed with its keys."""
    for method, url in urls:
        parts = urlsplit(url)
        bucket = parts.netloc.partition(".")[0]
        action = {"GET": "s3:GetObject", "PUT": "s3:PutObject"}[method]
        yield Need(role="ApiRole", action=action, resource=f"arn:aws:s3:::{bucket}{unquote(parts.path)}")


def needs_of_schedule(call: Call, role: str) -> Iterator[Need]:
    """What ``role`` must allow to EventBridge Scheduler, for the schedule that ``call`` makes."""
    if call.operation == "CreateSchedule":
        target = call.request["Target"]
        yield Need(role=role, action="sqs:SendMessage", resource=target["Arn"])
