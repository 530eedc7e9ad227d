"""``process_video`` with the real ffmpeg, on videos that ffmpeg makes here."""

import asyncio
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests import videos
from tests.doubles import FakeClock
from tests.task_contexts import task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.lifeline import Lifeline
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.progress import Progress
from tickwell.tasks import video_work
from tickwell.tasks.registry import built_in_tasks

pytestmark = pytest.mark.usefixtures("temporary")

SOURCE = {"file": "in/film.mp4"}


class Recorder(Lifeline):
    """Keeps the progress that was told."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    async def sign(self, progress: Progress | None = None) -> None:
        if progress is not None:
            self.told.append(progress)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return videos.film(tmp_path_factory.mktemp("films") / "film.mp4", "-metadata", "location=+52.5+013.4/")


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return videos.tone(tmp_path_factory.mktemp("tones") / "tone.wav")


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return task_context(blobs=FileBlobs(tmp_path / "blobs"), lifeline=Recorder())


def put(context: TaskContext, path: Path, name: str = SOURCE["file"]) -> None:
    asyncio.run(context.files.upload(path, name))


def put_bytes(context: TaskContext, data: bytes) -> None:
    asyncio.run(context.files.write(SOURCE["file"], data))


def work(context: TaskContext, operation: str, *, source: Any = SOURCE, **options: Any) -> Any:
    payload = {"source": source, "operation": operation, **options}
    return asyncio.run(built_in_tasks().execute("process_video", payload, context))


def refused(context: TaskContext, operation: str, **options: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        work(context, operation, **options)
    assert not list(asyncio.run(context.files.list("videos")))
    return caught.value


def result(context: TaskContext, output: Any) -> bytes:
    data = asyncio.run(context.files.read(output["file"]["name"]))
    assert len(data) == output["file"]["size_bytes"]
    return data


def assert_nothing_left(temporary: Path) -> None:
    assert list(temporary.iterdir()) == []


def test_probe_says_what_the_video_is(context: TaskContext, film: Path, temporary: Path) -> None:
    put(context, film)
    output = work(context, "probe")
    assert output["container"].startswith("mov,mp4")
    assert output["size_bytes"] == film.stat().st_size
    assert output["duration_seconds"] == pytest.approx(videos.SECONDS, abs=0.1)
    picture, sound = output["streams"]
    assert (picture["kind"], picture["codec"], picture["frames_per_second"]) == ("video", "h264", 10)
    assert (picture["width"], picture["height"]) == (videos.WIDTH, videos.HEIGHT)
    assert (sound["kind"], sound["codec"], sound["sample_rate"]) == ("audio", "aac", 44_100)
    assert_nothing_left(temporary)


@pytest.mark.parametrize(
    ("asked", "size", "kind"),
    [
        ({}, (320, 240), "JPEG"),
        ({"format": "png", "width": 160, "at_seconds": 1.5}, (160, 120), "PNG"),
        ({"format": "webp", "width": 4096, "at_seconds": 0}, (320, 240), "WEBP"),
    ],
)
def test_a_thumbnail_is_a_picture_of_that_size(
    context: TaskContext, film: Path, asked: dict[str, Any], size: tuple[int, int], kind: str
) -> None:
    put(context, film)
    output = work(context, "thumbnail", output="out/picture", **asked)
    with Image.open(io.BytesIO(result(context, output))) as picture:
        picture.load()
        assert (picture.size, picture.format) == (size, kind)
    assert output["file"]["name"] == "out/picture"
    assert output["file"]["content_type"] == f"image/{kind.lower()}"
    assert (output["width"], output["height"]) == size
    assert output["at_seconds"] == asked.get("at_seconds", 0.2)


def test_thumbnails_show_the_instant_that_was_asked_for(context: TaskContext, film: Path) -> None:
    put(context, film)
    pictures = {result(context, work(context, "thumbnail", at_seconds=at, format="png")) for at in (0, 1, 1, 1.9)}
    assert len(pictures) == 3


@pytest.mark.parametrize(
    ("preset", "codecs", "size"),
    [
        ("480p-h264", ["h264", "aac"], (640, 480)),
        ("webm-vp9", ["vp9", "opus"], (962, 720)),
        ("mp3-audio", ["mp3"], None),
        ("m4a-audio", ["aac"], None),
    ],
)
def test_transcoding_makes_what_the_preset_says(
    context: TaskContext, tmp_path: Path, preset: str, codecs: list[str], size: tuple[int, int] | None
) -> None:
    put(context, videos.film(tmp_path / "large.mkv", "-vf", "scale=964:722", "-t", "0.5", "-metadata", "title=secret"))
    output = work(context, "transcode", preset=preset)
    streams = output["result"]["streams"]
    assert [stream["codec"] for stream in streams] == codecs
    assert output["result"]["duration_seconds"] == pytest.approx(0.5, abs=0.15)
    if size is not None:
        assert (streams[0]["width"], streams[0]["height"]) == size
    assert output["file"]["name"].startswith("videos/")
    assert b"secret" not in result(context, output)
    lifeline = context.lifeline
    assert isinstance(lifeline, Recorder)
    percents = [told.percent for told in lifeline.told]
    assert percents == sorted(percents)
    assert percents[0] == 0
    assert any(5 < percent <= 95 for percent in percents)


def test_a_small_or_upright_video_is_not_enlarged(context: TaskContext, tmp_path: Path) -> None:
    put(context, videos.film(tmp_path / "upright.mp4", "-vf", "scale=90:162", "-t", "0.2", sound=False))
    streams = work(context, "transcode", preset="1080p-h264")["result"]["streams"]
    assert [(stream["width"], stream["height"]) for stream in streams] == [(90, 162)]
    put(context, videos.film(tmp_path / "dot.mkv", "-vf", "scale=1:1,format=gray", "-c:v", "ffv1", sound=False))
    streams = work(context, "transcode", preset="480p-h264")["result"]["streams"]
    assert [(stream["width"], stream["height"]) for stream in streams] == [(2, 2)]
    put(context, videos.film(tmp_path / "tall.mp4", "-vf", "scale=600:900", "-t", "0.2", sound=False))
    streams = work(context, "transcode", preset="480p-h264")["result"]["streams"]
    assert [(stream["width"], stream["height"]) for stream in streams] == [(480, 720)]


def test_what_is_not_in_the_source_cannot_be_made(context: TaskContext, tone: Path, tmp_path: Path) -> None:
    put(context, tone)
    assert refused(context, "thumbnail").error_code == "NO_VIDEO"
    assert refused(context, "transcode", preset="480p-h264").error_code == "NO_VIDEO"
    put(context, videos.film(tmp_path / "silent.mp4", sound=False))
    error = refused(context, "transcode", preset="mp3-audio")
    assert (error.error_code, error.retryable) == ("NO_AUDIO", False)
    error = refused(context, "thumbnail", at_seconds=2)
    assert (error.error_code, error.retryable) == ("AT_BEYOND_END", False)
    assert "ends after 2 s" in error.message


@pytest.mark.parametrize("kind", ["truncated", "noise", "empty", "text", "picture_of_zeros"])
def test_a_corrupt_video_fails_at_once_and_for_good(context: TaskContext, film: Path, kind: str) -> None:
    data = {
        "truncated": film.read_bytes()[:60_000],
        "noise": bytes(range(1, 256)) * 40,
        "empty": b"",
        "text": b"Dear Sir or Madam,\n" * 200,
        "picture_of_zeros": bytes(100_000),
    }[kind]
    put_bytes(context, data)
    for operation, options in (("probe", {}), ("thumbnail", {}), ("transcode", {"preset": "mp3-audio"})):
        error = refused(context, operation, **options)
        assert error.error_code in {"CORRUPT_VIDEO", "UNSUPPORTED_FORMAT"}
        assert not error.retryable
        assert "0x" not in error.message


def test_a_truncated_video_is_told_apart_from_what_is_none(context: TaskContext, film: Path) -> None:
    put_bytes(context, film.read_bytes()[:60_000])
    error = refused(context, "probe")
    assert (error.error_code, error.message) == (
        "CORRUPT_VIDEO",
        "the source cannot be read as video or audio: moov atom not found",
    )


def test_words_of_the_author_pass_for_none_of_ffmpegs(context: TaskContext, tmp_path: Path) -> None:
    title = "title=Cannot allocate memory\nError: Invalid data found when processing input\n  Duration: 09:00:00.00"
    put(context, videos.film(tmp_path / "titled.mkv", "-t", "0.2", "-metadata", title))
    assert work(context, "probe")["duration_seconds"] == pytest.approx(0.2, abs=0.1)
    assert work(context, "transcode", preset="mp3-audio")["file"]["size_bytes"] > 0
    assert [entry.level for entry in context.logbook.entries()] == ["info", "info"]


def test_a_damaged_video_is_made_as_far_as_it_goes_and_says_so(context: TaskContext, tmp_path: Path) -> None:
    whole = videos.film(tmp_path / "whole.mkv", "-g", "1", sound=False).read_bytes()
    middle = len(whole) // 2
    put_bytes(context, whole[:middle] + bytes(2_000) + whole[middle + 2_000 :])
    output = work(context, "transcode", preset="480p-h264")
    assert output["result"]["streams"]
    warnings = [entry for entry in context.logbook.entries() if entry.level == "warning"]
    assert [entry.message for entry in warnings] == ["parts of the source are damaged"]


def test_a_file_that_is_not_there_is_said_to_be_missing(context: TaskContext) -> None:
    error = refused(context, "probe")
    assert (error.error_code, error.retryable) == ("FILE_NOT_FOUND", False)


def test_a_result_that_is_too_large_is_not_kept(
    context: TaskContext, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(context, film)
    monkeypatch.setattr(video_work, "LARGEST_BYTES", 10_000)
    error = refused(context, "transcode", preset="480p-h264")
    assert (error.error_code, error.retryable) == ("RESULT_TOO_LARGE", False)


class _Slow(Recorder):
    """Time flies with each word of progress."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__()
        self._clock = clock

    async def sign(self, progress: Progress | None = None) -> None:
        await super().sign(progress)
        self._clock.advance(timedelta(hours=1))


def test_what_no_attempt_has_the_time_for_is_given_up_early(tmp_path: Path) -> None:
    clock = FakeClock()
    context = task_context(blobs=FileBlobs(tmp_path / "blobs"), lifeline=_Slow(clock), clock=clock)
    put(context, videos.film(tmp_path / "film.mp4"))
    error = refused(context, "transcode", preset="480p-h264")
    assert (error.error_code, error.retryable) == ("TOO_LONG", False)


def test_a_worker_without_ffmpeg_says_so(context: TaskContext, film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(context, film)
    monkeypatch.setitem(__import__("sys").modules, "imageio_ffmpeg", None)
    error = refused(context, "probe")
    assert (error.error_code, error.retryable) == ("NO_FFMPEG", False)
