"""What the archive routes give."""

import json
from collections.abc import Sequence

from typing_extensions import TypedDict

from tickwell.application.ports import ArchivedMonth, Page
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution
from tickwell.http.dead_letter_bodies import DeadLetterBody, dead_letter_body
from tickwell.http.history_bodies import (
    ExecutionBody,
    LogBody,
    execution_body,
    log_list_body,
)
from tickwell.http.paging import Pagination, pagination

_LARGEST_ANSWER_BYTES = 4 * 1024 * 1024


class ArchivedMonthBody(TypedDict):
    """How much there is of a month; what was archived twice, after a crash, is counted twice."""

    month: str
    objects: int
    executions: int
    dead_letters: int


class ArchivedExecutionBody(ExecutionBody):
    """An execution with what it logged."""

    logs: list[LogBody]


class ArchivedExecutionListBody(TypedDict):
    """A page of archived executions."""

    executions: list[ArchivedExecutionBody]
    pagination: Pagination


class ArchivedDeadLetterListBody(TypedDict):
    """A page of archived dead letters."""

    dead_letters: list[DeadLetterBody]
    pagination: Pagination


def archived_month_body(month: ArchivedMonth) -> ArchivedMonthBody:
    """``month`` as it is shown."""
    return ArchivedMonthBody(
        month=month.month, objects=month.objects, executions=month.executions, dead_letters=month.dead_letters
    )


def archived_executions_body(page: Page[Execution], limit: int) -> ArchivedExecutionListBody:
    """A page; once it is as large as an answer may be, further outputs and logs are left out."""
    bodies, left_bytes = [], _LARGEST_ANSWER_BYTES
    for execution in page.items:
        body = archived_execution_body(execution)
        left_bytes -= len(json.dumps([body["output"], body["logs"]]))
        if left_bytes < 0:
            body["output"], body["output_omitted"], body["logs"] = None, True, []
        bodies.append(body)
    return ArchivedExecutionListBody(executions=bodies, pagination=pagination(limit, page.next_cursor))


def archived_dead_letters_body(page: Page[DeadLetter], limit: int) -> ArchivedDeadLetterListBody:
    """A page."""
    letters = [dead_letter_body(letter) for letter in page.items]
    return ArchivedDeadLetterListBody(dead_letters=letters, pagination=pagination(limit, page.next_cursor))


def archived_execution_body(execution: Execution) -> ArchivedExecutionBody:
    """``execution`` with output and logs."""
    logs: Sequence[LogBody] = log_list_body(execution.execution_id, execution.logs)["logs"]
    return ArchivedExecutionBody(**execution_body(execution), logs=list(logs))
