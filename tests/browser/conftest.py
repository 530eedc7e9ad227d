"""One Chromium, one local server and one mail server for all tests; a tenant and watched pages for each."""

import itertools
import re
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.chromium import NoChromiumError, executable, launched
from tests.browser.furnished import Furnished, furnish
from tests.browser.looking import WIDE, at
from tests.browser.places import Place
from tests.browser.tenant import ZONE, Tenant, new_tenant
from tests.browser.watch import Watch
from tests.contract.mail_servers import serve
from tests.integration.test_local_server import Inbox, smtp
from tests.server_process import ServerProcess, running
from tests.tasks_package import install_tasks

PATIENCE_MS = 20_000
"""How long a step waits for what it needs; ``expect`` waits as long."""
PICTURES = Path("build/browser")

NewPage = Callable[..., Page]
OpenAs = Callable[..., Page]
OpenPlace = Callable[[Place], Page]

_numbers = itertools.count(1)

expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    try:
        executable()
    except NoChromiumError as error:
        pytest.fail(str(error), pytrace=False)
    with launched() as browser:
        yield browser


@pytest.fixture(scope="session")
def inbox() -> Iterator[Inbox]:
    """All mail of the server."""
    postbox = Inbox()
    for server in serve(postbox):
        postbox.port = server.port
        yield postbox


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, inbox: Inbox) -> Iterator[ServerProcess]:
    """The local server with the tasks of ``shop_tasks``; its mail goes to ``inbox``."""
    folder = tmp_path_factory.mktemp("server")
    settings = {
        "PYTHONPATH": install_tasks(folder / "site", value="tests.browser.shop_tasks:shop_tasks"),
        "TICKWELL_TASK_PROCESSES": "2",
        "TICKWELL_REGISTRATIONS_PER_HOUR": "0",
        **smtp(inbox),
    }
    with running(folder / "data", settings) as started:
        yield started


@pytest.fixture
def tenant(server: ServerProcess, inbox: Inbox, tmp_path: Path) -> Tenant:
    """An organization of its own; ``server`` itself speaks as nobody."""
    return new_tenant(server, inbox, f"ada.{next(_numbers)}@example.com", tmp_path)


@pytest.fixture(scope="session")
def furnished(server: ServerProcess, inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """An organization with something of everything, for tests that only look."""
    owner = new_tenant(server, inbox, "lovelace@example.com", tmp_path_factory.mktemp("furnished"))
    return furnish(owner, hours=1, next_hour=lambda: None)


@pytest.fixture
def watch(server: ServerProcess) -> Watch:
    """What the test's pages do; a test that provokes a refusal adds its status to ``expected``."""
    return Watch(origin=server.url)


@pytest.fixture
def new_page(chromium: Browser, server: ServerProcess, watch: Watch) -> Iterator[NewPage]:
    """Opens a page in a browser that knows nothing yet; takes what Playwright's ``new_context`` takes."""
    contexts = []

    def opened(**options: Any) -> Page:
        defaults = {"viewport": WIDE, "locale": "en-GB", "timezone_id": ZONE, "reduced_motion": "reduce"}
        context = chromium.new_context(base_url=server.url, **{**defaults, **options})
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        watch.over(context)
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """A page of the server, where nobody is signed in: ``page.goto("/")``."""
    return new_page()


@pytest.fixture
def open_as(new_page: NewPage) -> OpenAs:
    """Opens a page in a browser of its own, in which somebody is signed in."""
    return lambda tenant, **options: new_page(storage_state=tenant.kept_session, **options)


@pytest.fixture
def signed_in(open_as: OpenAs, tenant: Tenant) -> Page:
    """A page in whose browser ``tenant`` is signed in already: ``signed_in.goto("/#/jobs")``."""
    return open_as(tenant)


@pytest.fixture
def open_place(page: Page, open_as: OpenAs, furnished: Furnished) -> OpenPlace:
    """Opens a page of the furnished organization as its owner, or as a stranger; settled."""

    def opened(place: Place) -> Page:
        return at(open_as(furnished.owner) if place.signed_in else page, place.at(furnished))

    return opened


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A test fails as well when its pages did what they must not; a picture of a failed test's pages is kept."""
    watch = getattr(item, "funcargs", {}).get("watch")
    if not isinstance(watch, Watch):
        yield
        return
    try:
        yield
        assert watch.faults() == []
    except BaseException as error:
        for fault in watch.faults():
            error.add_note(f"page: {fault}")
        for number, page in enumerate(watch.pages):
            error.add_note(f"picture: {_picture(item.name, number, page)}")
        raise


def _picture(test: str, number: int, page: Page) -> Path:
    path = PICTURES / f"{re.sub(r'[^A-Za-z0-9]+', '-', test)}-{number}.png"
    with suppress(Error):
        page.screenshot(path=path, timeout=PATIENCE_MS)
    return path
