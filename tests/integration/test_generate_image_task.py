"""``generate_image``: what is drawn here is a real image, and what comes is kept as files of the tenant."""

import asyncio
import io
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.images import PNG_BYTES, order
from tests.task_contexts import task_context
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.application.attempt_secrets import NoSecrets
from tickwell.application.making_images import TakingTurns
from tickwell.application.ports import ImageMaker
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.image import ImageOrder, MadeImage, MadeImages
from tickwell.domain.task_file import file_blob
from tickwell.tasks.drawn_images import DrawnImages
from tickwell.tasks.registry import built_in_tasks


class Notes:
    """Notes orders; gives PNGs."""

    def __init__(self) -> None:
        self.orders: list[ImageOrder] = []
        self.at_once = self.most = 0

    async def make(self, wanted: ImageOrder) -> MadeImages:
        """See ``ImageMaker``."""
        self.orders.append(wanted)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        image = MadeImage(data=PNG_BYTES, content_type="image/png", revised_prompt="Another")
        return MadeImages(images=(image,) * wanted.count, provider="notes", model="none")


class OneSecret(NoSecrets):
    """A tenant's key."""

    async def get(self, name: str) -> str:
        """See ``AttemptSecrets``."""
        return "sk-mine" if name == "mine" else await super().get(name)


def context_in(folder: Path, images: ImageMaker, **fields: Any) -> TaskContext:
    return task_context(blobs=FileBlobs(folder), images=images, **fields)


def run(context: TaskContext, **payload: Any) -> Any:
    return asyncio.run(built_in_tasks().execute("generate_image", {"prompt": "A lighthouse", **payload}, context))


def test_drawn_images_are_real_ones_of_the_size_that_was_asked_for(tmp_path: Path) -> None:
    context = context_in(tmp_path, DrawnImages())
    output = run(context, prompt="Grüße from a lighthouse " * 20, size="320x200", count=2)
    names = [f"images/{context.execution_id}-{number}.png" for number in (1, 2)]
    assert [each["file"]["name"] for each in output["files"]] == names
    assert (output["provider"], output["size"]) == ("local", "320x200")
    contents = [FileBlobs(tmp_path).get(file_blob("t1", name)) for name in names]
    for content, each in zip(contents, output["files"], strict=True):
        assert each["file"] == {**each["file"], "content_type": "image/png", "size_bytes": len(content)}
        with Image.open(io.BytesIO(content)) as image:
            assert (image.format, image.size) == ("PNG", (320, 200))
            colours = image.convert("RGB").getcolors(320 * 200)
        assert colours is not None
        assert max(min(colour) for _, colour in colours if isinstance(colour, tuple)) > 150, "nothing is written on it"
    assert contents[0] != contents[1]


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "x" * 4000, "width": 64, "height": 64},
        {"prompt": "日本語 \U0001f5fc", "width": 64, "height": 2048},
        {"prompt": "a", "width": 2048, "height": 64},
        {"prompt": "\t", "width": 64, "height": 64},
    ],
)
def test_any_prompt_can_be_drawn(changes: dict[str, Any]) -> None:
    (image,) = asyncio.run(DrawnImages().make(order(**changes))).images
    with Image.open(io.BytesIO(image.data)) as opened:
        assert opened.size == (changes["width"], changes["height"])


def test_the_same_order_is_drawn_alike_and_another_seed_otherwise() -> None:
    first, again, other = (
        asyncio.run(DrawnImages().make(order(width=64, height=64, options=options))).images[0].data
        for options in ({}, {}, {"seed": 1})
    )
    assert first == again != other


def test_without_the_library_drawing_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(AttemptFailedError, match="Pillow") as caught:
        asyncio.run(DrawnImages().make(order()))
    assert (caught.value.error_code, caught.value.retryable) == ("IMAGES_NOT_AVAILABLE", False)


def test_the_provider_gets_the_order_with_the_tenants_own_key(tmp_path: Path) -> None:
    maker = Notes()
    context = context_in(tmp_path, maker, secrets=OneSecret())
    output = run(context, size="640x480", count=3, options={"quality": "high"}, key_secret="mine")
    (wanted,) = maker.orders
    assert (wanted.width, wanted.height, wanted.count, wanted.key) == (640, 480, 3, "sk-mine")
    assert (wanted.options, wanted.idempotency_key) == ({"quality": "high"}, context.idempotency_key)
    assert [each["revised_prompt"] for each in output["files"]] == ["Another"] * 3
    assert "sk-mine" not in str(output)
    with pytest.raises(AttemptFailedError) as caught:
        run(context, key_secret="other")
    assert caught.value.error_code == "SECRET_NOT_FOUND"


def test_each_attempt_has_files_of_its_own(tmp_path: Path) -> None:
    names = [run(context_in(tmp_path, Notes(), attempt=attempt))["files"][0]["file"]["name"] for attempt in (1, 2)]
    assert len(set(names)) == 2


def test_files_that_cannot_be_written_are_worth_another_attempt(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("a file where the folder should be")
    with pytest.raises(AttemptFailedError) as caught:
        run(context_in(tmp_path / "blobs", Notes()))
    assert (caught.value.error_code, caught.value.retryable) == ("FILES_UNAVAILABLE", True)


def test_where_there_is_no_provider_the_attempt_says_so(tmp_path: Path) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        asyncio.run(
            built_in_tasks().execute("generate_image", {"prompt": "x"}, task_context(blobs=FileBlobs(tmp_path)))
        )
    assert caught.value.error_code == "IMAGES_NOT_AVAILABLE"


def test_few_images_are_made_at_once_in_any_loop() -> None:
    maker = Notes()
    turns = TakingTurns(maker, at_once=2)

    async def many() -> None:
        await asyncio.gather(*(turns.make(order()) for _ in range(6)))

    for _ in range(2):
        asyncio.run(many())
    assert (len(maker.orders), maker.most) == (12, 2)
