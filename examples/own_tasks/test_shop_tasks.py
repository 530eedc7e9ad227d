"""Tests of ``shop_tasks``, as you would write them for tasks of your own. Run them with pytest."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from shop_tasks import fetch_price, invoice

from tickwell.sdk import AttemptFailedError
from tickwell.testing import HttpRequest, HttpResponse, SimulatedTickwell, http_answer, run_task

TEA = {"name": "tea"}


def supplier(*statuses: int) -> Callable[[HttpRequest], HttpResponse]:
    """A supplier that answers with ``statuses``, one after the other, and then with the price."""
    left = list(statuses)
    return lambda request: http_answer(request, left.pop(0) if left else 200, b"350")


def test_the_price_is_read() -> None:
    run = run_task(fetch_price, TEA, http=supplier())
    assert run.output == {"article": "tea", "cents": 350}
    assert [line.message for line in run.log] == ["the supplier has answered"]


def test_the_invoice_is_written() -> None:
    run = run_task(invoice, {"number": 7, "lines": [{"article": "tea", "pieces": 2, "cents": 350}]})
    assert run.output["cents"] == 700
    assert run.files["invoices/7.txt"] == b"2 x tea: 700\ntotal: 700\n"


def test_what_the_supplier_does_not_have_is_not_asked_for_again() -> None:
    with pytest.raises(AttemptFailedError, match="has no tea") as raised:
        run_task(fetch_price, TEA, http=supplier(404))
    assert not raised.value.retryable


def test_a_supplier_that_is_down_is_asked_again() -> None:
    with SimulatedTickwell(tasks=[fetch_price], http=supplier(503, 503)) as tickwell:
        job = tickwell.request("POST", "/api/v1/jobs", {"name": "tea", "task": "fetch_price", "payload": TEA}).data
        tickwell.advance(hours=1)
        assert [one["status"] for one in tickwell.executions(job["id"])] == ["failed", "failed", "success"]


def test_the_price_is_fetched_at_seven_all_summer_and_winter() -> None:
    start = datetime(2027, 1, 1, tzinfo=UTC)
    keep = {"history_retention_days": 400}
    with SimulatedTickwell(start=start, tasks=[fetch_price], http=supplier(), settings=keep) as tickwell:
        daily = {"cron_expression": "0 7 * * *", "timezone": "Europe/Berlin"}
        body = {"name": "tea", "task": "fetch_price", "payload": TEA, **daily}
        job = tickwell.request("POST", "/api/v1/jobs", body).data
        tickwell.advance(days=365)
        executions = tickwell.executions(job["id"])
    assert len(executions) == 365
    assert {one["status"] for one in executions} == {"success"}
    assert {one["due_at"][11:16] for one in executions} == {"06:00", "05:00"}  # UTC, in winter and in summer
