"""What a page does on a bad day: the session ends while one types, the server is gone, names are long, limits bite."""

import re

import pytest
from playwright.sync_api import Dialog, Page, Route, expect

from tests.browser.conftest import OpenAs
from tests.browser.looking import at, settled
from tests.browser.tenant import PASSWORD, Tenant
from tests.browser.watch import Watch

LONG = ("A" * 250, "https://example.com/" + "a/" * 110, "مهمة النسخ الاحتياطي الليلي " * 4, "<b>bold</b> & “quoted”")
_SCROLLING = """() => [...document.querySelectorAll(".table")].filter((each) => each.scrollWidth > each.clientWidth + 1)
    .map((each) => `${each.getAttribute("aria-label")}: ${each.scrollWidth} in ${each.clientWidth}`)"""


def write(page: Page, message: str) -> None:
    """A mail in the form, which is not sent."""
    page.get_by_label("To", exact=True).fill("grace@example.com")
    page.get_by_label("Subject").fill("A long letter")
    page.get_by_label("Message").fill(message)


def refuse(page: Page, path: str, status: int, headers: dict[str, str] | None = None) -> None:
    """Every request of that path gets this answer, as the API words it."""
    code, message = ("RATE_LIMITED", "too many requests") if status == 429 else ("INTERNAL_ERROR", "an internal error")
    body = {"error": True, "code": code, "message": message, "request_id": "01a2-request", "details": []}
    page.route(path, lambda route: route.fulfill(status=status, headers=headers or {}, json=body))


def end_session_at(page: Page, tenant: Tenant, path: str) -> None:
    """The session ends when the page sends something there. Sooner, whatever the page reads by itself might tell it."""

    def end(route: Route) -> None:
        if route.request.method == "POST":
            tenant.call("POST", "auth/logout")
        route.continue_()

    page.route(path, end)


def test_what_is_typed_outlives_the_session(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(401)
    page = at(signed_in, "/#/emails")
    write(page, "Typed for an hour.")
    end_session_at(page, tenant, "**/api/v1/emails/schedule")
    page.get_by_role("button", name="Send now").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_contain_text(tenant.email)
    dialog.get_by_label("Password", exact=True).fill("Wrong-Horse-9")
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Invalid e-mail address or password")
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_label("Message")).to_have_value("Typed for an hour.")
    assert page.evaluate("localStorage.length") == 1, "it is kept on the device as it was before"
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_text("On its way to grace@example.com")).to_be_visible()


def test_who_does_not_sign_in_again_leaves_dialogs_and_all(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    watch.expected.add(401)
    page = at(signed_in, "/#/queues")
    page.get_by_role("button", name="New queue").click()
    page.get_by_role("dialog").get_by_label("Name").fill("reports")
    end_session_at(page, tenant, "**/api/v1/queues")
    page.get_by_role("button", name="Create queue").click()
    page.get_by_role("button", name="Leave without saving").click()
    expect(page.get_by_role("heading", level=1, name="Sign in")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url(re.compile("next="))


def test_a_slip_beside_a_dialog_does_not_lose_what_was_typed(signed_in: Page) -> None:
    page = at(signed_in, "/#/queues")
    page.get_by_role("button", name="New queue").click()
    dialog = page.get_by_role("dialog", name="New queue")
    page.mouse.click(3, 3)
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="New queue").click()
    dialog.get_by_label("Name").fill("reports")
    for is_key in (False, True):
        page.keyboard.press("Escape") if is_key else page.mouse.click(3, 3)
        page.get_by_role("dialog", name="Leave without saving?").get_by_role("button", name="Cancel").click()
        expect(dialog.get_by_label("Name")).to_have_value("reports")
    asked: list[str] = []

    def stay(question: Dialog) -> None:
        asked.append(question.type)
        question.dismiss()

    page.on("dialog", stay)
    page.evaluate("() => location.reload()")
    assert asked == ["beforeunload"]
    expect(dialog.get_by_label("Name")).to_have_value("reports")
    page.keyboard.press("Escape")
    page.get_by_role("dialog", name="Leave without saving?").get_by_role("button", name="Leave").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_page_says_that_it_is_old_and_goes_on_when_the_server_is_back(
    signed_in: Page, tenant: Tenant, watch: Watch
) -> None:
    tenant.job("Nightly backup", delay_seconds=3600)
    page = at(signed_in, "/#/jobs")
    expect(page.get_by_role("link", name="Nightly backup")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Tickwell has not been reached since")).to_be_visible()
    page.get_by_role("button", name="Name", exact=False).first.click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")
    page.context.set_offline(False)
    expect(page.get_by_role("link", name="Nightly backup")).to_be_visible()
    expect(page.get_by_text("Tickwell has not been reached since")).to_have_count(0)
    assert all("ERR_INTERNET_DISCONNECTED" in each for each in watch.complaints), "what the browser says of it"
    watch.complaints.clear()


def test_a_server_that_is_gone_is_noticed_while_the_browser_goes_on_trying(
    signed_in: Page, tenant: Tenant, watch: Watch
) -> None:
    tenant.job("Nightly backup", delay_seconds=3600)
    stream = {"content_type": "text/event-stream", "body": "retry: 50\n\n"}
    signed_in.route("**/api/v1/sse/stats?**", lambda route: route.fulfill(status=200, **stream))
    signed_in.clock.install()
    page = at(signed_in, "/#/")
    expect(page.locator(".live")).to_have_text("live")
    page.route("**/api/v1/**", lambda route: route.abort())
    line = page.get_by_text("Tickwell has not been reached since")
    for _ in range(10):
        page.wait_for_timeout(300)  # some attempts of the browser, whose own clock goes on
        page.clock.run_for(12_000)
        if line.is_visible():
            break
    expect(line).to_be_visible()
    expect(page.locator(".live")).to_have_text("")
    assert all("net::ERR_FAILED" in each for each in watch.complaints), "what the browser says of it"
    watch.complaints.clear()


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [("/#/jobs/nope", 404, "No job nope"), ("/#/dead-letters?cursor=nonsense", 422, "cursor")],
)
def test_what_is_gone_or_refused_for_good_is_not_tried_again(
    signed_in: Page, watch: Watch, address: str, status: int, said: str
) -> None:
    watch.expected.add(status)
    page = at(signed_in, address)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.get_by_role("link", name="Jobs").last.click()
    expect(page.get_by_role("heading", level=1, name="Jobs")).to_be_visible()


def test_limits_and_faults_are_told_in_words_with_what_names_them(
    signed_in: Page, tenant: Tenant, watch: Watch
) -> None:
    watch.expected |= {429, 500}
    page = at(signed_in, "/#/emails")
    refuse(page, "**/api/v1/emails/schedule", 429, {"Retry-After": "3600"})
    write(page, "Hello.")
    page.get_by_role("button", name="Send now").click()
    expect(page.get_by_role("alert")).to_have_text("Too many requests. Try again in 1 h.")
    expect(page.get_by_label("Message")).to_have_value("Hello.")
    tenant.queue("reports")
    at(page, "/#/queues")
    refuse(page, "**/api/v1/queues/reports", 500)
    page.get_by_role("button", name="Delete reports").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Delete", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Request 01a2-request")


def test_an_export_waits_where_the_api_asks_it_to(signed_in: Page, watch: Watch) -> None:
    watch.expected.add(429)
    page = at(signed_in, "/#/settings/organization")
    answers = iter([429, 200])

    def limited(route: Route) -> None:
        if next(answers, 200) == 429:
            route.fulfill(status=429, headers={"Retry-After": "1"}, json={"code": "RATE_LIMITED", "message": "wait"})
        else:
            route.continue_()

    page.route("**/api/v1/organization/export**", limited)
    with page.expect_download() as download:
        page.get_by_role("button", name="Download everything").click()
        expect(page.get_by_text("The API asks to wait: it goes on in 1 s.")).to_be_visible()
    assert download.value.suggested_filename == "tickwell-export.jsonl"


def test_one_press_sends_once_however_slow_the_answer(signed_in: Page, tenant: Tenant) -> None:
    page = at(signed_in, "/#/emails")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/api/v1/emails/schedule", hold)
    write(page, "Hello.")
    page.evaluate("""() => {
        const button = document.querySelector(".writer [type=submit]");
        button.click();
        button.click();
        button.form.requestSubmit();
    }""")
    page.get_by_label("Subject").press("Enter")
    expect(page.get_by_role("button", name="Send now")).to_have_attribute("aria-disabled", "true")
    assert len(held) == 1
    held[0].continue_()
    expect(page.get_by_text("On its way to grace@example.com")).to_be_visible()
    assert tenant.data("GET", "jobs")["pagination"]["total"] == 1


@pytest.mark.parametrize("width", [768, 1024, 1280])
def test_names_of_any_length_leave_room_for_the_rest(open_as: OpenAs, tenant: Tenant, width: int) -> None:
    tenant.queue("q" * 64)
    jobs = [tenant.failed(name, queue="q" * 64, tags=["t" * 50]) for name in LONG[: 4 if width == 1280 else 1]]
    page = open_as(tenant, viewport={"width": width, "height": 800})
    for path in ("jobs", "dead-letters", "queues", "settings/api-keys", f"jobs/{jobs[0]}"):
        at(page, f"/#/{path}")
        assert page.evaluate(_SCROLLING) == [], path


def test_who_comes_back_to_a_list_finds_it_as_it_was_left(signed_in: Page, tenant: Tenant) -> None:
    jobs = [{"name": f"Backup {number}", "delay_seconds": 3600} for number in range(30)]
    tenant.data("POST", "jobs/batch", {"jobs": jobs})
    page = at(signed_in, "/#/jobs")
    page.evaluate("scrollTo(0, 600)")
    page.get_by_role("link", name="Backup 15", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Backup 15")).to_be_visible()
    assert page.evaluate("scrollY") == 0
    page.go_back()
    settled(page)
    page.wait_for_function("scrollY === 600")
    page.get_by_role("link", name="Queues", exact=True).click()
    expect(page.get_by_role("heading", level=1, name="Queues")).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("link", name="Backup 15", exact=True)).to_be_visible()
    assert page.evaluate("scrollY") == 0, "what is gone to anew begins at its top"


def test_a_message_stays_while_it_has_the_focus(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring()
    page = at(signed_in, f"/#/jobs/{job_id}")
    page.clock.install()
    page.get_by_role("button", name="Pause").click()
    undo = page.locator("#toasts").get_by_role("button", name="Undo")
    undo.focus()
    page.clock.run_for(60_000)
    expect(undo).to_be_visible()
    page.get_by_role("heading", level=1).focus()
    page.clock.run_for(60_000)
    expect(undo).to_have_count(0)


def test_dates_are_written_in_one_way_whatever_english_one_reads(open_as: OpenAs, tenant: Tenant) -> None:
    job_id = tenant.recurring("Close the till", "30 22 * * *")
    page = open_as(tenant, locale="en-US", timezone_id="America/New_York")
    at(page, f"/#/jobs/{job_id}")
    day = r"[A-Z][a-z]{2} \d+(, \d{4})?"  # with its year on the last day of one
    expect(page.locator(".now")).to_contain_text(re.compile(rf"on {day}, 1[67]:30"))
    expect(page.locator(".next")).to_contain_text(re.compile(rf"[A-Z][a-z]{{2}}, {day}, 22:30 "))
    expect(page.locator(".next")).to_contain_text(re.compile(r"In your zone the first is .* 1[67]:30 E[DS]T"))
    assert not re.search(r"\d [AP]M", page.locator("main").inner_text())
