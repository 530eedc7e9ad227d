"""What the first page weighs, as the network sees it."""

from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import OpenAs
from tests.browser.furnished import Furnished
from tests.browser.looking import at

MOST_BYTES = 100_000
"""Of the page with everything that it asks for, headers too."""


def transferred(page: Page, address: str) -> int:
    """Bytes that came until the page was settled."""
    sizes: list[float] = []

    def finished(event: dict[str, Any]) -> None:
        sizes.append(event["encodedDataLength"])

    network = page.context.new_cdp_session(page)
    network.on("Network.loadingFinished", finished)
    network.send("Network.enable")
    at(page, address)
    return round(sum(sizes))


@pytest.mark.parametrize("path", ["/#/sign-in", "/#/"])
def test_the_first_page_is_light(page: Page, open_as: OpenAs, furnished: Furnished, path: str) -> None:
    by = page if path.endswith("sign-in") else open_as(furnished.owner)
    assert 10_000 < transferred(by, path) < MOST_BYTES
