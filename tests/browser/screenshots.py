"""``python -m tests.browser.screenshots``: every page of the dashboard as a picture, in build/screenshots.

A server on a clock that begins a day ago lets an organization work for 24 hours, and ends at the machine's time. Words
on the command line choose pages whose name contains one of them.
"""

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.chromium import launched
from tests.browser.furnished import Furnished, furnish
from tests.browser.looking import at
from tests.browser.places import PLACES, Place
from tests.browser.tenant import ZONE, Tenant, new_tenant
from tests.contract.mail_servers import serve
from tests.integration.test_local_server import Inbox, smtp
from tests.leaping_server import Leaps
from tests.server_process import running
from tests.tasks_package import install_tasks

FOLDER = Path("build/screenshots")
HOURS = 24
SIZES = {360: 740, 1280: 800, 1920: 1080}


@contextmanager
def day_of_work() -> Iterator[Furnished]:
    """An organization after a day of work, while its server runs."""
    with tempfile.TemporaryDirectory(prefix="tickwell-screenshots-", ignore_cleanup_errors=True) as name:
        folder, inbox = Path(name), Inbox()
        leaps = Leaps(folder / "leaps")
        leaps.leap(-timedelta(hours=HOURS))
        for mails in serve(inbox):
            inbox.port = mails.port
            settings = {
                "PYTHONPATH": install_tasks(folder / "site", value="tests.browser.shop_tasks:shop_tasks"),
                "TICKWELL_TASK_PROCESSES": "2",
                **smtp(inbox),
            }
            with running(folder / "data", settings, leaps=leaps) as server:
                owner = new_tenant(server, inbox, "ada@lovelace.example", folder)

                def next_hour(owner: Tenant = owner) -> None:
                    leaps.leap(timedelta(hours=1))
                    # A session lives for 24 hours.
                    owner.sign_in()

                yield furnish(owner, hours=HOURS, next_hour=next_hour)


def take(browser: Browser, furnished: Furnished, place: Place) -> None:
    """One page in all sizes and both themes; the whole of it, not only what a window shows."""
    for width, height in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                base_url=furnished.owner.server.url,
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                reduced_motion="reduce",
                locale="en-GB",
                timezone_id=ZONE,
                storage_state=furnished.owner.kept_session if place.signed_in else None,
            )
            page = at(context.new_page(), place.at(furnished))
            _shot(page, f"{place.name}-{width}-{scheme}")
            context.close()


def _shot(page: Page, name: str) -> None:
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path, full_page=True)
    sys.stdout.write(f"{path}\n")


def main() -> int:
    """Run the command line."""
    words = sys.argv[1:]
    wanted = [place for place in PLACES if not words or any(word in place.name for word in words)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    with launched() as browser, day_of_work() as furnished:
        for place in wanted:
            take(browser, furnished, place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
