"""The ffmpeg program: found, run, followed, ended.

What it reads are files of strangers. So it reads one open descriptor and may open nothing else (``fd`` is the only
protocol of its inputs), it takes no formats that name other files (playlists, ffconcat), and it is bound by the limit
of memory that the task's process has. It dies with that process, whose group it belongs to.
"""

import asyncio
import re
import signal
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tickwell.domain.errors import AttemptFailedError

FORMATS = (
    *("mov", "matroska", "avi", "flv", "mpeg", "mpegts", "mpegvideo", "m4v", "h264", "hevc", "ivf", "ogg", "asf"),
    *("mxf", "gif", "mp3", "wav", "flac", "aac", "aiff", "amr", "caf"),
)
"""Demuxers that read one file and nothing else. ``mov`` stands for mp4, m4a and 3gp, ``matroska`` for webm."""

_THREADS = "2"
_ENVIRONMENT = {"LC_ALL": "C", "MALLOC_ARENA_MAX": "2", "AV_LOG_FORCE_NOCOLOR": "1"}
"""All of it: what a task process has in its own, such as its role's credentials, is not for strangers' files."""

_LINES_KEPT = 40
_LONGEST_LINE = 2_000
_MOST_WANTED = 500
_PIECE = 64 * 1024
_INVALID_DATA = "Invalid data found when processing input"
_STARVED = (
    "Cannot allocate memory",
    "Memory allocation error",
    "Resource temporarily unavailable",  # a thread without room for its stack
    "Error while opening encoder",  # x264 says no more; what the presets ask of it is sound
)
_DAMAGE = (_INVALID_DATA, "corrupt decoded frame", "corrupt input packet")
_TOO_MANY_DECODE_ERRORS = 69
_ORIGIN = re.compile(r"\[[^\]]{1,60} @ 0x[0-9a-f]+\] ?")

Position = Callable[[float], Awaitable[None]]
"""Is told, about once a second, how many seconds of the result are written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """How a run of ffmpeg ended, the last that it said, and the first lines that ``wanted`` were."""

    exit_code: int
    lines: tuple[str, ...]
    wanted: tuple[str, ...]

    @property
    def said(self) -> str:
        """The last lines as one text, without those that tell what the source's author wrote: they are indented."""
        return "\n".join(line for line in self.lines if not line.startswith(" "))


def program() -> str:
    """The path of ffmpeg. Raises AttemptFailedError ``NO_FFMPEG``, not retryable, where this worker has none."""
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # noqa: PLC0415 - only the heavy lane's worker has it
    except ImportError as error:
        raise _no_ffmpeg() from error
    try:
        return str(get_ffmpeg_exe())
    except RuntimeError as error:
        raise _no_ffmpeg() from error


async def run(
    source: Path,
    arguments: Sequence[str],
    *,
    before: Sequence[str] = (),
    on_position: Position | None = None,
    wanted: Callable[[str], bool] | None = None,
) -> Ran:
    """Run ffmpeg on ``source``; ``before`` are options of the input, ``arguments`` all that comes behind it.

    Whatever ends the call ends ffmpeg too. Raises AttemptFailedError: ``NO_FFMPEG``, ``OUT_OF_MEMORY`` and, retryable,
    ``NO_SPACE`` and ``FFMPEG_KILLED``; and what ``on_position`` raises.
    """
    command = [program(), "-hide_banner", "-nostdin", "-nostats", "-progress", "pipe:1", "-stats_period", "1", "-y"]
    command += ["-filter_threads", _THREADS, "-threads", _THREADS, "-protocol_whitelist", "fd"]
    command += ["-format_whitelist", ",".join(FORMATS), *before, "-i", "fd:", *arguments]
    with source.open("rb") as opened:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=source.parent,
            env=_ENVIRONMENT,
            stdin=opened,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    listening = asyncio.create_task(_listen(process.stderr, wanted))
    try:
        await _follow(process.stdout, on_position)
        last, told = await listening
        ran = Ran(exit_code=await process.wait(), lines=last, wanted=told)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        listening.cancel()
        await process.wait()
    _require_sound_end(ran)
    return ran


async def _follow(output: asyncio.StreamReader | None, on_position: Position | None) -> None:
    """Read what ``-progress`` writes until ffmpeg has closed it."""
    async for line in _lines(output):
        name, _, value = line.partition("=")
        if on_position is not None and name == "out_time_us" and value.isdigit():  # "N/A" before the first frame
            await on_position(int(value) / 1_000_000)


async def _listen(
    output: asyncio.StreamReader | None, wanted: Callable[[str], bool] | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The last lines, and the first of those that are wanted: a file's author may make ffmpeg print any number."""
    last: deque[str] = deque(maxlen=_LINES_KEPT)
    told: list[str] = []
    async for line in _lines(output):
        last.append(line)
        if wanted is not None and len(told) < _MOST_WANTED and wanted(line):
            told.append(line)
    return tuple(last), tuple(told)


async def _lines(output: asyncio.StreamReader | None) -> AsyncIterator[str]:
    """What comes from ffmpeg, line by line; what is longer than a line should be is cut."""
    rest = b""
    while output is not None and (piece := await output.read(_PIECE)):
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line[:_LONGEST_LINE].decode("utf-8", "replace").rstrip()
        rest = rest[:_LONGEST_LINE]
    if rest:
        yield rest.decode("utf-8", "replace")


def _require_sound_end(ran: Ran) -> None:
    """Raise for what has nothing to do with the source."""
    if ran.exit_code == -signal.SIGKILL:
        raise AttemptFailedError("FFMPEG_KILLED", "the system ended ffmpeg, which most often means: too little memory")
    if ran.exit_code == 0:
        return
    if any(words in ran.said for words in _STARVED):
        message = "ffmpeg would need more memory than a task has (TICKWELL_TASK_MEMORY_MB)"
        raise AttemptFailedError("OUT_OF_MEMORY", message, retryable=False)
    if "No space left on device" in ran.said:
        raise AttemptFailedError("NO_SPACE", "the worker's disk is full: the source or the result is too large for it")


def failure(ran: Ran) -> AttemptFailedError:
    """What to say of a run that failed, none of it retryable: a fault of the source, or of what was asked for."""
    if ran.exit_code < 0:
        return corrupt(f"ffmpeg crashed on it ({signal.Signals(-ran.exit_code).name})")
    if "Format not on whitelist" in ran.said:
        message = f"the source is not of a format that is taken: {', '.join(FORMATS)}"
        return AttemptFailedError("UNSUPPORTED_FORMAT", message, retryable=False)
    if ran.exit_code == _TOO_MANY_DECODE_ERRORS:
        return corrupt("most of it cannot be decoded")
    reason = reason_of(ran)
    if _INVALID_DATA in ran.said:
        return corrupt(reason)
    return AttemptFailedError("FFMPEG_FAILED", f"ffmpeg could not do it: {reason}", retryable=False)


def is_complaint(line: str) -> bool:
    """Whether a line says that a part of the source is damaged."""
    return line.startswith("[") and any(words in line for words in _DAMAGE)


def corrupt(reason: str) -> AttemptFailedError:
    """The source is no sound video."""
    message = f"the source cannot be read as video or audio: {reason}"
    return AttemptFailedError("CORRUPT_VIDEO", message, retryable=False)


def reason_of(ran: Ran) -> str:
    """The first of ffmpeg's last lines that tells of an error, without its addresses of memory."""
    lines = [_ORIGIN.sub("", line).strip() for line in ran.lines if line.startswith("[")]
    told = [line for line in lines if line and not line.startswith(("Error opening input", "Last message repeated"))]
    return (told or lines or ["it does not say why"])[0][:300]


def _no_ffmpeg() -> AttemptFailedError:
    message = "this worker has no ffmpeg: it needs the package imageio-ffmpeg (on AWS the media layer)"
    return AttemptFailedError("NO_FFMPEG", message, retryable=False)
