"""A job message is written as its model would write it, without making one."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.messages import JobMessageV1, decode_job_message, encode_job_message

PLAIN: dict[str, Any] = {
    "tenant_id": "tenant-1",
    "job_id": "job-1",
    "version": 1,
    "due_at": NOON,
    "attempt": 1,
    "run_at": NOON,
    "lane": Lane.MEDIUM,
    "recurring": False,
}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"queue": 'a "quoted" \u2028 näme', "admitted": True, "late": True, "queued": True},
        {"run_at": NOON + timedelta(milliseconds=1), "start_by": NOON + timedelta(seconds=1, milliseconds=250)},
        {"recurring": True, "probe": True, "subsecond": True, "lane": Lane.HEAVY, "attempt": 3, "version": 2**40},
    ],
    ids=["plain", "queue and flags", "fractions of seconds", "all else"],
)
def test_a_message_is_written_as_its_model_says_and_read_back(more: dict[str, Any]) -> None:
    message = JobMessage(**PLAIN | more)
    body = encode_job_message(message)
    assert body == JobMessageV1.model_validate_json(body).model_dump_json()
    assert decode_job_message(body) == message
