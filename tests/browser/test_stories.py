"""What people come for, from the first page to the last: each story is one person's way through the dashboard."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at, sign_in
from tests.browser.tenant import PASSWORD, Tenant
from tests.browser.watch import Watch
from tests.server_process import ServerProcess


def test_somebody_makes_a_cron_job_pauses_resumes_and_runs_it(signed_in: Page, tenant: Tenant) -> None:
    page = at(signed_in, "/#/")
    page.get_by_role("link", name="Jobs", exact=True).click()
    page.get_by_role("link", name="New job").click()
    page.get_by_label("Task", exact=True).select_option(label="take_stock")
    page.get_by_label("Name", exact=True).fill("Count at dawn")
    page.get_by_label("Warehouse").fill("Hamburg")
    page.locator(".segments label", has_text=re.compile("^By cron$")).click()
    page.get_by_label("Cron expression").fill("30 5 * * 1-5")
    runs = page.get_by_role("complementary", name="Next runs").get_by_role("listitem")
    expect(runs).to_have_count(5)
    expect(runs.first).to_contain_text("05:30")
    page.get_by_role("button", name="Create job").click()
    state = page.locator(".page-head .badge")
    expect(state).to_have_text("delayed")
    page.get_by_role("button", name="Pause").click()
    expect(state).to_have_text("paused")
    page.get_by_role("button", name="Resume").click()
    expect(state).to_have_text("delayed")
    page.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("region", name="Extra run")).to_contain_text("completed")
    [job] = tenant.data("GET", "jobs")["jobs"]
    assert (job["name"], job["status"], job["cron_expression"]) == ("Count at dawn", "active", "30 5 * * 1-5")


def test_what_failed_for_one_reason_is_retried_by_filter(signed_in: Page, tenant: Tenant) -> None:
    for number in range(3):
        tenant.failed(f"Report {number}", ledger="missing.csv")
    tenant.blocked("Call the till")
    page = at(signed_in, "/#/dead-letters")
    expect(page.locator("tbody tr")).to_have_count(4)
    page.get_by_label("Error code").fill("TASK_ERROR")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(3)
    tenant.ledger("missing.csv").write_text("one\n")
    page.get_by_role("button", name="Retry all that match").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("3 dead letters will be run again")
    assert tenant.data("GET", "dead-letters?retried=true")["dead_letters"] == []
    dialog.get_by_role("button", name="Retry 3 dead letters").click()
    expect(page.locator(".toast")).to_contain_text("3 dead letters run again")
    expect(page.locator("tbody tr").get_by_role("link", name="ago")).to_have_count(3)
    retried = tenant.data("GET", "dead-letters?retried=true")["dead_letters"]
    assert [tenant.ended(letter["retried_as"])["status"] for letter in retried] == ["completed"] * 3


def test_an_owner_holds_a_queue_back_and_lets_it_go(signed_in: Page, tenant: Tenant) -> None:
    tenant.queue("reports")
    page = at(signed_in, "/#/queues")
    row = page.get_by_role("row").filter(has_text="reports")
    row.get_by_role("button", name="Pause reports").click()
    expect(row).to_contain_text("paused")
    expect(page.locator(".toast")).to_contain_text("reports is paused")
    held = tenant.job("Held back", queue="reports")
    page.get_by_role("button", name="Resume reports").click()
    assert tenant.ended(held)["status"] == "completed"
    expect(row).not_to_contain_text("paused")


def test_a_viewer_is_invited_and_can_change_nothing(
    signed_in: Page, new_page: OpenAs, tenant: Tenant, watch: Watch
) -> None:
    job_id = tenant.recurring("Nightly backup")
    failed = tenant.failed("Report for the viewer")
    letter = tenant.data("GET", f"dead-letters?job_id={failed}")["dead_letters"][0]["id"]
    viewer = f"viewer.{tenant.email}"
    page = at(signed_in, "/#/settings/members")
    page.get_by_label("E-mail address", exact=True).fill(viewer)
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.get_by_role("button", name="Invite").click()
    expect(page.locator(".toast")).to_contain_text(viewer)
    other = new_page()
    other.goto(f"/#/accept-invitation?token={tenant.invitation(viewer)}")
    other.get_by_label("Password", exact=True).fill(PASSWORD)
    other.get_by_role("button", name="Join").click()
    expect(other.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    for address in (f"jobs/{job_id}", "jobs", "queues", "dead-letters", f"dead-letters/{letter}", "emails"):
        looked = at(other, f"/#/{address}").locator("main")
        for name in ("Pause", "Resume", "Run now", "Retry", "Delete", "Cancel", "New", "Schedule", "Change", "Edit"):
            expect(looked.get_by_role("button", name=re.compile(f"^{name}")), f"{name} at {address}").to_have_count(0)
    watch.expected.add(403)
    token = other.evaluate("JSON.parse(sessionStorage.getItem('tickwell.session')).token")
    tried = other.request.post(f"/api/v1/jobs/{job_id}/pause", headers={"Authorization": f"Bearer {token}"})
    assert tried.status == 403


def test_somebody_signs_out_and_what_was_open_stays_closed(page: Page, tenant: Tenant, watch: Watch) -> None:
    tenant.job("Nobody else's business", delay_seconds=3600)
    page.goto("/#/jobs")
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    page.get_by_label("E-mail address").fill(tenant.email)
    page.get_by_label("Password", exact=True).fill("Wrong-Horse-9")
    watch.expected.add(401)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Nobody else's business")).to_be_visible()
    token = page.evaluate("JSON.parse(sessionStorage.getItem('tickwell.session')).token")
    page.get_by_role("button", name="Account menu").click()
    with page.expect_response("**/api/v1/auth/logout"):  # the page does not wait for it
        page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    answer = page.request.get("/api/v1/jobs", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    expect(page.get_by_text("Nobody else's business")).to_have_count(0)


def test_a_session_that_ends_meanwhile_is_told_and_one_goes_on_where_one_was(
    page: Page, tenant: Tenant, server: ServerProcess, watch: Watch
) -> None:
    page.goto("/")
    sign_in(page, tenant.email, PASSWORD)
    at(page, "/#/settings/profile")  # which reads nothing by itself: the end is noticed where one goes next
    token = page.evaluate("JSON.parse(sessionStorage.getItem('tickwell.session')).token")
    status, _ = server.call("POST", "/api/v1/auth/logout", None, {"Authorization": f"Bearer {token}"})
    assert status == 200
    watch.expected.add(401)
    page.get_by_role("link", name="Queues", exact=True).click()
    expect(page.get_by_text("Your session has ended")).to_be_visible()
    page.get_by_label("E-mail address").fill(tenant.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Queues")).to_be_visible()
