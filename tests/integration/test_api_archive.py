"""Expired history through the API, on both hosts."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.world import task
from tickwell.adapters.archive_documents import dead_letter_line, execution_line
from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.dead_letter_documents import dead_letter_text
from tickwell.adapters.history_documents import execution_texts
from tickwell.application.task import Task, TaskContext
from tickwell.domain.instant import to_epoch_ms

ARCHIVE, JOBS = "/api/v1/archive", "/api/v1/jobs"


def _log(payload: Any, context: TaskContext) -> Any:
    context.log("info", "working", n=1)
    if payload == "fail":
        raise ValueError("broke")
    return payload


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("log", _log)]


def run(api: Api, client: Client, payload: Any) -> str:
    body = {"name": "a job", "task": "log", "payload": payload, "max_retries": 0}
    job_id: str = client("POST", JOBS, body).data["id"]
    api.world.work()
    return job_id


def archive(api: Api, email: str, *job_ids: str) -> None:
    """As TTL and the sweep do it."""
    tenant_id, history = api.world.accounts.by_email(email).tenant_id, api.world.core.history
    lines = []
    for job_id in job_ids:
        (shown,) = history.list_executions(tenant_id, job_id, limit=10, cursor=None).items
        execution = history.get_execution(tenant_id, shown.execution_id)
        texts = execution_texts(execution)
        lines.append(
            execution_line(
                execution.job_key,
                due_ms=to_epoch_ms(execution.due_at),
                attempt=execution.attempt,
                expires_ms=to_epoch_ms(execution.expires_at),
                texts=(texts.summary, texts.outcome, texts.logs),
                removed_at=execution.expires_at,
            )
        )
    lines += [
        dead_letter_line(
            tenant_id,
            letter.dead_letter_id,
            expires_ms=to_epoch_ms(letter.expires_at),
            text=dead_letter_text(letter),
            removed_at=letter.expires_at,
        )
        for letter in history.list_dead_letters(tenant_id, limit=10, cursor=None).items
    ]
    BlobArchive(api.world.blobs).write(lines)


def test_archived_history_is_shown_as_it_was(api: Api, ada: Client) -> None:
    job_ids = [run(api, ada, {"n": [1, None]}), run(api, ada, "fail")]
    before = [ada("GET", f"{JOBS}/{job_id}/executions").data["executions"][0] for job_id in job_ids]
    (letter,) = ada("GET", "/api/v1/dead-letters").data["dead_letters"]
    archive(api, "ada@example.com", *job_ids)
    assert ada("GET", f"{ARCHIVE}?month=2026-11").data == {
        "month": "2026-11",
        "objects": 1,
        "executions": 2,
        "dead_letters": 1,
    }
    found = ada("GET", f"{ARCHIVE}/2026-11/executions").data["executions"]
    logs = [each.pop("logs") for each in found]
    assert found == before
    assert [(line["level"], line["message"], line["metadata"]) for line in logs[0]] == [("info", "working", {"n": 1})]
    assert ada("GET", f"{ARCHIVE}/2026-11/dead-letters").data["dead_letters"] == [letter]


def test_an_output_that_was_too_large_for_the_store_comes_back_from_its_blob(api: Api, ada: Client) -> None:
    job_id = run(api, ada, "x" * 300_000)
    archive(api, "ada@example.com", job_id)
    (found,) = ada("GET", f"{ARCHIVE}/2026-11/executions").data["executions"]
    assert (found["output"], found["output_omitted"]) == ("x" * 300_000, False)


def test_an_answer_stays_within_what_a_function_may_answer(api: Api, ada: Client) -> None:
    job_ids = [run(api, ada, "x" * 900_000) for _ in range(6)]
    archive(api, "ada@example.com", *job_ids)
    answer = ada("GET", f"{ARCHIVE}/2026-11/executions")
    assert len(answer.body) < 5 * 1024 * 1024
    omitted = [each["output_omitted"] for each in answer.data["executions"]]
    assert omitted == [False, False, False, False, True, True]


def test_pages_and_jobs(api: Api, ada: Client) -> None:
    job_ids = [run(api, ada, number) for number in range(5)]
    archive(api, "ada@example.com", *job_ids)
    found: list[str] = []
    cursor = ""
    while True:
        page = ada("GET", f"{ARCHIVE}/2026-11/executions?limit=2{cursor}").data
        found += [each["job_id"] for each in page["executions"]]
        if page["pagination"]["next_cursor"] is None:
            break
        cursor = f"&cursor={page['pagination']['next_cursor']}"
    assert found == job_ids
    (only,) = ada("GET", f"{ARCHIVE}/2026-11/executions?job_id={job_ids[3]}").data["executions"]
    assert only["output"] == 3


def test_tenants_see_their_own_archive_only(api: Api, ada: Client) -> None:
    archive(api, "ada@example.com", run(api, ada, 1))
    eve = api.user("eve@example.com")
    assert eve("GET", f"{ARCHIVE}?month=2026-11").data["executions"] == 0
    assert eve("GET", f"{ARCHIVE}/2026-11/executions").data["executions"] == []


@pytest.mark.parametrize(
    ("target", "field"),
    [
        (ARCHIVE, "month"),
        (f"{ARCHIVE}?month=2026-13", "month"),
        (f"{ARCHIVE}?month=2026-1", "month"),
        (f"{ARCHIVE}?month=..", "month"),
        (f"{ARCHIVE}/202611/executions", "month"),
        (f"{ARCHIVE}/2026-00/dead-letters", "month"),
        (f"{ARCHIVE}/2026-11/executions?cursor=nonsense", "cursor"),
        (f"{ARCHIVE}/2026-11/executions?limit=101", "limit"),
        (f"{ARCHIVE}/2026-11/executions?job_id={'x' * 65}", "job_id"),
    ],
)
def test_what_is_wrong_is_named(ada: Client, target: str, field: str) -> None:
    assert ada("GET", target).fields == [field]
