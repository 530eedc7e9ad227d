"""How ``process_video`` works: fetch the source to the disk, look at it, let ffmpeg make the result, store that."""

import errno
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tickwell.application.http_client import HttpRequest
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.tasks import ffmpeg
from tickwell.tasks.http_answer import has_retryable_status, retry_after_seconds
from tickwell.tasks.process_video import ProcessVideoPayload
from tickwell.tasks.video_presets import PICTURES, PRESETS, THREADS, Preset, picture_arguments
from tickwell.tasks.video_probe import Media, counts, media_of

LARGEST_BYTES = 4 * 1024**3
"""Of a source, and of a result; less where the disk has less room."""

_SPARED_BYTES = 32 * 1024**2
_FETCH_SECONDS = 600.0
_FETCHED_PERCENT, _MADE_PERCENT = 5.0, 95.0
_PICTURE_FROM_SECONDS = 10.0
_LONGEST_ATTEMPT_SECONDS = 870.0
_JUDGED_AFTER_SECONDS = 60.0


async def process(payload: ProcessVideoPayload, context: TaskContext) -> dict[str, Any]:
    """Run the attempt; the output. Raises AttemptFailedError and AttemptCancelledError."""
    try:
        with tempfile.TemporaryDirectory(prefix="video-") as folder:
            return await _Work(payload=payload, context=context, folder=Path(folder)).run()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise AttemptFailedError("NO_SPACE", "the worker's disk is full") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Work:
    payload: ProcessVideoPayload
    context: TaskContext
    folder: Path

    async def run(self) -> dict[str, Any]:
        source = self.folder / "source"
        await self.context.progress(0, "fetching the source")
        await self._fetch(source)
        media, size_bytes = await _probed(source), _size(source)
        duration_seconds = media.duration_seconds
        self.context.log("info", "the source was read", size_bytes=size_bytes, duration_seconds=duration_seconds)
        match self.payload.operation:
            case "probe":
                return media.summary(size_bytes)
            case "thumbnail":
                return await self._thumbnail(source, media)
            case _:
                return await self._transcode(source, media, PRESETS[self.payload.preset or ""])

    async def _fetch(self, path: Path) -> None:
        """The source as the file ``path``, in pieces: it may be larger than memory."""
        if self.payload.source.file is not None:
            await self.context.files.download(self.payload.source.file, path)
            return
        with path.open("wb") as opened:
            response = await self.context.http.send(
                HttpRequest(
                    method="GET",
                    url=self.payload.source.url or "",
                    timeout_seconds=_FETCH_SECONDS,
                    max_body_bytes=self._room(),
                    sink=opened.write,
                )
            )
        if not 200 <= response.status_code <= 299:
            retryable = has_retryable_status(response)
            raise AttemptFailedError(
                "HTTP_STATUS",
                f"the server of the source answered {response.status_code}",
                retryable=retryable,
                retry_after_seconds=retry_after_seconds(response, self.context.now()) if retryable else None,
            )
        if response.truncated:
            message = f"the source has more than the {_size(path)} bytes for which there is room"
            raise AttemptFailedError("SOURCE_TOO_LARGE", message, retryable=False)

    async def _thumbnail(self, source: Path, media: Media) -> dict[str, Any]:
        if media.film is None:
            raise AttemptFailedError("NO_VIDEO", "the source has no moving pictures", retryable=False)
        at_seconds = self._picture_at(media)
        picture = PICTURES[self.payload.format or "jpeg"]
        made, ran = await self._made(
            source,
            media,
            (*picture_arguments(picture, self.payload.width),),
            before=("-ss", f"{at_seconds:.3f}"),
            what="taking a picture",
        )
        shown = media_of(ran.wanted, result=True)
        size = None if shown is None else shown.film
        return {
            "file": await self._stored(made, picture.content_type),
            "at_seconds": at_seconds,
            "width": None if size is None else size.width,
            "height": None if size is None else size.height,
            "source": media.summary(_size(source)),
        }

    def _picture_at(self, media: Media) -> float:
        duration = media.duration_seconds
        if self.payload.at_seconds is None:
            return 0.0 if duration is None else min(duration / 10, _PICTURE_FROM_SECONDS)
        if duration is not None and self.payload.at_seconds >= duration:
            message = f"the video ends after {duration:g} s, so there is no picture at {self.payload.at_seconds:g} s"
            raise AttemptFailedError("AT_BEYOND_END", message, retryable=False)
        return self.payload.at_seconds

    async def _transcode(self, source: Path, media: Media, preset: Preset) -> dict[str, Any]:
        if preset.needs_film and media.film is None:
            raise AttemptFailedError("NO_VIDEO", "the source has no moving pictures", retryable=False)
        if not preset.needs_film and media.sound is None:
            raise AttemptFailedError("NO_AUDIO", "the source has no sound", retryable=False)
        made, _ = await self._made(source, media, preset.arguments, what=f"making {self.payload.preset}")
        result = await _probed(made)
        return {
            "file": await self._stored(made, preset.content_type),
            "preset": self.payload.preset,
            "source": media.summary(_size(source)),
            "result": result.summary(_size(made)),
        }

    async def _made(
        self, source: Path, media: Media, arguments: Sequence[str], *, before: Sequence[str] = (), what: str
    ) -> tuple[Path, ffmpeg.Ran]:
        """What ffmpeg makes of ``source``, and how it went."""
        made, room, began_at = self.folder / "made", self._room(), self.context.now()

        async def position(seconds: float) -> None:
            if not media.duration_seconds:
                await self.context.heartbeat()
                return
            share = min(seconds / media.duration_seconds, 1.0)
            await self.context.progress(_FETCHED_PERCENT + share * (_MADE_PERCENT - _FETCHED_PERCENT), what)
            _require_hope((self.context.now() - began_at).total_seconds(), share)

        await self.context.progress(_FETCHED_PERCENT, what)
        whole = [*arguments, *THREADS, "-fs", str(room), f"file:{made}"]
        ran = await ffmpeg.run(source, whole, before=before, on_position=position, wanted=_counts_or_complains)
        if ran.exit_code != 0:
            raise ffmpeg.failure(ran)
        if not made.exists() or _size(made) == 0:
            raise ffmpeg.corrupt("nothing of it can be decoded there")
        if _size(made) >= room:
            raise AttemptFailedError("RESULT_TOO_LARGE", f"the result has more than {room} bytes", retryable=False)
        complaints = sum(map(ffmpeg.is_complaint, ran.wanted))
        if complaints:
            self.context.log("warning", "parts of the source are damaged", at_least=complaints)
        return made, ran

    async def _stored(self, made: Path, content_type: str) -> dict[str, Any]:
        """The result as one of the tenant's files; how an output shows it."""
        await self.context.progress(_MADE_PERCENT, "storing the result")
        name = self.payload.result_name(self.context.idempotency_key)
        await self.context.files.upload(made, name, content_type=content_type)
        return {"name": name, "content_type": content_type, "size_bytes": _size(made)}

    def _room(self) -> int:
        """How many bytes may still be written."""
        free = shutil.disk_usage(self.folder).free - _SPARED_BYTES
        if free <= 0:
            raise AttemptFailedError("NO_SPACE", "the worker's disk is full")
        return min(free, LARGEST_BYTES)


def _require_hope(elapsed_seconds: float, share: float) -> None:
    """Raise for what would take twice the longest attempt at this pace: no retry could bring it to its end."""
    if elapsed_seconds >= _JUDGED_AFTER_SECONDS and elapsed_seconds > share * 2 * _LONGEST_ATTEMPT_SECONDS:
        message = f"after {elapsed_seconds:.0f} s {share:.0%} is done, and no attempt has more than 870 s"
        raise AttemptFailedError("TOO_LONG", message, retryable=False)


def _size(path: Path) -> int:
    return path.stat().st_size


def _counts_or_complains(line: str) -> bool:
    return counts(line) or ffmpeg.is_complaint(line)


async def _probed(path: Path) -> Media:
    """What ffmpeg says of a file. Raises AttemptFailedError ``CORRUPT_VIDEO`` or ``UNSUPPORTED_FORMAT``."""
    if _size(path) == 0:
        raise ffmpeg.corrupt("it is empty")
    ran = await ffmpeg.run(path, (), wanted=counts)
    media = media_of(ran.wanted)
    if media is None:
        raise ffmpeg.failure(ran)
    if not media.streams:
        raise ffmpeg.corrupt("it has no streams")
    return media
