"""Reading what ffmpeg prints of a file, whatever the file's author wrote into it."""

import pytest

from tickwell.tasks.video_probe import counts, media_of

FILM = """\
[mov,mp4 @ 0x1] something odd
Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'fd:':
  Metadata:
    title           : a
                    :   Duration: 99:00:00.00, start: 0.0, bitrate: 1 kb/s
                    :   Stream #0:9: Video: evil, yuv420p, 1x1, 1 fps
  Duration: 01:02:03.50, start: -0.040000, bitrate: 462 kb/s
  Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p(tv, bt709), 1920x1080 [SAR 1:1 DAR 16:9], \
383 kb/s, 29.97 fps, 29.97 tbr, 10240 tbn (default)
    Metadata:
      handler_name    : , 7x7, 99 fps
    Side data:
      Display Matrix: rotation of -90.00 degrees
  Stream #0:1[0x2](deu): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, 5.1(side), fltp, 69 kb/s (default)
  Stream #0:2: Video: mjpeg (Baseline), yuvj420p(pc), 600x600, 90k tbr, 90k tbn (attached pic)
  Stream #0:3(eng): Subtitle: mov_text (tx3g / 0x67337874), 0 kb/s
At least one output file must be specified
  Duration: 00:00:09.00, start: 0.000000, bitrate: 1 kb/s
"""


def test_a_film_with_all_that_it_may_have() -> None:
    media = media_of(FILM.splitlines())
    assert media is not None
    assert media.summary(77) == {
        "container": "mov,mp4,m4a,3gp,3g2,mj2",
        "size_bytes": 77,
        "duration_seconds": 3723.5,
        "bit_rate": 462_000,
        "streams": [
            {
                "index": 0,
                "kind": "video",
                "codec": "h264",
                "bit_rate": 383_000,
                "width": 1920,
                "height": 1080,
                "frames_per_second": 29.97,
                "rotation_degrees": -90.0,
            },
            {
                "index": 1,
                "kind": "audio",
                "codec": "aac",
                "language": "deu",
                "bit_rate": 69_000,
                "sample_rate": 44_100,
                "channels": "5.1(side)",
            },
            {"index": 2, "kind": "video", "codec": "mjpeg", "width": 600, "height": 600, "is_picture": True},
            {"index": 3, "kind": "subtitle", "codec": "mov_text", "language": "eng", "bit_rate": 0},
        ],
    }
    assert media.film is media.streams[0]
    assert media.sound is media.streams[1]


def test_a_cover_is_no_film() -> None:
    lines = [line for line in FILM.splitlines() if "#0:0" not in line]
    media = media_of(lines)
    assert media is not None
    assert media.film is None


def test_the_same_comes_out_of_the_lines_that_count() -> None:
    lines = FILM.splitlines()
    kept = [line for line in lines if counts(line)]
    assert len(kept) < len(lines)
    assert media_of(kept[:-1]) == media_of(lines)


@pytest.mark.parametrize(
    ("said", "duration", "bit_rate"),
    [
        ("  Duration: N/A, bitrate: N/A", None, None),
        ("  Duration: N/A, start: 0.000000, bitrate: 8 kb/s", None, 8_000),
        ("  Duration: 00:00:02.00, bitrate: N/A", 2.0, None),
        ("  Duration: 00:00:00.04, start: 0.000000, bitrate: 0 kb/s", 0.04, 0),
        ("", None, None),
    ],
)
def test_what_is_not_known_is_none(said: str, duration: float | None, bit_rate: int | None) -> None:
    media = media_of(["Input #0, h264, from 'fd:':", said])
    assert media is not None
    assert (media.duration_seconds, media.bit_rate) == (duration, bit_rate)


@pytest.mark.parametrize("lines", [[], ["[in#0 @ 0x1] moov atom not found"], ["  Duration: 00:00:02.00"]])
def test_what_could_not_be_opened_is_nothing(lines: list[str]) -> None:
    assert media_of(lines) is None


def test_the_result_stands_behind_the_source() -> None:
    lines = [
        *FILM.splitlines()[:8],
        "Output #0, image2, to 'file:/x':",
        "  Stream #0:0: Video: mjpeg, yuvj420p, 100x76",
    ]
    media = media_of(lines, result=True)
    assert media is not None
    assert media.film is not None
    assert (media.film.width, media.film.height) == (100, 76)
