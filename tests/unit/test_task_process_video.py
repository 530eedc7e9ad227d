"""What ``process_video`` accepts; without ffmpeg."""

from typing import Any

import pytest

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import RetryStrategy
from tickwell.tasks.process_video import PROCESS_VIDEO
from tickwell.tasks.registry import built_in_tasks

FILE = {"file": "films/a.mp4"}
URL = {"url": "https://a.example/a.mp4"}


@pytest.mark.parametrize(
    "payload",
    [
        {"source": FILE, "operation": "probe"},
        {"source": URL, "operation": "probe"},
        {"source": FILE, "operation": "thumbnail"},
        {"source": FILE, "operation": "thumbnail", "at_seconds": 1.5, "width": 320, "format": "png", "output": "a.png"},
        {"source": FILE, "operation": "thumbnail", "at_seconds": 0},
        {"source": URL, "operation": "transcode", "preset": "480p-h264"},
        {"source": FILE, "operation": "transcode", "preset": "webm-vp9", "output": "small/a.webm"},
        {"source": FILE, "operation": "probe", "preset": None, "at_seconds": None, "output": None},
    ],
)
def test_sound_payloads_are_accepted(payload: dict[str, Any]) -> None:
    PROCESS_VIDEO.parse(payload)


@pytest.mark.parametrize(
    ("payload", "field", "reason"),
    [
        ("a.mp4", "payload", "object"),
        ({"operation": "probe"}, "payload.source", "required"),
        ({"source": FILE}, "payload.operation", "required"),
        ({"source": "a.mp4", "operation": "probe"}, "payload.source", "object"),
        ({"source": {}, "operation": "probe"}, "payload.source", "either file or url"),
        ({"source": {**FILE, **URL}, "operation": "probe"}, "payload.source", "either file or url"),
        ({"source": {"file": "../a.mp4"}, "operation": "probe"}, "payload.source.file", "segments"),
        ({"source": {"file": "/etc/passwd"}, "operation": "probe"}, "payload.source.file", "segments"),
        ({"source": {"url": "file:///etc/passwd"}, "operation": "probe"}, "payload.source.url", "http"),
        ({"source": {"url": "concat:a|b"}, "operation": "probe"}, "payload.source.url", "http"),
        ({"source": FILE, "operation": "explode"}, "payload.operation", "transcode"),
        ({"source": FILE, "operation": "transcode"}, "payload.preset", "720p-h264"),
        ({"source": FILE, "operation": "transcode", "preset": "8k"}, "payload.preset", "720p-h264"),
        ({"source": FILE, "operation": "transcode", "preset": 7}, "payload.preset", "string"),
        ({"source": FILE, "operation": "probe", "preset": "mp3-audio"}, "payload.preset", "only for"),
        ({"source": FILE, "operation": "probe", "output": "a"}, "payload.output", "only for"),
        ({"source": FILE, "operation": "probe", "width": 100}, "payload.width", "only for"),
        (
            {"source": FILE, "operation": "transcode", "preset": "mp3-audio", "at_seconds": 1},
            "payload.at_seconds",
            "only for",
        ),
        ({"source": FILE, "operation": "thumbnail", "at_seconds": -1}, "payload.at_seconds", "greater"),
        ({"source": FILE, "operation": "thumbnail", "at_seconds": "1"}, "payload.at_seconds", "number"),
        ({"source": FILE, "operation": "thumbnail", "width": 8}, "payload.width", "16"),
        ({"source": FILE, "operation": "thumbnail", "format": "bmp"}, "payload.format", "jpeg"),
        ({"source": FILE, "operation": "thumbnail", "output": "a//b"}, "payload.output", "segments"),
        ({"source": FILE, "operation": "thumbnail", "output": FILE["file"]}, "payload.output", "not be the source"),
        (
            {"source": FILE, "operation": "thumbnail", "filter": "movie=/etc/passwd"},
            "payload.filter",
            "is not known here; known are at_seconds, ",
        ),
    ],
)
def test_others_are_refused_with_the_field_and_what_would_be_right(payload: Any, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        PROCESS_VIDEO.parse(payload)
    assert caught.value.field == field
    assert reason in caught.value.reason


def test_it_has_the_retries_of_its_seed_and_the_heavy_lane() -> None:
    task = built_in_tasks().get("process_video")
    retry = task.policy.retry
    assert task.heavy
    assert (task.policy.max_retries, retry.strategy) == (5, RetryStrategy.EXPONENTIAL)
    assert [retry.delay_before(number, 0.5).total_seconds() for number in (1, 2, 11)] == [5, 10, 3600]
    assert retry.delay_before(1, 0.0).total_seconds() == pytest.approx(4)


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({"operation": "thumbnail"}, "videos/key.jpg"),
        ({"operation": "thumbnail", "format": "webp"}, "videos/key.webp"),
        ({"operation": "transcode", "preset": "m4a-audio"}, "videos/key.m4a"),
        ({"operation": "transcode", "preset": "720p-h264", "output": "x/y"}, "x/y"),
    ],
)
def test_the_result_has_one_name_in_all_attempts(asked: dict[str, Any], name: str) -> None:
    assert PROCESS_VIDEO.parse({"source": FILE, **asked}).result_name("key") == name
