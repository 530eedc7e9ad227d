"""The overview: how to begin, what is going on, and what has gone wrong, without a reload (Q11, C20)."""

import re
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import OpenAs
from tests.browser.tenant import Tenant


def tile(page: Page, name: str) -> Locator:
    return page.get_by_role("list", name="Jobs by what they are doing").get_by_role("link", name=re.compile(f"^{name}"))


def chart(page: Page, begins: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"^{begins}"))


def succeeded(page: Page) -> str:
    """What the chart's tip says of successes."""
    return page.locator(".tip:visible").locator("div", has_text="Succeeded").locator("dd").inner_text()


def test_a_new_organization_is_led_to_its_first_job(signed_in: Page) -> None:
    signed_in.goto("/#/")
    expect(signed_in.get_by_text("Nothing is scheduled yet")).to_be_visible()
    expect(signed_in.get_by_role("link", name="Create your first job")).to_have_attribute("href", "#/jobs/new")


def test_who_may_not_create_jobs_is_told_who_may(open_as: OpenAs, tenant: Tenant) -> None:
    page = open_as(tenant.joined("viewer"))
    page.goto("/#/")
    expect(page.get_by_text("Creating one takes the role member or above")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("job$"))).to_have_count(0)


def test_what_happens_is_seen_without_a_reload_and_leads_to_what_it_is_about(signed_in: Page, tenant: Tenant) -> None:
    page = signed_in
    page.goto("/#/")
    expect(page.get_by_text("Nothing is scheduled yet")).to_be_visible()
    tenant.done("Send the digest")
    expect(tile(page, "Completed")).to_contain_text("1")
    expect(chart(page, "Executions in the last 24 hours: 1 succeeded")).to_be_visible()
    tenant.failed("Report for Ada & Co.")
    tenant.recurring("Each minute", "* * * * *")
    expect(tile(page, "Failed")).to_contain_text("1")
    expect(tile(page, "Pending")).to_contain_text("1")
    expect(page.get_by_role("list", name="What runs next")).to_contain_text("Each minute")
    expect(page.get_by_role("list", name="What ended last")).to_contain_text("Send the digest")
    given_up = page.get_by_role("list", name="What was given up last")
    expect(given_up).to_contain_text("No such file or directory")
    expect(page.get_by_role("list", name="Queues")).to_contain_text("default-medium")
    expect(chart(page, "Failures in the last 24 hours: 1 failed")).to_be_visible()
    tile(page, "Failed").click()
    expect(page).to_have_url(re.compile(r"#/jobs\?state=failed$"))


def test_charts_are_read_by_keyboard_and_as_tables(signed_in: Page, tenant: Tenant) -> None:
    page, hour = signed_in, datetime.now(UTC).hour
    tenant.done()
    page.goto("/#/")
    expect(chart(page, "Executions in the last 24 hours: 1 succeeded")).to_be_visible()
    chart(page, "Executions").focus()
    page.keyboard.press("End")
    expect(page.locator(".tip:visible")).to_contain_text("so far")
    last = succeeded(page)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tip:visible")).not_to_contain_text("so far")
    # Where an hour has ended since, it is the hour before the last one.
    has_turned = datetime.now(UTC).hour != hour
    assert (last, succeeded(page)) in ({("1", "0"), ("0", "1")} if has_turned else {("1", "0")})
    page.keyboard.press("Escape")
    expect(page.locator(".tip:visible")).to_have_count(0)
    page.get_by_text("Show as a table").first.click()
    expect(page.get_by_role("region", name="Executions: values").get_by_role("row")).to_have_count(25)


def test_the_time_that_is_shown_is_in_the_address(signed_in: Page, tenant: Tenant) -> None:
    page = signed_in
    tenant.done()
    page.goto("/#/")
    page.get_by_role("button", name="30 days").click()
    expect(chart(page, "Executions in the last 30 days: 1 succeeded")).to_be_visible()
    expect(page).to_have_url(re.compile(r"range=30d$"))
    page.reload()
    expect(page.get_by_role("button", name="30 days")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="7 days").click()
    expect(chart(page, "Executions in the last 7 days: 1 succeeded")).to_be_visible()
