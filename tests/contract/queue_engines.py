"""The engines that the contracts of queues, mail, blobs and secrets are tested against."""

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

import boto3
import pytest
from moto import mock_aws
from moto.sqs import models as moto_sqs
from types_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

from tests.contract import quick_sqlite
from tests.doubles import FakeClock
from tickwell.adapters.aws.s3 import S3Blobs
from tickwell.adapters.aws.secrets_manager import SecretsManagerSecrets
from tickwell.adapters.aws.sqs import SqsQueue
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.application.ports import BlobStore, MessageQueue, Secrets
from tickwell.domain.message import JobMessage
from tickwell.messages import decode_job_message, encode_job_message

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

REGION: Final = "eu-central-1"
JobQueue = MessageQueue[JobMessage]


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuePair:
    """A queue and the one that it buries its messages in."""

    queue: JobQueue
    dead_letters: JobQueue


class QueueEngine(Protocol):
    """Makes queues of one engine and lets their time pass."""

    def pair(self, *, visibility_seconds: int = 30, max_receives: int = 10) -> QueuePair:
        """A new queue with a dead letter queue."""
        ...

    def send_body(self, body: str) -> None:
        """Put something into the newest queue that no release of Tickwell wrote."""
        ...

    def pass_time(self, seconds: float) -> None:
        """Let that much time pass for the queues."""
        ...


class EmbeddedEngine:
    """SQLite, on a clock that is moved by hand."""

    def __init__(self, path: str) -> None:
        self.clock = FakeClock()
        quick_sqlite.put_file(path)
        self.database = Database(path)
        self._pairs = 0

    def queue(self, name: str, dead_letter: str | None, visibility_seconds: float, max_receives: int) -> JobQueue:
        """One queue of the database."""
        return EmbeddedQueue(
            self.database,
            name,
            dead_letter,
            encode_job_message,
            decode_job_message,
            self.clock,
            visibility_seconds=visibility_seconds,
            max_receives=max_receives,
        )

    def pair(self, *, visibility_seconds: float = 30, max_receives: int = 10) -> QueuePair:
        self._pairs += 1
        name = f"lane-{self._pairs}"
        return QueuePair(
            queue=self.queue(name, f"{name}-dead", visibility_seconds, max_receives),
            dead_letters=self.queue(f"{name}-dead", None, visibility_seconds, max_receives),
        )

    def send_body(self, body: str) -> None:
        with self.database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES (?, '', ?, 0)",
                (f"lane-{self._pairs}", body),
            )

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)


class SqsEngine:
    """SQS as moto plays it, on the machine's clock and what passes besides: nothing is waited for."""

    def __init__(self, client: "SQSClient", patch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.urls: list[str] = []
        self._passed_seconds = 0.0
        patch.setattr(moto_sqs, "unix_time", lambda: time.time() + self._passed_seconds)
        patch.setattr(moto_sqs, "unix_time_millis", lambda: 1000 * (time.time() + self._passed_seconds))

    def pair(self, *, visibility_seconds: int = 30, max_receives: int = 10) -> QueuePair:
        name = f"lane-{len(self.urls)}"
        dead_url = self.client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        attributes = self.client.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])
        dead_arn = attributes["Attributes"]["QueueArn"]
        url = self.client.create_queue(
            QueueName=name,
            Attributes={
                "VisibilityTimeout": str(visibility_seconds),
                "RedrivePolicy": f'{{"deadLetterTargetArn": "{dead_arn}", "maxReceiveCount": {max_receives}}}',
            },
        )["QueueUrl"]
        self.urls.append(url)
        return QueuePair(
            queue=SqsQueue(self.client, url, dead_url, encode_job_message, decode_job_message),
            dead_letters=SqsQueue(self.client, dead_url, None, encode_job_message, decode_job_message),
        )

    def send_body(self, body: str) -> None:
        entry: SendMessageBatchRequestEntryTypeDef = {"Id": "0", "MessageBody": body}
        self.client.send_message_batch(QueueUrl=self.urls[-1], Entries=[entry])

    def pass_time(self, seconds: float) -> None:
        self._passed_seconds += seconds


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """An empty AWS account inside this process; its region."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield REGION


@pytest.fixture(params=["embedded in memory", "embedded in a file"])
def embedded_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedEngine]:
    """Queues of the embedded engine, which promise more than SQS can."""
    engine = EmbeddedEngine(":memory:" if request.param == "embedded in memory" else str(tmp_path / "tickwell.db"))
    yield engine
    engine.database.close()


@functools.cache
def _client(service: Literal["sqs", "s3"]) -> Any:
    """One client for all tests, because making one takes long; it talks to the moto of the time when it is used."""
    return boto3.client(service, region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing")


@pytest.fixture
def sqs_engine(aws: str, monkeypatch: pytest.MonkeyPatch) -> SqsEngine:
    """Queues of the aws engine."""
    assert aws == REGION
    return SqsEngine(_client("sqs"), monkeypatch)


@pytest.fixture(params=["embedded in memory", "embedded in a file", "aws"])
def queue_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[QueueEngine]:
    """Every engine in turn."""
    if request.param == "aws":
        yield request.getfixturevalue("sqs_engine")
        return
    engine = EmbeddedEngine(":memory:" if request.param == "embedded in memory" else str(tmp_path / "tickwell.db"))
    yield engine
    engine.database.close()


@pytest.fixture(params=["embedded", "aws"])
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """A blob store of each engine."""
    if request.param == "embedded":
        return FileBlobs(tmp_path / "blobs")
    request.getfixturevalue("aws")
    client = _client("s3")
    client.create_bucket(Bucket="blobs", CreateBucketConfiguration={"LocationConstraint": REGION})
    return S3Blobs(client, "blobs")


@pytest.fixture(params=["embedded", "aws"])
def secrets(request: pytest.FixtureRequest, tmp_path: Path) -> Secrets:
    """Secrets of each engine, which hold ``signing-key`` = ``correct horse``."""
    if request.param == "embedded":
        files = FileSecrets(tmp_path / "secrets")
        files.ensure("signing-key", lambda: "correct horse")
        return files
    request.getfixturevalue("aws")
    client = boto3.client("secretsmanager", region_name=REGION)
    arn = client.create_secret(Name="tickwell/signing-key", SecretString="correct horse")["ARN"]
    return SecretsManagerSecrets(client, {"signing-key": arn, "deleted": f"{arn}-gone"})
