"""Images without a provider: the words of the prompt on coloured ground, drawn on this machine, and always the same.

For trying things out, and for tests of whoever uses images. It takes Pillow, which on AWS only the heavy lane has.
"""

import asyncio
import hashlib
import io
import textwrap
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from tickwell.application.making_images import require_known_options
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.image import PNG, ImageOrder, MadeImage, MadeImages

if TYPE_CHECKING:
    from PIL.Image import Image as PilImage
    from PIL.ImageDraw import ImageDraw as PilDraw

_MODEL: Final = "drawn-text"
_OPTIONS: Final = frozenset({"seed"})
_SMALLEST_FONT: Final = 8
_MOST_LINES: Final = 60
_MARGIN: Final = 12  # parts of the width


class DrawnImages:
    """The ``ImageMaker`` that asks nobody."""

    async def make(self, order: ImageOrder) -> MadeImages:
        """See ``ImageMaker.make``. In a thread: drawing takes tenths of a second."""
        require_known_options(order, _OPTIONS, "the local provider")
        images = await asyncio.to_thread(_drawn, order)
        return MadeImages(images=images, provider="local", model=_MODEL)


def _drawn(order: ImageOrder) -> tuple[MadeImage, ...]:
    try:
        from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - 60 modules, which not every layer has
    except ImportError as error:
        raise AttemptFailedError(
            "IMAGES_NOT_AVAILABLE", "drawing takes Pillow: install tickwell[media]", retryable=False
        ) from error
    made: list[MadeImage] = []
    for number in range(order.count):
        image = _ground(Image.new("RGB", (1, 2)), order, number)
        _write(ImageDraw.Draw(image), ImageFont.load_default, order)
        octets = io.BytesIO()
        image.save(octets, format="PNG")
        made.append(MadeImage(data=octets.getvalue(), content_type=PNG))
    return tuple(made)


def _ground(image: "PilImage", order: ImageOrder, number: int) -> "PilImage":
    """Two dark colours, one above the other, with all between them."""
    digest = hashlib.sha256(f"{order.options.get('seed', '')}\0{number}\0{order.prompt}".encode()).digest()
    for row in range(2):
        image.putpixel((0, row), tuple(part // 2 for part in digest[3 * row : 3 * row + 3]))
    return image.resize((order.width, order.height))


def _write(draw: "PilDraw", font_of: Callable[[float], Any], order: ImageOrder) -> None:
    """The prompt in the middle, as large as it fits; what does not fit at the smallest size is left away."""
    margin = max(2, order.width // _MARGIN)
    room = (order.width - 2 * margin, order.height - 2 * margin)
    size = max(_SMALLEST_FONT, min(order.width, order.height) // 8)
    while True:
        font = font_of(size)
        text = _lines(order.prompt, max(1, int(room[0] / (size * 0.55))))
        left, top, right, bottom = draw.multiline_textbbox((0, 0), text, font=font, align="center")
        if size <= _SMALLEST_FONT or (right - left <= room[0] and bottom - top <= room[1]):
            break
        size = max(_SMALLEST_FONT, size * 4 // 5)
    middle = (order.width / 2, order.height / 2)
    draw.multiline_text(middle, text, font=font, fill=(255, 255, 255), anchor="mm", align="center")


def _lines(prompt: str, columns: int) -> str:
    wrapped = textwrap.wrap(" ".join(prompt.split()), columns)
    return "\n".join(wrapped[:_MOST_LINES])
