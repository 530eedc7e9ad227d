"""The SDK's clients, and what stands on one of them alone. Each function loads what it opens, and no more.

The clients are botocore's own: boto3 would load transfer managers and resources besides, which nothing here uses.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

import botocore.session
from botocore.config import Config

from tickwell.adapters.system import SystemClock
from tickwell.domain.errors import UnavailableError
from tickwell.domain.lane import Lane

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from tickwell.adapters.aws.dynamodb.table import Table
    from tickwell.application.execute_batch import JobQueue
    from tickwell.application.ports import BlobLinks, BlobStore, Lanes, Notifications
    from tickwell.settings.shared import LaneSettings

_POOL = 16

# A write must not outlive the 20 s that a due item may be ahead of its job (rule 1): 2 tries of at most 4 s.
# A name of our own: the SDK puts its own together anew for each call, which is a tenth of what a call costs.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=_POOL,
    parameter_validation=False,
    user_agent="tickwell",
)

_LONGEST_TRY: Final = timedelta(seconds=4.5)
"""How long one try may take, and then some to answer."""

_SENDERS: Final = frozenset({"sesv2", "pinpoint-sms-voice-v2", "socialmessaging"})
# What such a service was asked to send, and answers late, may have been sent: the SDK must not send it once more, the
# job's policy decides.
_MAIL_CONFIG = Config(connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 1})

# For links: the SDK would sign them by a scheme that newer regions do not know.
_BLOB_CONFIG = _CONFIG.merge(Config(signature_version="s3v4"))


# A function that is slow runs all the same, for minutes: it must not be called once more. Its connection is kept alive
# beyond what networks between take for dead.
_INVOKE_CONFIG = Config(
    connect_timeout=5, retries={"total_max_attempts": 1}, max_pool_connections=64, tcp_keepalive=True
)

_making: Final = threading.Lock()


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def client(service: str) -> Any:
    """The SDK's client of ``service``, one per process. Safe for threads, which making one is not."""
    with _making:
        return _client(service)


class LaterClient:
    """The client of a service that seldom is asked anything: made for the first call."""

    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        """What the client has by that name."""
        return getattr(client(self._service), name)


@cache
def _client(service: str) -> Any:
    configs = {"s3": _BLOB_CONFIG, **dict.fromkeys(_SENDERS, _MAIL_CONFIG)}
    config = configs.get(service, _CONFIG)
    made = _session().create_client(service, config=config)
    made.meta.events.register_first("before-send", _require_time)
    return made


@contextmanager
def calls_end_before(instant: datetime) -> Iterator[None]:
    """Inside the block nothing is asked of AWS any more when the answer might come after ``instant``.

    That is UnavailableError, as if the service were too slow, which it is: a function that ran into its timeout could
    tell its caller nothing. It holds for all of the process, which deals with one invocation at a time.
    """
    _end.at = instant
    try:
        yield
    finally:
        _end.at = None


class _End:
    at: datetime | None = None


_end: Final = _End()


def _require_time(event_name: str, **_arguments: Any) -> None:
    """Called by the SDK before each try of a call; what it raises is not tried again."""
    if _end.at is not None and SystemClock().now() + _LONGEST_TRY > _end.at:
        raise UnavailableError(event_name.split(".")[1], "no time is left")


def invoking_client(seconds: int) -> Any:
    """The client of Lambda that waits so long for a function's answer, one per process and time."""
    with _making:
        return _invoking_client(seconds)


@cache
def _invoking_client(seconds: int) -> Any:
    return _session().create_client("lambda", config=_INVOKE_CONFIG.merge(Config(read_timeout=seconds)))


def forget_clients() -> None:
    """Make new clients from now on, for another account or region."""
    _client.cache_clear()
    _invoking_client.cache_clear()
    _session.cache_clear()


def open_table(name: str) -> "Table":
    """The table ``name`` in the account and region that the SDK finds."""
    from tickwell.adapters.aws.dynamodb.table import Table

    return Table(client("dynamodb"), name, open_threads("dynamodb"))


def open_threads(name: str) -> ThreadPoolExecutor:
    """As many threads as a client has connections; none is started before it is needed."""
    return ThreadPoolExecutor(_POOL, thread_name_prefix=name)


def open_job_queue(url: str, dead_letter_url: str | None = None) -> "JobQueue":
    """A queue of job messages."""
    from tickwell.adapters.aws.sqs import SqsQueue
    from tickwell.messages import decode_job_message, encode_job_message

    return SqsQueue(client("sqs"), url, dead_letter_url, encode_job_message, decode_job_message)


def open_notifications(url: str, dead_letter_url: str | None = None) -> "Notifications":
    """A queue of notifications."""
    from tickwell.adapters.aws.sqs import SqsQueue
    from tickwell.messages import decode_notification, encode_notification

    return SqsQueue(client("sqs"), url, dead_letter_url, encode_notification, decode_notification)


def lane_urls(settings: "LaneSettings") -> dict[Lane, str]:
    """The queue of each lane."""
    return {
        Lane.HIGH: settings.lane_high_url,
        Lane.MEDIUM: settings.lane_medium_url,
        Lane.LOW: settings.lane_low_url,
        Lane.HEAVY: settings.lane_heavy_url,
    }


def open_lanes(settings: "LaneSettings", dead_letter_url: str | None = None) -> "Lanes":
    """All lanes; what they give up goes to ``dead_letter_url``."""
    return {lane: open_job_queue(url, dead_letter_url) for lane, url in lane_urls(settings).items()}


def open_blobs(bucket: str) -> "BlobStore":
    """The bucket of payloads, results and logs. Most of these are in the table, and most processes never ask S3."""
    from tickwell.adapters.aws.s3 import S3Blobs

    return S3Blobs(cast("S3Client", LaterClient("s3")), bucket)


def open_blob_links(bucket: str) -> "BlobLinks":
    """Links into that bucket."""
    from tickwell.adapters.aws.s3_links import S3Links

    return S3Links(cast("S3Client", LaterClient("s3")), bucket)
