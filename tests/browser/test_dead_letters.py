"""The story of what failed for good: find it, read why, run it again, clear it away."""

import json

from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at, settled
from tests.browser.tenant import Tenant
from tests.browser.watch import Watch


def confirmed(page: Page, begin: str) -> None:
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name=begin).click()
    expect(dialog).to_have_count(0)


def test_dead_letters_are_read_retried_and_deleted_by_filter(tenant: Tenant, signed_in: Page) -> None:
    for name in ("Ada", "Grace"):
        tenant.failed(f"Report for {name}", ledger=f"{name}.csv")
    tenant.blocked()
    page = at(signed_in, "/#/dead-letters")
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Task", exact=True).fill("monthly_report")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page.get_by_role("row", name="Call the till")).to_have_count(0)
    assert "task=monthly_report" in page.url

    page.get_by_role("link", name="Report for Grace").click()
    settled(page)
    expect(page.get_by_label("Traceback of attempt 1")).to_contain_text("FileNotFoundError")
    expect(page.get_by_label("Payload", exact=True)).to_contain_text('"customer": "Grace"')
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(2)

    for name in ("Ada", "Grace"):
        tenant.ledger(f"{name}.csv").write_text("1 book\n")
    page.get_by_role("button", name="Retry all that match").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 dead letters will be run again")
    expect(page.get_by_role("dialog")).to_contain_text("Those of the task monthly_report")
    assert all(letter["retried_as"] is None for letter in tenant.data("GET", "dead-letters")["dead_letters"])
    confirmed(page, "Retry 2 dead letters")
    letters = tenant.data("GET", "dead-letters")["dead_letters"]
    made = [letter["retried_as"] for letter in letters if letter["task"] == "monthly_report"]
    assert [tenant.ended(job_id)["status"] for job_id in made] == ["completed"] * 2
    assert [letter["retried_as"] for letter in letters if letter["task"] != "monthly_report"] == [None]

    page.get_by_label("Retried", exact=True).select_option("Retried")
    page.get_by_role("button", name="Filter", exact=True).click()
    page.get_by_role("button", name="Delete all that match").click()
    expect(page.get_by_role("dialog")).to_contain_text("2 dead letters will be deleted")
    confirmed(page, "Delete 2 dead letters")
    expect(page.get_by_text("No dead letter matches")).to_be_visible()
    expect(page.get_by_role("button", name="all that match")).to_have_count(0)
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("row", name="Call the till")).to_be_visible()
    expect(page.get_by_role("button", name="Retry all …")).to_be_visible()
    assert [letter["job_name"] for letter in tenant.data("GET", "dead-letters")["dead_letters"]] == ["Call the till"]


def test_a_viewer_reads_them_and_can_do_no_more(tenant: Tenant, open_as: OpenAs, watch: Watch) -> None:
    job_id = tenant.failed()
    viewer = tenant.joined("viewer")
    page = at(open_as(viewer), "/#/dead-letters")
    expect(page.get_by_text("takes the role member or above")).to_be_visible()
    page.get_by_role("link", name="Report for Ada & Co.").click()
    settled(page)
    expect(page.get_by_label("Traceback of attempt 1")).to_be_visible()
    assert page.get_by_role("main").get_by_role("button", name="Retry").count() == 0
    (letter,) = tenant.data("GET", f"dead-letters?job_id={job_id}")["dead_letters"]
    for method, path in [("POST", f"dead-letters/{letter['id']}/retry"), ("DELETE", f"dead-letters/{letter['id']}")]:
        assert viewer.call(method, path, {} if method == "POST" else None)[0] == 403
    assert viewer.call("POST", "dead-letters/retry", {"all": True})[0] == 403
    watch.expected |= {404}
    at(page, "/#/dead-letters/unknown")
    expect(page.get_by_text("There is no such dead letter")).to_be_visible()


def test_many_pages_are_counted_done_and_gone_on_with(tenant: Tenant, signed_in: Page, watch: Watch) -> None:
    """The API's answers are played: nobody has three thousand dead letters at hand."""
    tenant.failed()
    page = at(signed_in, "/#/dead-letters?error_code=TASK_ERROR")
    asked: list[tuple[bool, str | None]] = []
    refusals: dict[tuple[bool, str | None], int] = {(True, "two"): 429, (False, "three"): 403}
    watch.expected |= set(refusals.values())

    def answer(route: Route) -> None:
        body = json.loads(route.request.post_data or "")
        assert body["filter"] == {"error_code": "TASK_ERROR"}
        asked.append((body["dry_run"], body.get("cursor")))
        refused = refusals.pop(asked[-1], None)
        if refused:
            headers = {"Retry-After": "1"} if refused == 429 else {}
            route.fulfill(status=refused, headers=headers, json={"code": "REFUSED", "message": "not now"})
            return
        following = {None: "two", "two": "three", "three": None}[body.get("cursor")]
        skipped = 4 if following is None else 0
        reasons = [{"reason": "it was retried already", "count": skipped}] if skipped else []
        counts = {"matched": 1000, "changed": 1000 - skipped, "skipped": skipped, "failed": 0, "reasons": reasons}
        route.fulfill(json={"success": True, "data": {**counts, "next_cursor": following}})

    page.route("**/api/v1/dead-letters/retry", answer)
    page.get_by_role("button", name="Retry all that match").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2,996 dead letters will be run again")
    expect(dialog).to_contain_text("4: it was retried already")
    dialog.get_by_role("button", name="Retry 2,996 dead letters").click()
    expect(dialog).to_contain_text("Stopped. Not now")
    expect(dialog).to_contain_text("2,000 dead letters run again so far")
    dialog.get_by_role("button", name="Go on").click()
    expect(page.locator(".toast")).to_contain_text("2,996 dead letters run again")
    expect(dialog).to_have_count(0)
    counting = [(True, None), (True, "two"), (True, "two"), (True, "three")]
    assert asked == [*counting, (False, None), (False, "two"), (False, "three"), (False, "three")]
