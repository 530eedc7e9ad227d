"""Answers come in any order: what is shown is what was chosen, done or told last."""

import re
from collections.abc import Callable

from playwright.sync_api import APIResponse, Locator, Page, Route, expect

from tests.browser.looking import at
from tests.browser.tenant import Tenant


class Late:
    """Holds back what the server answers to the first request of some kind, until the test lets it through."""

    def __init__(self, page: Page, path: re.Pattern[str], *, method: str = "GET") -> None:
        self._page = page
        self._held: list[tuple[Route, APIResponse]] = []
        self._method = method
        self._is_taken = False
        page.route(path, self._take)

    def _take(self, route: Route) -> None:
        if self._is_taken or route.request.method != self._method:
            route.continue_()
            return
        self._is_taken = True
        self._held.append((route, route.fetch()))

    def after(self, act: Callable[[], object]) -> None:
        """Act, and wait until the server has answered what the page asks then."""
        with self._page.expect_event("request", lambda request: request.method == self._method):
            act()
        while not self._held:
            self._ask()

    def comes(self) -> None:
        """Let it through, and wait until the page has it, unless the page gave it up."""
        for route, response in self._held:
            if route.request.failure is None:
                route.fulfill(response=response)
                come = route.request.response()
                assert come is not None
                come.finished()
        self._ask()

    def _ask(self) -> None:
        """Something else, which is answered after what came before."""
        self._page.evaluate("() => fetch('health').then((answer) => answer.text())")


def chart(page: Page, begins: str) -> Locator:
    return page.get_by_role("img", name=re.compile(f"^{begins}"))


def test_a_listing_is_that_of_the_newest_filter(signed_in: Page, tenant: Tenant) -> None:
    tenant.failed()
    tenant.blocked()
    page = at(signed_in, "/#/dead-letters")
    late = Late(page, re.compile(r"/dead-letters\?.*task=monthly_report"))
    page.get_by_label("Task", exact=True).fill("monthly_report")
    late.after(lambda: page.get_by_role("button", name="Filter", exact=True).click())
    page.get_by_role("button", name="Clear", exact=True).click()
    expect(page.locator(".stale")).to_have_count(0)
    late.comes()
    expect(page.locator("tbody tr")).to_have_count(2)


def test_costs_are_those_of_the_period_that_was_chosen_last(signed_in: Page, tenant: Tenant) -> None:
    tenant.done()
    page = at(signed_in, "/#/settings/usage")
    period = page.get_by_label("Period", exact=True)
    late = Late(page, re.compile(r"/usage\?"))
    late.after(lambda: period.select_option(index=4))  # the month before this one
    period.select_option("7-days")
    expect(page.locator(".stale")).to_have_count(0)
    late.comes()
    expect(page.get_by_text("Nothing was done in this period")).to_have_count(0)
    expect(page.get_by_text("Estimated cost")).to_be_visible()


def test_charts_show_the_time_that_was_chosen_last(signed_in: Page, tenant: Tenant) -> None:
    tenant.done()
    page = at(signed_in, "/#/")
    expect(chart(page, "Executions in the last 24 hours: 1 succeeded")).to_be_visible()
    late = Late(page, re.compile(r"/stats/series\?.*step=hour.*from="))
    late.after(page.get_by_role("button", name="7 days").click)
    page.get_by_role("button", name="30 days").click()
    expect(chart(page, "Executions in the last 30 days: 1 succeeded")).to_be_visible()
    late.comes()
    expect(chart(page, "Executions in the last 7 days")).to_have_count(0)
    expect(chart(page, "Executions in the last 30 days: 1 succeeded")).to_be_visible()


def test_executions_are_those_of_the_status_that_was_chosen_last(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.done()
    page = at(signed_in, f"/#/jobs/{job_id}?tab=executions")
    expect(page.locator(".attempt")).to_have_count(1)
    late = Late(page, re.compile(r"/executions\?.*status=success"))
    status = page.get_by_label("Status", exact=True)
    late.after(lambda: status.select_option("success"))
    status.select_option("failed")
    expect(page.get_by_text("None.", exact=True)).to_be_visible()
    late.comes()
    expect(page.locator(".attempt")).to_have_count(0)


def test_what_runs_next_is_not_that_of_before_a_pause(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring()
    late = Late(signed_in, re.compile(r"/occurrences\?"))
    late.after(lambda: signed_in.goto(f"/#/jobs/{job_id}"))
    signed_in.get_by_role("button", name="Pause").click()
    rest = signed_in.get_by_text("Nothing is due until it is resumed.")
    expect(signed_in.locator(".now")).to_contain_text(re.compile("Paused (now|.* ago)"))  # all of it has been told
    expect(rest).to_be_visible()
    late.comes()
    expect(rest).to_be_visible()
    expect(signed_in.locator(".next")).to_have_count(0)


def test_a_job_is_shown_as_it_was_told_last(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring()
    page = at(signed_in, f"/#/jobs/{job_id}")
    state = page.locator(".page-head .badge")
    expect(state).to_have_text("delayed")
    late = Late(page, re.compile(f"/jobs/{job_id}$"))
    late.after(page.get_by_role("button", name="Pause").click)
    expect(state).to_have_text("paused")
    tenant.data("POST", f"jobs/{job_id}/resume")
    expect(state).to_have_text("delayed")
    late.comes()
    expect(state).to_have_text("delayed")


def test_a_queue_is_shown_as_it_was_read_last(signed_in: Page, tenant: Tenant) -> None:
    tenant.queue("reports")
    page = at(signed_in, "/#/queues")
    late = Late(page, re.compile(r"/api/v1/queues$"))
    late.after(page.get_by_role("button", name="Pause reports").click)
    tenant.queue("made-since")
    page.get_by_role("button", name="Resume reports").click()
    expect(page.get_by_role("button", name="Pause made-since")).to_be_visible()
    late.comes()
    shown = [page.get_by_role("button", name=name).count() for name in ("Pause reports", "Pause made-since")]
    assert shown == [1, 1], "and not only once it is read again"


def test_a_job_of_the_list_is_shown_as_it_was_read_last(signed_in: Page, tenant: Tenant) -> None:
    tenant.recurring()
    page = at(signed_in, "/#/jobs")
    late = Late(page, re.compile(r"/api/v1/jobs\?"))
    late.after(lambda: tenant.job("Newer", delay_seconds=3600))
    page.get_by_role("button", name="Actions for Nightly backup").click()
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("1 job came")).to_be_visible()  # it was read anew
    late.comes()
    assert page.locator("tbody .badge").all_inner_texts() == ["paused"]


def test_what_is_told_while_the_list_is_read_is_read_as_well(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.recurring()
    heard: list[object] = []
    network = signed_in.context.new_cdp_session(signed_in)

    def hear(event: object) -> None:
        heard.append(event)

    network.on("Network.eventSourceMessageReceived", hear)
    network.send("Network.enable")
    page = at(signed_in, "/#/jobs")
    late = Late(page, re.compile(r"/api/v1/jobs\?"))
    late.after(lambda: tenant.job("Newer", delay_seconds=3600))
    before = len(heard)
    tenant.data("POST", f"jobs/{job_id}/pause")
    while len(heard) == before:
        page.wait_for_timeout(50)
    late.comes()
    expect(page.locator("tbody .badge")).to_have_text(["paused"])
