"""What ffmpeg says of a file, as data. The package brings no ffprobe, so it is read from what ffmpeg prints.

That can be read safely: what a file's author wrote (titles, languages, handlers) stands deeper than the lines that
count, which begin with exactly two spaces, and line breaks in it are printed with an indent of their own.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

_INPUT = re.compile(r"Input #0, ([A-Za-z0-9_,]+), from 'fd:':")
_OUTPUT = re.compile(r"Output #0, ([A-Za-z0-9_,]+), to '[^']*+':")
_DURATION = re.compile(
    r"  Duration: (?:(\d+):(\d\d):(\d\d\.\d+)|N/A)(?:, start: -?[\d.]+)?(?:, bitrate: (?:(\d+) kb/s|N/A))?"
)
_STREAM = re.compile(
    r"  Stream #0:(?P<index>\d+)(?:\[0x[0-9a-f]+\])?(?:\((?P<language>[a-z]{3})\))?: "
    r"(?P<kind>Video|Audio|Subtitle|Data|Attachment): (?P<codec>[a-z0-9_]+)(?P<rest>.*)"
)
_DIMENSIONS = re.compile(r", (\d+)x(\d+)(?=[ ,]|$)")
_FRAME_RATE = re.compile(r", ([\d.]+)(k?) fps(?=,|$)")
_SOUND = re.compile(r", (\d+) Hz, ([^,]+)")
_BIT_RATE = re.compile(r", (\d+) kb/s(?=[ ,]|$)")
_ROTATION = re.compile(r" {6,}(?:Display Matrix|displaymatrix): rotation of (-?[\d.]+) degrees")
_PICTURE = "(attached pic)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """One stream of a file. ``is_picture``: a cover, not a film. What does not apply or is not known is None."""

    index: int
    kind: str
    codec: str
    language: str | None = None
    bit_rate: int | None = None
    width: int | None = None
    height: int | None = None
    frames_per_second: float | None = None
    rotation_degrees: float | None = None
    sample_rate: int | None = None
    channels: str | None = None
    is_picture: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A file as ffmpeg sees it; ``bit_rate`` is in bits per second."""

    container: str
    duration_seconds: float | None
    bit_rate: int | None
    streams: tuple[Stream, ...]

    @property
    def film(self) -> Stream | None:
        """The first stream of moving pictures."""
        return next((one for one in self.streams if one.kind == "video" and not one.is_picture), None)

    @property
    def sound(self) -> Stream | None:
        """The first stream of sound."""
        return next((one for one in self.streams if one.kind == "audio"), None)

    def summary(self, size_bytes: int) -> dict[str, Any]:
        """For an output."""
        return {
            "container": self.container,
            "size_bytes": size_bytes,
            "duration_seconds": self.duration_seconds,
            "bit_rate": self.bit_rate,
            "streams": [_told(stream) for stream in self.streams],
        }


def media_of(lines: Iterable[str], *, result: bool = False) -> Media | None:
    """What ``lines`` say of the input, or of the ``result``; None where ffmpeg could not open it."""
    told, begins = iter(lines), _OUTPUT if result else _INPUT
    opened = next((found for line in told if (found := begins.fullmatch(line))), None)
    if opened is None:
        return None
    duration: float | None = None
    bit_rate: int | None = None
    streams: list[Stream] = []
    for line in _indented(told):
        if (stated := _DURATION.match(line)) is not None:
            duration, bit_rate = _seconds(stated), _kilo(stated[4])
        elif (found := _STREAM.fullmatch(line)) is not None:
            streams.append(_stream(found))
        elif streams and (turned := _ROTATION.fullmatch(line)) is not None:
            streams[-1] = replace(streams[-1], rotation_degrees=float(turned[1]))
    return Media(container=opened[1], duration_seconds=duration, bit_rate=bit_rate, streams=tuple(streams))


def counts(line: str) -> bool:
    """Whether ``media_of`` has a use for ``line``: the rest is as long as a file's author likes."""
    return any(pattern.match(line) for pattern in (_INPUT, _OUTPUT, _DURATION, _STREAM, _ROTATION))


def _indented(lines: Iterator[str]) -> Iterator[str]:
    """The lines about one file, up to where another thing begins."""
    for line in lines:
        if not line.startswith(" "):
            return
        yield line


def _seconds(stated: re.Match[str]) -> float | None:
    return None if stated[1] is None else int(stated[1]) * 3600 + int(stated[2]) * 60 + float(stated[3])


def _kilo(number: str | None) -> int | None:
    return None if number is None else int(number) * 1000


def _stream(found: re.Match[str]) -> Stream:
    rest = found["rest"]
    size, rate, sound = (pattern.search(rest) for pattern in (_DIMENSIONS, _FRAME_RATE, _SOUND))
    bit_rate = _BIT_RATE.search(rest)
    language = found["language"]
    return Stream(
        index=int(found["index"]),
        kind=found["kind"].lower(),
        codec=found["codec"],
        language=None if language == "und" else language,
        bit_rate=None if bit_rate is None else _kilo(bit_rate[1]),
        width=None if size is None else int(size[1]),
        height=None if size is None else int(size[2]),
        frames_per_second=None if rate is None else float(rate[1]) * (1000 if rate[2] else 1),
        sample_rate=None if sound is None else int(sound[1]),
        channels=None if sound is None else sound[2],
        is_picture=_PICTURE in rest,
    )


def _told(stream: Stream) -> dict[str, Any]:
    """As part of an output: without what does not apply."""
    whole = {**asdict(stream), "is_picture": stream.is_picture or None}
    return {name: value for name, value in whole.items() if value is not None}
