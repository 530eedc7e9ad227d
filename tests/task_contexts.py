"""Contexts for running tasks in tests. What a test does not give refuses to be used."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from tests.doubles import NOON, FakeClock
from tickwell.application.attempt_secrets import AttemptSecrets, NoSecrets
from tickwell.application.http_client import HttpClient, HttpRequest
from tickwell.application.lifeline import Lifeline, NoLifeline
from tickwell.application.making_images import NoImages
from tickwell.application.ports import BlobStore, Clock, ImageMaker, Mailer
from tickwell.application.task import TaskContext
from tickwell.application.task_files import TenantFiles
from tickwell.domain.execution import OccurrenceKey, execution_id
from tickwell.domain.job import JobKey
from tickwell.domain.mail import Mail

JOB_ID = "0199c1f0-0000-7000-8000-000000000001"


class NoHttp:
    """Stands where a test expects no request."""

    async def send(self, request: HttpRequest) -> NoReturn:
        """No network."""
        raise AssertionError(f"an unexpected request to {request.url}")


class NoMail:
    """Stands where a test expects no mail."""

    def send(self, mail: Mail) -> NoReturn:
        """No mail."""
        raise AssertionError(f"an unexpected mail {mail.message_id}")


class NoBlobs:
    """Stands where a test expects no blobs."""

    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        """No blobs."""
        raise AssertionError(f"an unexpected {content_type} blob {name} of {len(data)} bytes")

    def get(self, name: str) -> bytes:
        """No blobs."""
        raise AssertionError(f"an unexpected read of {name}")

    def delete(self, name: str) -> None:
        """No blobs."""
        raise AssertionError(f"an unexpected deletion of {name}")

    def list(self, folder: str, *, after: str, limit: int) -> NoReturn:
        """No blobs."""
        raise AssertionError(f"an unexpected listing of {limit} blobs in {folder} after {after}")

    def details(self, folder: str, *, after: str, limit: int) -> NoReturn:
        """No blobs."""
        raise AssertionError(f"an unexpected listing of {limit} blobs in {folder} after {after}")

    def info(self, name: str) -> NoReturn:
        """No blobs."""
        raise AssertionError(f"an unexpected look at {name}")

    def delete_many(self, names: Sequence[str]) -> None:
        """No blobs."""
        raise AssertionError(f"an unexpected deletion of {len(names)} blobs")

    def fetch(self, name: str, path: Path) -> None:
        """No blobs."""
        raise AssertionError(f"an unexpected read of {name} to {path}")

    def store(self, path: Path, name: str, *, content_type: str) -> None:
        """No blobs."""
        raise AssertionError(f"an unexpected {content_type} blob {name} from {path}")


def task_context(
    *,
    http: HttpClient | None = None,
    mailer: Mailer | None = None,
    blobs: BlobStore | None = None,
    clock: Clock | None = None,
    attempt: int = 1,
    lifeline: Lifeline | None = None,
    sender_address: str = "tickwell@example.com",
    secrets: AttemptSecrets | None = None,
    traceparent: str | None = None,
    images: ImageMaker | None = None,
) -> TaskContext:
    """The context of an attempt at the occurrence at noon."""
    return TaskContext(
        tenant_id="t1",
        job_id=JOB_ID,
        job_name="a job",
        execution_id=execution_id(JOB_ID, NOON, attempt),
        attempt=attempt,
        due_at=NOON,
        idempotency_key=OccurrenceKey(job=JobKey(tenant_id="t1", job_id=JOB_ID), due_at=NOON).idempotency_key,
        sender_address=sender_address,
        clock=clock or FakeClock(),
        mailer=mailer or NoMail(),
        http=http or NoHttp(),
        blobs=blobs or NoBlobs(),
        files=TenantFiles("t1", blobs or NoBlobs()),
        completion_token="t1.a-token",
        lifeline=lifeline or NoLifeline(),
        secrets=secrets or NoSecrets(),
        traceparent=traceparent,
        images=images or NoImages(),
    )
