"""The bounded log of an attempt."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.task_contexts import task_context
from tickwell.application.task_log import MAX_BYTES, MAX_ENTRIES, TaskLog


def _add(log: TaskLog, message: str = "x", **metadata: Any) -> None:
    log.add(NOON, "info", message, metadata)


def test_entries_keep_order_time_level_and_metadata() -> None:
    log = TaskLog()
    log.add(NOON, "info", "first", {})
    log.add(NOON + timedelta(seconds=1), "error", "second", {"count": 3, "list": [1, None]})
    first, second = log.entries()
    assert (first.at, first.level, first.message, first.metadata) == (NOON, "info", "first", None)
    assert (second.at - first.at, second.level) == (timedelta(seconds=1), "error")
    assert second.metadata == {"count": 3, "list": [1, None]}


def test_a_context_stamps_lines_with_its_clock() -> None:
    context = task_context()
    context.log("warning", "hello", n=1)
    (entry,) = context.logbook.entries()
    assert (entry.at, entry.level, entry.message, entry.metadata) == (context.now(), "warning", "hello", {"n": 1})


def test_what_exceeds_a_thousand_entries_is_counted_in_one_last_line() -> None:
    log = TaskLog()
    for number in range(MAX_ENTRIES + 7):
        log.add(NOON + timedelta(seconds=number), "info", str(number), {})
    *kept, last = log.entries()
    assert [entry.message for entry in kept] == [str(number) for number in range(MAX_ENTRIES)]
    assert last.metadata == {"dropped": 7}
    assert "7 more" in last.message
    assert last.at == NOON + timedelta(seconds=MAX_ENTRIES + 6)


def test_exactly_a_thousand_entries_are_all_kept() -> None:
    log = TaskLog()
    for _ in range(MAX_ENTRIES):
        _add(log)
    assert len(log.entries()) == MAX_ENTRIES


@pytest.mark.parametrize("message", ["x" * 20_000, "ä" * 10_000])
def test_the_bytes_are_bounded(message: str) -> None:
    log = TaskLog()
    for _ in range(100):
        _add(log, message)
    *kept, last = log.entries()
    assert sum(len(entry.message.encode()) for entry in kept) <= MAX_BYTES
    assert last.metadata == {"dropped": 100 - len(kept)}


def test_one_huge_line_is_cut_and_not_lost() -> None:
    log = TaskLog()
    _add(log, "ä" * 1_000_000, blob="y" * 1_000_000)
    (entry,) = log.entries()
    assert entry.message.endswith("(cut)")
    assert len(json.dumps(entry.metadata)) < 64 * 1024


def _deep() -> Any:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


def _circular() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), b"bytes", object(), {1, 2}, {("a", 1): 2}, "\ud800", NOON, _deep(), _circular()],
)
def test_whatever_is_logged_can_be_stored(value: Any) -> None:
    log = TaskLog()
    _add(log, "text \ud800", value=value)
    (entry,) = log.entries()
    json.dumps(entry.metadata, allow_nan=False, ensure_ascii=False).encode()
    entry.message.encode()
    assert entry.metadata


def test_threads_may_share_a_log() -> None:
    log = TaskLog()

    def write() -> None:
        for _ in range(400):
            _add(log)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    *kept, last = log.entries()
    assert len(kept) == MAX_ENTRIES
    assert last.metadata == {"dropped": 600}
