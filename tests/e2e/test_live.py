"""Following a job on the deployed template: each request is answered once, with what is new (S5)."""

from urllib.parse import quote

import pytest

from tests.e2e.flows import Flows
from tests.live_events import told

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def test_a_ticket_opens_what_is_new_of_a_job_and_nothing_else(flow: Flows) -> None:
    deployment = flow.deployment
    deployment.finished(flow.now_job, timeout_seconds=30)
    path = f"/api/v1/sse/jobs/{flow.now_job}"
    ticket = deployment.data("POST", "/api/v1/sse/tickets", {"path": path}, status=201)["ticket"]
    token, deployment.token = deployment.token, None
    try:
        answer = deployment.call("GET", f"{path}?ticket={quote(ticket)}")
        elsewhere = deployment.call("GET", f"/api/v1/sse/stats?ticket={quote(ticket)}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream"), answer.text
        news = told(answer.text)
        known = f"{path}?ticket={quote(ticket)}&last_event_id={news.events[0].event_id}"
        again = deployment.call("GET", known)
    finally:
        deployment.token = token
    assert (news.events[0].name, news.events[0].data["status"]) == ("job", "completed")
    assert news.retry_ms is not None
    assert 3000 <= news.retry_ms <= 15_000
    assert (again.status_code, again.text) == (204, "")
    assert elsewhere.status_code == 401


def test_the_counts_are_told_and_wait_for_nothing(flow: Flows) -> None:
    answer = flow.deployment.call("GET", "/api/v1/sse/stats")
    news = told(answer.text)
    assert news.events[0].name == "stats"
    assert news.events[0].data.keys() == flow.deployment.data("GET", "/api/v1/dashboard/stats").keys()
