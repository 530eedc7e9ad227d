"""The API reference in a browser: Debian's Chromium, or whichever Chromium is on the path."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.api_hosts import memory_world, services_of
from tests.served import serving
from tickwell import __version__
from tickwell.http.app import build_app
from tickwell.http.openapi import document

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
OPERATIONS = sum(len(methods) for methods in document(__version__)["paths"].values())
NARROW = 360
OPEN_WHAT_IS_CLOSED = """() => {
    const closed = [...document.querySelectorAll("details:not([open])")];
    closed.forEach((each) => { each.open = true; });
    window.calm = closed.length ? 0 : (window.calm || 0) + 1;
    return window.calm > 5;
}"""
"""True once nothing is left to open for some frames: what was opened may soon have more to open."""

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on the path")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    world = memory_world(tmp_path_factory.mktemp("world"))
    with serving(build_app(services_of(world), local=True)) as url:
        yield url
    world.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@dataclass(kw_only=True)
class Tab:
    """A page with what it complained of and whom it asked."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def tab(browser: Browser) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": NARROW, "height": 740})
    opened = Tab(page=context.new_page())
    opened.page.on("console", lambda message: opened.complaints.append(message.text))
    opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
    opened.page.on("request", lambda request: opened.asked.append(request.url))
    yield opened
    context.close()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_every_operation_is_drawn_without_a_complaint_or_another_host(tab: Tab, url: str, path: str) -> None:
    tab.page.goto(url + path)
    expect(tab.page.locator(".operation")).to_have_count(OPERATIONS)
    assert tab.complaints == []
    assert {asked for asked in tab.asked if not asked.startswith((f"{url}/", "data:"))} == set()


def test_everything_fits_a_narrow_screen_when_all_is_open(tab: Tab, url: str) -> None:
    tab.page.goto(f"{url}/docs")
    expect(tab.page.locator(".operation")).to_have_count(OPERATIONS)
    tab.page.wait_for_function(OPEN_WHAT_IS_CLOSED)
    expect(tab.page.locator("#createJob dt", has_text="delays_seconds").first).to_be_visible()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert "undefined" not in tab.page.inner_text("main")
    assert tab.complaints == []


def test_an_address_names_an_operation_which_tells_how_to_call_it(tab: Tab, url: str) -> None:
    tab.page.goto(f"{url}/docs#createJob")
    operation = tab.page.locator("#createJob")
    expect(operation).to_have_attribute("open", "")
    expect(operation.locator("summary").first).to_be_focused()
    expect(operation).to_contain_text(f"curl -X POST '{url}/api/v1/jobs'")
    expect(operation).to_contain_text("Each weekday at nine in Berlin")
    operation.locator("summary", has_text="Fields (application/json)").first.click()
    expect(operation.locator("dt", has_text="cron_expression").first).to_be_visible()
    expect(operation.locator("summary", has_text="422")).to_be_visible()


def test_it_is_used_by_keyboard(tab: Tab, url: str) -> None:
    tab.page.goto(f"{url}/docs")
    expect(tab.page.locator(".operation")).to_have_count(OPERATIONS)
    tab.page.keyboard.press("Tab")
    expect(tab.page.locator(".skip")).to_be_focused()
    tab.page.keyboard.press("/")
    expect(tab.page.locator("#filter")).to_be_focused()
    tab.page.keyboard.type("post pause queue")
    expect(tab.page.locator("#found")).to_have_text(re.compile(rf"^\d of {OPERATIONS} operations$"))
    expect(tab.page.locator("#pauseQueue")).to_be_visible()
    expect(tab.page.locator("#getHealth")).to_be_hidden()
    tab.page.locator("#pauseQueue > summary").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.page.locator("#pauseQueue")).to_have_attribute("open", "")


def test_it_is_dark_where_the_browser_is(tab: Tab, url: str) -> None:
    grounds = []
    for scheme in ("light", "dark"):
        tab.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        tab.page.goto(f"{url}/docs")
        grounds.append(tab.page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(20, 23, 28)"]


def test_a_description_that_does_not_come_is_told(tab: Tab, url: str) -> None:
    tab.page.route("**/openapi.json", lambda route: route.fulfill(status=503))
    tab.page.goto(f"{url}/docs")
    expect(tab.page.get_by_role("alert")).to_contain_text("it answered 503")


def test_markup_in_the_description_stays_text(tab: Tab, url: str) -> None:
    described = document(__version__) | {"info": {"title": "T", "version": "1", "description": "<img src=x onerror=a>"}}
    tab.page.route("**/openapi.json", lambda route: route.fulfill(json=described))
    tab.page.goto(f"{url}/docs")
    expect(tab.page.locator("#about")).to_contain_text("<img src=x onerror=a>")
    assert tab.page.locator("img").count() == 0
