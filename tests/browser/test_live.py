"""How pages follow a job: by a stream, past refusals, without one, and to its end."""

from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.browser.tenant import Tenant
from tests.browser.watch import Watch

FOLLOW = """async (subject) => {
    const app = document.querySelector("script[type=module]").src;
    const { follow } = await import(new URL("lib/live.js", app));
    const told = [], states = [], left = new AbortController();
    const onEvent = (name, data) => told.push([name, data.status || "", data.name || ""]);
    const { refresh } = follow(subject, { onEvent, onState: (is) => states.push(is) }, left.signal);
    Object.assign(window, { told, states, refresh, leave: () => left.abort() });
}"""
STREAMS = "**/api/v1/sse/jobs/**"
ASKED = """(drawn) => {
    Math.random = () => drawn;
    const fetched = window.fetch;
    Object.assign(window, {asked: [], refused: 0});
    window.fetch = (...sent) => {
        window.asked.push(Date.now());
        return fetched(...sent).catch((error) => { window.refused += 1; throw error; });
    };
}"""
"""Notes when the page asks, by its own clock, and how many of its requests have failed."""


def told(page: Page) -> Any:
    return page.evaluate("() => window.told")


def until(page: Page, *wanted: str) -> None:
    """Wait for what was told last."""
    page.wait_for_function(
        "(wanted) => JSON.stringify(window.told.at(-1)) === JSON.stringify(wanted)", arg=list(wanted)
    )


def test_a_page_follows_a_job_to_its_end_and_on_when_it_is_taken_up(signed_in: Page, tenant: Tenant) -> None:
    job_id = tenant.job("a job", interval_seconds=3600)
    asked: list[str] = []
    signed_in.on("request", lambda request: asked.append(request.url))
    signed_in.goto("/#/settings")
    signed_in.evaluate(FOLLOW, f"jobs/{job_id}")
    until(signed_in, "job", "active", "a job")
    tenant.data("PATCH", f"jobs/{job_id}", {"name": "another name"})
    until(signed_in, "job", "active", "another name")
    tenant.data("POST", f"jobs/{job_id}/cancel")
    until(signed_in, "job", "cancelled", "another name")
    tenant.data("POST", f"jobs/{job_id}/retry")
    with signed_in.expect_response(STREAMS):
        signed_in.evaluate("() => window.refresh()")
    until(signed_in, "job", "active", "another name")
    assert signed_in.evaluate("() => window.states") == [True]
    streams = [url for url in asked if "/sse/jobs/" in url]
    assert len(streams) == 2, "one connection for all changes, and one more after the end"
    assert all(tenant.server.token not in url for url in asked)
    signed_in.evaluate("() => window.leave()")
    tenant.data("POST", f"jobs/{job_id}/pause")
    signed_in.wait_for_timeout(600)
    assert told(signed_in)[-1][1] == "active", "whoever has left is told nothing"


def test_a_page_goes_on_where_streams_are_refused(signed_in: Page, tenant: Tenant, watch: Watch) -> None:
    job_id = tenant.job("a job", interval_seconds=3600)
    watch.expected |= {401, 503}
    refusals = [401, 503]

    def refuse(route: Route) -> None:
        if refusals:
            route.fulfill(status=refusals.pop(0))
        else:
            route.continue_()

    signed_in.route(STREAMS, refuse)
    signed_in.goto("/#/settings")
    with signed_in.expect_response(lambda answer: "/sse/jobs/" in answer.url and answer.status == 200):
        signed_in.evaluate(FOLLOW, f"jobs/{job_id}")
        until(signed_in, "job", "active", "a job")
        tenant.data("PATCH", f"jobs/{job_id}", {"name": "told without a stream"})
        until(signed_in, "job", "active", "told without a stream")
    tenant.data("POST", f"jobs/{job_id}/pause")
    until(signed_in, "job", "paused", "told without a stream")
    signed_in.evaluate("() => window.leave()")


@pytest.mark.parametrize(("drawn", "part"), [(0.0, 0.75), (0.5, 1.0), (0.99999, 1.25)])
def test_pages_that_lost_a_server_come_again_at_different_times(
    signed_in: Page, tenant: Tenant, watch: Watch, drawn: float, part: float
) -> None:
    job_id = tenant.job("a job", interval_seconds=3600)
    signed_in.clock.install(time=0)
    signed_in.goto("/#/settings")
    signed_in.clock.pause_at(3_600_000)
    signed_in.evaluate(ASKED, drawn)
    ends = {"content_type": "text/event-stream", "body": "retry: 10\n\n"}
    signed_in.route(STREAMS, lambda route: route.fulfill(status=200, **ends))
    signed_in.evaluate(FOLLOW, f"jobs/{job_id}")
    signed_in.wait_for_function("() => window.states.at(-1) === true")
    with signed_in.expect_event("requestfailed"):
        signed_in.route("**/api/v1/**", lambda route: route.abort())
    for failures, seconds in enumerate([24, 2, 5, 15, 60, 60], start=1):
        lost_ms = signed_in.evaluate("() => Date.now()")
        signed_in.clock.run_for(round(1000 * seconds * part) + 1)
        signed_in.wait_for_function("(failures) => window.refused === failures", arg=failures)
        waited_ms = signed_in.evaluate("() => window.asked.at(-1)") - lost_ms
        assert waited_ms == pytest.approx(1000 * seconds * part, abs=1), seconds
    signed_in.evaluate("() => window.leave()")
    assert all("net::ERR_FAILED" in each for each in watch.complaints), "what the browser says of it"
    watch.complaints.clear()
