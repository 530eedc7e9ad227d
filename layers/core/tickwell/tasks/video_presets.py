"""What ``process_video`` can make of a video: named presets for whole files, formats for single pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

THREADS = ("-threads", "2")
_CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn")
"""Nothing goes along that its author may not want to show, such as the place where it was filmed."""

_FILM, _SOUND, _SOUND_IF_ANY = ("-map", "0:V:0"), ("-map", "0:a:0"), ("-map", "0:a:0?")
_AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
_MP4 = ("-movflags", "+faststart", "-f", "mp4")


@dataclass(frozen=True, kw_only=True, slots=True)
class Preset:
    """How a file is made. ``needs_film`` False: only its sound goes into it."""

    extension: str
    content_type: str
    arguments: tuple[str, ...]
    needs_film: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """How a single picture is made."""

    extension: str
    content_type: str
    arguments: tuple[str, ...]


def _fitted(short_side: int) -> tuple[str, ...]:
    """Scaled down, never up, so that the shorter side fits; both sides even, as the codecs want them."""
    fitting = f"max(2,trunc(min({short_side},{{}})/2)*2)"
    wide, high = fitting.format("iw"), fitting.format("ih")
    return ("-vf", f"scale=w='if(gt(iw,ih),-2,{wide})':h='if(gt(iw,ih),{high},-2)',format=yuv420p")


def _h264(short_side: int) -> Preset:
    return Preset(
        extension="mp4",
        content_type="video/mp4",
        arguments=(
            *(*_FILM, *_SOUND_IF_ANY, *_CLEAN, *_fitted(short_side)),
            *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-profile:v", "high", *_AAC, *_MP4),
        ),
    )


def _vp9(short_side: int) -> Preset:
    return Preset(
        extension="webm",
        content_type="video/webm",
        arguments=(
            *(*_FILM, *_SOUND_IF_ANY, *_CLEAN, *_fitted(short_side)),
            *("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "5", "-row-mt", "1"),
            *("-crf", "34", "-b:v", "0"),
            *("-c:a", "libopus", "-b:a", "96k", "-ac", "2", "-f", "webm"),
        ),
    )


PRESETS = {
    "1080p-h264": _h264(1080),
    "720p-h264": _h264(720),
    "480p-h264": _h264(480),
    "webm-vp9": _vp9(720),
    "mp3-audio": Preset(
        extension="mp3",
        content_type="audio/mpeg",
        needs_film=False,
        arguments=(*_SOUND, *_CLEAN, "-vn", "-c:a", "libmp3lame", "-b:a", "160k", "-ac", "2", "-f", "mp3"),
    ),
    "m4a-audio": Preset(
        extension="m4a",
        content_type="audio/mp4",
        needs_film=False,
        arguments=(*_SOUND, *_CLEAN, "-vn", *_AAC, *_MP4),
    ),
}
"""By name. ``720p`` means that the shorter side has at most 720 points, whichever way the picture lies."""

PICTURES = {
    "jpeg": Picture(
        extension="jpg", content_type="image/jpeg", arguments=("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")
    ),
    "png": Picture(extension="png", content_type="image/png", arguments=("-c:v", "png", "-pix_fmt", "rgb24")),
    "webp": Picture(extension="webp", content_type="image/webp", arguments=("-c:v", "libwebp", "-quality", "80")),
}
"""By format."""


def picture_arguments(picture: Picture, width: int | None) -> Sequence[str]:
    """The arguments for one picture, at most ``width`` points wide (None: as wide as the video)."""
    scale = () if width is None else ("-vf", f"scale=w='min({width},iw)':h=-2")
    return (*_FILM, *_CLEAN, "-an", *scale, "-frames:v", "1", "-update", "1", *picture.arguments, "-f", "image2")
