"""Files that try to make ffmpeg read other files, or call somebody, are refused; and what they could do otherwise."""

import asyncio
from pathlib import Path

import pytest

from tests import videos
from tests.task_contexts import task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.tasks.registry import built_in_tasks


@pytest.fixture
def context(tmp_path: Path) -> TaskContext:
    return task_context(blobs=FileBlobs(tmp_path / "blobs"))


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A film that belongs to somebody else on the same machine."""
    return videos.film(tmp_path / "secret.mkv", "-t", "0.2", sound=False)


def attacks(secret: Path) -> dict[str, bytes]:
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    return {
        "ffconcat": f"ffconcat version 1.0\nfile '{secret}'\n".encode(),
        "playlist": playlist.encode(),
        "playlist to an address": playlist.replace(f"file://{secret}", "http://127.0.0.1:9/x").encode(),
        "playlist behind a head of AVI": b"RIFF\x00\x00\x00\x00AVI " + playlist.encode(),
        "dash": f'<MPD profiles="urn:mpeg:dash:profile:isoff-live:2011"><BaseURL>{secret}</BaseURL></MPD>'.encode(),
        "session description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n",
        "imf": b'<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016"/>',
        "picture list": b"<svg xmlns='http://www.w3.org/2000/svg'><image href='file:///etc/passwd'/></svg>",
        "a path": str(secret).encode(),
    }


@pytest.mark.parametrize("kind", sorted(attacks(Path("x"))))
def test_a_file_that_names_others_is_refused(context: TaskContext, secret: Path, kind: str) -> None:
    asyncio.run(context.files.write("attack.mp4", attacks(secret)[kind]))
    for operation in ("probe", "thumbnail"):
        payload = {"source": {"file": "attack.mp4"}, "operation": operation}
        with pytest.raises(AttemptFailedError) as caught:
            asyncio.run(built_in_tasks().execute("process_video", payload, context))
        assert caught.value.error_code in {"UNSUPPORTED_FORMAT", "CORRUPT_VIDEO"}
        assert not caught.value.retryable


def test_without_our_limits_such_a_file_would_be_read(secret: Path, tmp_path: Path) -> None:
    attack, taken = tmp_path / "attack.txt", tmp_path / "taken.png"
    attack.write_bytes(attacks(secret)["ffconcat"])
    videos.ffmpeg("-safe", "0", "-i", str(attack), "-frames:v", "1", str(taken))
    assert taken.stat().st_size > 0


def test_a_film_that_refers_to_another_file_for_its_data_gets_none(context: TaskContext, tmp_path: Path) -> None:
    film = videos.film(tmp_path / "film.mov", "-t", "0.2", sound=False).read_bytes()
    own, alien = b"\x00\x00\x00\x0curl \x00\x00\x00\x01", b"\x00\x00\x00\x0calis\x00\x00\x00\x00"
    assert own in film
    asyncio.run(context.files.write("refers.mov", film.replace(own, alien)))
    payload = {"source": {"file": "refers.mov"}, "operation": "probe"}
    output = asyncio.run(built_in_tasks().execute("process_video", payload, context))
    assert output["streams"][0]["kind"] == "video"
