"""Every page without a mouse: the focus reaches all of it, can be seen, and comes back from dialogs and menus."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenPlace
from tests.browser.looking import at, left_out, walk
from tests.browser.places import PLACES, Place, place_of
from tests.browser.tenant import Tenant

WHERE = "document.activeElement.closest('dialog') ? 'dialog' : document.activeElement.tagName.toLowerCase()"


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_the_keyboard_reaches_everything_and_the_eye_follows(open_place: OpenPlace, place: Place) -> None:
    page = open_place(place)
    walked = walk(page)
    assert [each["html"] for each in walked if not each["isSeen"]] == []
    assert [each["html"] for each in walked if not each["isMarked"]] == []
    assert [each["html"] for each in walked if each["order"] > 0] == []
    assert left_out(page) == []


def test_who_uses_the_keyboard_may_skip_the_navigation(open_place: OpenPlace) -> None:
    page = open_place(place_of("jobs"))
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("queues", "New queue"),
        ("dead-letters", "Delete all …"),
        ("dead-letter", "Delete"),
        ("settings-members", "Remove"),
        ("settings-secrets", "Delete"),
    ],
)
def test_a_dialog_keeps_the_focus_and_gives_it_back(open_place: OpenPlace, name: str, opener: str) -> None:
    page = open_place(place_of(name))
    button = page.locator("main").get_by_role("button", name=opener).last
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert page.evaluate(WHERE) == "dialog"
    assert {where_after_tab(page) for _ in range(12)} <= {"dialog", "body"}
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def where_after_tab(page: Page) -> str:
    page.keyboard.press("Tab")
    where: str = page.evaluate(WHERE)
    return where


def test_the_menus_work_by_keyboard(open_place: OpenPlace) -> None:
    page = open_place(place_of("overview"))
    opener = page.get_by_role("button", name="Account menu")
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Your profile")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("button", name="Sign out")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")


def test_the_navigation_of_a_phone_opens_and_closes_by_keyboard(open_place: OpenPlace) -> None:
    page = open_place(place_of("overview"))
    page.set_viewport_size({"width": 360, "height": 740})
    opener = page.get_by_role("button", name="Menu", exact=True)
    link = page.get_by_role("link", name="Dead letters", exact=True)
    expect(link).to_be_hidden()
    opener.focus()
    page.keyboard.press("Enter")
    expect(link).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Dead letters")).to_be_focused()
    expect(link).to_be_hidden()


def test_a_page_that_comes_late_does_not_take_the_focus_from_who_has_moved_it(signed_in: Page) -> None:
    held: list[Route] = []
    signed_in.route(re.compile(r"/dashboard/.*/pages/queues\.js"), lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks it
    at(signed_in, "/#/jobs")
    with signed_in.expect_request(re.compile(r"/pages/queues\.js")):
        signed_in.get_by_role("link", name="Queues", exact=True).click()
    signed_in.get_by_role("button", name="Account menu").click()
    expect(signed_in.get_by_role("link", name="Your profile")).to_be_focused()
    for route in held:
        route.continue_()
    expect(signed_in.get_by_role("heading", level=1, name="Queues")).to_be_visible()
    expect(signed_in.get_by_role("link", name="Your profile")).to_be_focused()


def test_who_leafs_by_keyboard_goes_on_from_there(signed_in: Page, tenant: Tenant) -> None:
    jobs = [{"name": f"Backup {number}", "delay_seconds": 3600} for number in range(60)]
    tenant.data("POST", "jobs/batch", {"jobs": jobs})
    job_id = tenant.job("The last one", delay_seconds=3600)
    page = at(signed_in, "/#/jobs")
    leaf = {name: page.get_by_role("button", name=name, exact=True) for name in ("Next", "Previous")}
    leaf["Next"].focus()
    tenant.data("POST", f"jobs/{job_id}/cancel")
    expect(page.locator("tbody .badge", has_text="cancelled")).to_be_visible()
    expect(leaf["Next"]).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("50 of 61 jobs")
    expect(leaf["Next"]).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Pages")).to_contain_text("61 of 61 jobs")
    expect(leaf["Next"]).to_be_disabled()
    expect(leaf["Previous"]).to_be_focused()
