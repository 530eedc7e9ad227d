"""Jobs in the browser: found, read, retried, changed many at once, run and watched."""

import json
import re

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenAs
from tests.browser.tenant import Tenant
from tests.browser.watch import Watch

MANY_MS = 120_000
"""What a thousand jobs take on a machine that has much else to do."""


def names(page: Page) -> list[str]:
    return page.locator(".job-name > a").all_inner_texts()


def statuses(tenant: Tenant, tag: str) -> list[str]:
    jobs = tenant.data("GET", f"jobs?tag={tag}&limit=100&sort_order=asc")["jobs"]
    return [job["status"] for job in jobs]


def card(page: Page, title: str) -> Locator:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=title, exact=True))


def state_of(page: Page) -> Locator:
    return page.locator(".page-head .badge")


def test_a_failed_job_is_found_by_search_its_traceback_read_and_retried(signed_in: Page, tenant: Tenant) -> None:
    tenant.done("Send the digest")
    tenant.done("Report for nobody")
    tenant.failed("Report for Höllenstein & Söhne")
    signed_in.goto("/#/jobs")
    expect(signed_in.locator(".job-name")).to_have_count(3)
    signed_in.keyboard.press("/")
    signed_in.keyboard.type("REPORT FOR")
    expect(signed_in.locator(".job-name")).to_have_count(2)
    signed_in.get_by_label("State", exact=True).select_option("failed")
    expect(signed_in.locator(".job-name")).to_have_count(1)
    assert re.search(r"search=REPORT\+FOR.*state=failed", signed_in.url)
    signed_in.reload()
    expect(signed_in.get_by_role("button", name="Remove filter State: failed")).to_be_visible()
    signed_in.get_by_role("link", name="Report for Höllenstein & Söhne").click()
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Report for Höllenstein & Söhne")
    now = signed_in.get_by_role("region", name="Now")
    expect(now).to_contain_text("Given up after 1 attempt")
    expect(now.locator("pre")).to_contain_text("FileNotFoundError")
    expect(now.locator("pre")).to_contain_text("read_text()")
    tenant.ledger().write_text("one\ntwo\n")
    signed_in.get_by_role("button", name="Retry").click()
    expect(state_of(signed_in)).to_have_text("completed")
    expect(card(signed_in, "Newest result")).to_contain_text("bookings: 2")
    signed_in.get_by_role("link", name="All executions").click()
    expect(signed_in.locator(".attempt")).to_have_count(2)
    signed_in.get_by_label("Status", exact=True).select_option("failed")
    expect(signed_in.locator(".attempt")).to_have_count(1)
    signed_in.locator(".attempt summary").first.click()
    expect(signed_in.get_by_label("Log", exact=True)).to_contain_text("reading the ledger")


def test_rows_are_changed_after_a_count_and_changed_back(signed_in: Page, tenant: Tenant) -> None:
    for number in range(3):
        tenant.recurring(f"Backup {number}", tags=["x"])
    tenant.job("Once", delay_seconds=3600, tags=["x"])
    signed_in.goto("/#/jobs?tag=x&sort=name")
    signed_in.get_by_label("Select all on this page").check()
    chosen = signed_in.get_by_role("region", name="Selected jobs")
    expect(chosen).to_contain_text("4 jobs selected")
    chosen.get_by_role("button", name="Pause").click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog).to_contain_text("3 jobs will be paused.")
    expect(dialog).to_contain_text("1 job will be left as before")
    assert set(statuses(tenant, "x")) == {"active"}
    dialog.get_by_role("button", name="Pause 3 jobs").click()
    expect(signed_in.locator(".toast")).to_contain_text("3 jobs paused")
    signed_in.locator(".toast").hover()  # what is pointed at does not go away
    expect(signed_in.locator("tbody .badge", has_text="paused")).to_have_count(3)
    assert statuses(tenant, "x") == ["paused"] * 3 + ["active"]
    signed_in.locator(".toast").get_by_role("button", name="Undo").click()
    dialog.get_by_role("button", name="Resume 3 jobs").click()
    expect(signed_in.locator("tbody .badge", has_text="paused")).to_have_count(0)
    assert statuses(tenant, "x") == ["active"] * 4


def test_more_jobs_than_one_request_takes_are_cancelled_by_filter(signed_in: Page, tenant: Tenant) -> None:
    jobs = [{"name": f"Part {number}", "delay_seconds": 86_400, "tags": ["many"]} for number in range(550)]
    for _ in range(2):
        tenant.data("POST", "jobs/batch", {"jobs": jobs})
    kept = tenant.job("Not one of them", delay_seconds=86_400)
    signed_in.goto("/#/jobs?search=part")
    expect(signed_in.locator(".pager")).to_contain_text(re.compile("^1.25"))
    signed_in.get_by_role("button", name="Next", exact=True).click()
    expect(signed_in.locator(".pager")).to_contain_text(re.compile("^26.50"))
    signed_in.reload()
    expect(signed_in.locator(".pager")).to_contain_text(re.compile("^26.50"))
    signed_in.get_by_role("button", name="Previous").click()
    expect(signed_in.locator(".pager")).to_contain_text(re.compile("^1.25"))
    signed_in.get_by_label("Select all on this page").check()
    signed_in.get_by_role("button", name="Select all that match, on all pages").click()
    signed_in.get_by_role("region", name="Selected jobs").get_by_role("button", name="Cancel").click()
    signed_in.get_by_role("dialog").get_by_role("button", name="Cancel 1,100 jobs").click(timeout=MANY_MS)
    expect(signed_in.locator(".toast")).to_contain_text("1,100 jobs cancelled", timeout=MANY_MS)
    assert tenant.data("GET", "stats")["cancelled_jobs"] == 1100
    assert tenant.data("GET", f"jobs/{kept}")["status"] == "active"


def test_what_is_begun_before_all_is_counted_tells_at_the_end_what_was_left(signed_in: Page, tenant: Tenant) -> None:
    """The API's answers are played: its count of the second piece does not come."""
    tenant.recurring("Backup")

    def answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        is_last = body.get("cursor") is not None
        if body["dry_run"] and is_last:
            return
        skipped = 3 if is_last else 0
        counts = {"matched": 10, "changed": 10 - skipped, "skipped": skipped, "failed": 0}
        reasons = [{"reason": "it is paused already", "count": skipped}] if is_last else []
        following = None if is_last else "two"
        route.fulfill(json={"success": True, "data": {**counts, "reasons": reasons, "next_cursor": following}})

    signed_in.route("**/api/v1/jobs/bulk", answer)
    signed_in.goto("/#/jobs")
    signed_in.get_by_label("Select all on this page").check()
    signed_in.get_by_role("region", name="Selected jobs").get_by_role("button", name="Pause").click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog).to_contain_text("Counted so far: 10 jobs")
    dialog.get_by_role("button", name="Pause all").click()
    expect(dialog).to_contain_text("17 jobs paused.")
    expect(dialog).to_contain_text("3: it is paused already")
    dialog.get_by_role("button", name="Close").last.click()
    expect(signed_in.get_by_role("region", name="Selected jobs")).to_be_hidden()


def test_an_extra_run_is_watched_while_it_goes_on(signed_in: Page, tenant: Tenant) -> None:
    gate = tenant.folder / "gate"
    payload = {"warehouse": "Hamburg", "gate": str(gate)}
    job_id = tenant.recurring("Count the warehouse", "30 4 * * 1-5", task="take_stock", payload=payload)
    signed_in.goto(f"/#/jobs/{job_id}")
    expect(card(signed_in, "Schedule")).to_contain_text("Every weekday at 04:30, Europe/Berlin time")
    expect(signed_in.locator(".next li")).to_have_count(5)
    expect(signed_in.locator(".next li").first).to_contain_text(re.compile("04:30 (CET|GMT\\+1|CEST|GMT\\+2)"))
    signed_in.get_by_role("button", name="Run now").click()
    extra = signed_in.get_by_role("region", name="Extra run")
    expect(extra).to_contain_text("running")
    expect(extra).to_contain_text("50 % · half of the shelves are counted")
    gate.touch()
    expect(extra).to_contain_text("completed")
    signed_in.get_by_role("link", name="All executions").click()
    expect(signed_in.locator(".attempt")).to_contain_text(["success"])
    signed_in.get_by_role("button", name="Pause").click()
    expect(state_of(signed_in)).to_have_text("paused")
    expect(card(signed_in, "Schedule")).to_contain_text("Nothing is due until it is resumed.")
    signed_in.get_by_role("button", name="Resume").click()
    expect(state_of(signed_in)).to_have_text("delayed")


def test_what_comes_meanwhile_does_not_move_what_one_reads(signed_in: Page, tenant: Tenant) -> None:
    running, gate = tenant.running("Count the warehouse")
    signed_in.goto("/#/jobs")
    expect(signed_in.locator("tbody .badge")).to_have_text(["running"])
    tenant.job("Newer", delay_seconds=3600)
    gate.touch()
    tenant.ended(running)
    expect(signed_in.locator("tbody .badge")).to_have_text(["completed"])
    assert names(signed_in) == ["Count the warehouse"]
    signed_in.get_by_role("button", name="1 job came or moved here. Show").click()
    expect(signed_in.locator(".job-name")).to_have_count(2)
    assert names(signed_in) == ["Newer", "Count the warehouse"]


def test_the_keyboard_alone_sorts_opens_and_cancels(signed_in: Page, tenant: Tenant) -> None:
    for name in ("Beta", "Alpha"):
        tenant.job(name, delay_seconds=3600)
    signed_in.goto("/#/jobs")
    expect(signed_in.locator(".job-name")).to_have_count(2)
    signed_in.get_by_role("button", name="Name").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.locator(".job-name > a")).to_have_text(["Alpha", "Beta"])
    signed_in.get_by_role("link", name="Beta").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_role("heading", level=1)).to_have_text("Beta")
    expect(signed_in.get_by_role("heading", level=1)).to_be_focused()
    signed_in.get_by_role("button", name="Cancel").focus()
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_role("button", name="Leave it")).to_be_focused()
    signed_in.keyboard.press("Tab")
    signed_in.keyboard.press("Enter")
    expect(state_of(signed_in)).to_have_text("cancelled")


def test_a_viewer_reads_everything_and_is_offered_no_change(open_as: OpenAs, tenant: Tenant) -> None:
    job_id = tenant.failed()
    page = open_as(tenant.joined("viewer"))
    page.goto("/#/jobs")
    expect(page.locator(".job-name")).to_have_count(1)
    for name in ("New job", re.compile("Actions for")):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    page.goto(f"/#/jobs/{job_id}")
    expect(page.get_by_role("region", name="Now").locator("pre")).to_contain_text("FileNotFoundError")
    expect(page.locator(".page-head").get_by_role("button")).to_have_count(0)


def test_what_is_refused_is_shown_as_it_was_before(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(409)
    job_id = tenant.recurring()
    signed_in.goto(f"/#/jobs/{job_id}")
    expect(signed_in.get_by_role("button", name="Pause")).to_be_visible()
    signed_in.route("**/pause", lambda route: (tenant.data("POST", f"jobs/{job_id}/cancel"), route.continue_())[-1])
    signed_in.get_by_role("button", name="Pause").click()
    expect(signed_in.locator(".toast.error")).to_contain_text("Cannot pause a job that is cancelled")
    expect(state_of(signed_in)).to_have_text("cancelled")
