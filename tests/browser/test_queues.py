"""The story of a queue: made, held back, let go, changed, deleted, by an owner and by nobody else."""

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at, settled
from tests.browser.tenant import Tenant
from tests.browser.watch import Watch


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name="Queues").get_by_role("row", name=name)


def test_an_owner_makes_pauses_changes_and_deletes_a_queue(tenant: Tenant, signed_in: Page, watch: Watch) -> None:
    page = at(signed_in, "/#/queues")
    page.get_by_role("button", name="New queue").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Reports!")
    dialog.get_by_label("At once").fill("2")
    dialog.get_by_label("Starts").fill("100")
    dialog.get_by_label("in a period of").fill("a while")
    dialog.get_by_role("button", name="Create queue").click()
    expect(dialog.get_by_text("must be a span of time")).to_be_visible()
    dialog.get_by_label("in a period of").fill("1m")
    watch.expected |= {422, 409}
    dialog.get_by_role("button", name="Create queue").click()
    expect(dialog.get_by_text("must have 1 to 64 lower-case letters")).to_be_visible()
    dialog.get_by_label("Name").fill("reports")
    dialog.get_by_role("button", name="Create queue").click()
    expect(row(page, "reports")).to_contain_text("100 a minute")
    made = tenant.data("GET", "queues/reports")
    assert (made["concurrency"], made["rate_limit"]) == (2, {"limit": 100, "per_seconds": 60})

    row(page, "reports").get_by_role("button", name="Pause reports").click()
    expect(page.get_by_text("reports is paused")).to_be_visible()  # for some seconds
    expect(row(page, "reports")).to_contain_text("paused")
    expect(row(page, "reports").get_by_role("button", name="Resume reports")).to_be_focused()
    page.reload()
    settled(page)
    job_id = tenant.job("Wait", queue="reports")
    tenant.until(job_id, lambda _: tenant.data("GET", "queues/reports")["waiting"] == 1)
    assert tenant.data("GET", "queues/reports")["paused"] is True
    other_id = tenant.job("Wait too", queue="reports")
    expect(row(page, "reports").locator("[data-live=waiting]")).to_have_text("2")
    page.get_by_role("button", name="Delete reports").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_text("unfinished")).to_have_count(2)
    dialog.get_by_role("button", name="Cancel").click()
    row(page, "reports").get_by_role("button", name="Resume reports").click()
    assert [tenant.ended(each)["status"] for each in (job_id, other_id)] == ["completed"] * 2

    page.get_by_role("button", name="Change reports").click()
    dialog.get_by_label("At once").fill("")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert tenant.data("GET", "queues/reports")["concurrency"] is None
    assert tenant.data("GET", "queues/reports")["rate_limit"] == {"limit": 100, "per_seconds": 60}
    row(page, "reports").get_by_role("button", name="reports", exact=True).click()
    expect(dialog.get_by_text("2 completed")).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Delete reports").click()
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(row(page, "reports")).to_have_count(0)
    assert tenant.call("GET", "queues/reports")[0] == 404


@pytest.mark.parametrize("role", ["viewer", "member"])
def test_who_is_no_owner_looks_on(tenant: Tenant, open_as: OpenAs, role: str) -> None:
    tenant.queue("reports")
    other = tenant.joined(role)  # type: ignore[arg-type]
    page = at(open_as(other), "/#/queues")
    expect(page.get_by_text("by an owner of the organization")).to_be_visible()
    expect(row(page, "reports")).to_be_visible()
    assert page.get_by_role("main").get_by_role("button", name="Pause").count() == 0
    assert page.get_by_role("main").get_by_role("button", name="New queue").count() == 0
    assert other.call("POST", "queues/reports/pause", {})[0] == 403
    assert other.call("POST", "queues", {"name": "mine"})[0] == 403
    assert tenant.data("GET", "queues/reports")["paused"] is False


def test_a_pause_that_is_refused_is_taken_back(tenant: Tenant, signed_in: Page, watch: Watch) -> None:
    tenant.queue("reports")
    page = at(signed_in, "/#/queues")

    def answer(route: Route) -> None:
        tenant.data("DELETE", "queues/reports")  # and not before: the page might show that it is gone
        route.continue_()

    page.route("**/api/v1/queues/reports/pause", answer)
    watch.expected |= {404}
    row(page, "reports").get_by_role("button", name="Pause reports").click()
    expect(page.get_by_text("queue reports", exact=False).first).to_be_visible()
    expect(row(page, "reports")).to_have_count(0)
