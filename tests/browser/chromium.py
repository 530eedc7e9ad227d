"""Which Chromium the tests drive: Debian's, or the one that ``CHROMIUM`` names. Playwright downloads none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")


class NoChromiumError(Exception):
    """There is none; says what to do."""


def executable() -> str:
    """Its path. Raises NoChromiumError."""
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).is_file():
            raise NoChromiumError(f"CHROMIUM is {named}, and there is no such file")
        return named
    for name in _NAMES:
        if found := shutil.which(name):
            return found
    raise NoChromiumError(
        "the browser tests need Chromium: install Debian's package chromium (apt-get install chromium), "
        "or name another one's path in CHROMIUM"
    )


@contextmanager
def launched(*more_arguments: str) -> Iterator[Browser]:
    """A browser without a window, while the block lasts. Raises NoChromiumError."""
    # Its sandbox refuses to work for root, who runs the tests in containers.
    arguments = [*more_arguments, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        try:
            yield browser
        finally:
            browser.close()
