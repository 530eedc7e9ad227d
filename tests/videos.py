"""Videos for tests, made by the ffmpeg that the task uses. Small ones: a second or two of a test picture."""

import subprocess
from pathlib import Path

from tickwell.tasks.ffmpeg import program

SECONDS = 2
WIDTH, HEIGHT = 320, 240
_PICTURE = ("-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r=10:d={SECONDS}")
_TONE = ("-f", "lavfi", "-i", f"sine=d={SECONDS}")
_QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg without any of our limits; raises CalledProcessError."""
    quiet = ("-hide_banner", "-nostdin", "-loglevel", "error", "-y")
    subprocess.run([program(), *quiet, *arguments], check=True, capture_output=True, timeout=60)


def film(path: Path, *options: str, sound: bool = True) -> Path:
    """A moving picture, with a tone; ``options`` are of the output."""
    inputs = (*_PICTURE, *_TONE) if sound else _PICTURE
    ffmpeg(*inputs, *_QUICK, *options, str(path))
    return path


def tone(path: Path) -> Path:
    """Sound alone."""
    ffmpeg(*_TONE, str(path))
    return path


def long_film(path: Path, seconds: int) -> Path:
    """A film of tiny pictures that takes long to transcode because there are so many."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=s=64x64:r=60:d={seconds}", *_QUICK, "-g", "600", str(path))
    return path
