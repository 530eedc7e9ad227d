"""How pages follow a job: by a stream, past refusals, without one, and to its end."""

from typing import Any

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
    signed_in.evaluate(FOLLOW, f"jobs/{job_id}")
    until(signed_in, "job", "active", "a job")
    tenant.data("PATCH", f"jobs/{job_id}", {"name": "told without a stream"})
    until(signed_in, "job", "active", "told without a stream")
    with signed_in.expect_response(lambda answer: "/sse/jobs/" in answer.url and answer.status == 200):
        pass
    tenant.data("POST", f"jobs/{job_id}/pause")
    until(signed_in, "job", "paused", "told without a stream")
    signed_in.evaluate("() => window.leave()")
