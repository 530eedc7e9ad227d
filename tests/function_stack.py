"""The Lambda functions on AWS's emulated services, as a deployed stack."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final
from urllib.parse import parse_qsl

import boto3
import pytest

from tests.contract.queue_engines import REGION
from tests.contract.store_engines import create_table
from tests.queue_events import queue_event
from tickwell.bootstrap.aws import clients

SENDER = "jobs@example.com"
QUEUES: Final = (
    "lane-high",
    "lane-medium",
    "lane-low",
    "lane-heavy",
    "lane-dlq",
    "dispatch",
    "dispatch-dlq",
    "notify",
    "notify-dlq",
)


class Context:
    """What Lambda says of an invocation."""

    aws_request_id = "request-1"
    function_name = "a-function"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:a-function"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Stack:
    """A deployed stack: its queues, its table, and its functions as Lambda would load them."""

    urls: dict[str, str]
    load: Callable[[str], ModuleType]

    def messages(self, name: str) -> list[dict[str, Any]]:
        """Everything that is deliverable in a queue."""
        sqs = boto3.client("sqs", region_name=REGION)
        answer = sqs.receive_message(
            QueueUrl=self.urls[name], MaxNumberOfMessages=10, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )
        return [dict(message) for message in answer.get("Messages", [])]

    def event(self, name: str) -> dict[str, Any]:
        """The event that Lambda makes of what a queue holds."""
        return queue_event(self.urls[name], self.messages(name))

    def run(self, function: str, event: dict[str, Any]) -> Any:
        """Invoke a function."""
        return self.load(function).handler(event, Context())

    def send(self, name: str, body: str) -> None:
        """Put a body into a queue."""
        boto3.client("sqs", region_name=REGION).send_message(QueueUrl=self.urls[name], MessageBody=body)

    def call(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """One HTTP request through functions/api."""
        answer = self.run("api", http_event(method, path, body, {"authorization": f"Bearer {token}"}))
        return answer["statusCode"], json.loads(answer["body"])

    def register(self) -> str:
        """A new user's token."""
        status, answer = self.call("POST", "/api/v1/auth/register", {"email": "a@example.com", "password": "Secret-99"})
        assert status == 201
        return str(answer["data"]["token"])

    def dead_letter_records(self) -> list[dict[str, Any]]:
        """The stream records of all dead letters in the table."""
        return [record for record in self.records("INSERT", "NewImage") if _kind(record) == "dead_letter"]

    def records(self, event_name: str, image: str) -> list[dict[str, Any]]:
        """Stream records of everything in the table, as if it was all written, or deleted by TTL, just now."""
        pages = boto3.client("dynamodb", region_name=REGION).get_paginator("scan").paginate(TableName="tickwell")
        items = [item for page in pages for item in page["Items"]]
        return [
            {
                "eventName": event_name,
                "eventID": str(n),
                "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
                "dynamodb": {image: item, "SequenceNumber": str(n), "ApproximateCreationDateTime": 1795348860.0},
            }
            for n, item in enumerate(items)
        ]


@contextmanager
def open_stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    """A stack in the empty account of moto that is there, and nothing of it in this process afterwards."""
    create_table(boto3.client("dynamodb", region_name=REGION))
    sqs = boto3.client("sqs", region_name=REGION)
    urls = {name: sqs.create_queue(QueueName=f"tw-{name}")["QueueUrl"] for name in QUEUES}
    boto3.client("s3", region_name=REGION).create_bucket(
        Bucket="blobs", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    secret = boto3.client("secretsmanager", region_name=REGION).create_secret(Name="jwt", SecretString="k" * 64)
    boto3.client("sesv2", region_name=REGION).create_email_identity(EmailIdentity=SENDER)
    environment = {
        "ENGINE": "aws",
        "TABLE": "tickwell",
        "BLOB_BUCKET": "blobs",
        "SECRETS_PREFIX": "tickwell",
        "LANE_HIGH_URL": urls["lane-high"],
        "LANE_MEDIUM_URL": urls["lane-medium"],
        "LANE_LOW_URL": urls["lane-low"],
        "LANE_HEAVY_URL": urls["lane-heavy"],
        "LANE_DLQ_URL": urls["lane-dlq"],
        "DISPATCH_QUEUE_URL": urls["dispatch"],
        "DISPATCH_DLQ_URL": urls["dispatch-dlq"],
        "NOTIFICATION_URL": urls["notify"],
        "NOTIFICATION_DLQ_URL": urls["notify-dlq"],
        "FAR_TIMER": "sweep",
        "SCHEDULE_GROUP": "group",
        "DISPATCH_QUEUE_ARN": "arn:aws:sqs:eu-central-1:123456789012:tw-dispatch",
        "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/schedule",
        "JWT_SECRET_ID": secret["ARN"],
        "SENDER_ADDRESS": SENDER,
        "OPERATOR_ADDRESS": "operator@example.com",
        "ALLOW_PRIVATE_HOSTS": "127.0.0.1",
    }
    for name, value in environment.items():
        monkeypatch.setenv(f"TICKWELL_{name}", value)
    clients.forget_clients()

    def load(function: str) -> ModuleType:
        name = f"functions.{function}.handler"
        return sys.modules[name] if name in sys.modules else importlib.import_module(name)

    yield Stack(urls=urls, load=load)
    for name in [name for name in sys.modules if name.startswith("functions.") and name.endswith(".handler")]:
        del sys.modules[name]
    clients.forget_clients()


def http_event(method: str, path: str, body: Any, headers: Mapping[str, str]) -> dict[str, Any]:
    """The event that API Gateway makes of a request; ``path`` may have a query."""
    path, _, query = path.partition("?")
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(parse_qsl(query)),
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {
            "http": {"method": method, "path": path, "sourceIp": "192.0.2.1", "userAgent": "test"},
            "requestId": "r-1",
            "stage": "$default",
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def _kind(record: dict[str, Any]) -> str:
    return str(record["dynamodb"]["NewImage"]["kind"]["S"])
