"""The process may die, and a service fail, at every call between an outcome and those to be told: all are told.

What is told twice carries the same id. The calls are recorded once, and then each is broken in each way.
"""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.crash.wire import Crash, Kind, Watched, Wire
from tests.contract.mail_servers import MailServer, mail_server  # noqa: F401
from tests.notification_lab import Hook, NotificationLab, mails, new_notification_lab, serve_hook
from tests.world import ADA, task
from tickwell.domain.errors import TickwellError

_READS = frozenset({"about", "by_id", "depth", "get_dead_letter", "get_execution", "get_many", "read", "receive"})


def _break(_payload: Any, _context: Any) -> Any:
    raise ValueError("broke")


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


def play(folder: Path, wire: Wire, mail_port: int, hook_url: str) -> NotificationLab:
    """A job fails for good; following and delivering break as ``wire`` says, and then go on for an hour."""
    lab = new_notification_lab(
        folder,
        mail_port=mail_port,
        tasks=[task("break", _break)],
        watch=lambda name, port: Watched(wire, name, port),
    )
    lab.add_webhook(hook_url)
    lab.world.create(task="break", max_retries=0)
    lab.world.work()
    wire.armed = True
    with suppress(Crash, TickwellError):
        lab.follow_all()
        lab.deliver()
    wire.revive()
    for _ in range(13):
        lab.world.clock.advance(300)
        lab.follow_all()
        lab.deliver()
    return lab


def ways_to_break(call: str) -> tuple[Kind, ...]:
    return (Kind.FAIL_BEFORE,) if call.rpartition(".")[2] in _READS else tuple(Kind)


def test_whatever_breaks_everybody_is_told_and_that_is_recorded(
    tmp_path: Path,
    mail_server: MailServer,  # noqa: F811
    hook: Hook,
) -> None:
    recording = Wire()
    play(tmp_path, recording, mail_server.port, hook.url).close()
    assert {name.partition(".")[0] for name in recording.calls} >= {"webhooks", "queue", "records", "mailer", "history"}
    for number, call in enumerate(recording.calls):
        for kind in ways_to_break(call):
            mail_server.postbox.contents.clear()
            hook.seen.clear()
            lab = play(tmp_path, Wire(kind=kind, at=number), mail_server.port, hook.url)
            _assert_told(lab, mail_server, hook, f"{kind.value} {number} {call}")
            lab.close()


def _assert_told(lab: NotificationLab, server: MailServer, hook: Hook, what: str) -> None:
    (letter,) = lab.world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert {mail["Message-ID"] for mail in mails(server.postbox)} == {
        f"<failed-{letter.dead_letter_id}@tickwell.example>"
    }, what
    assert set(hook.ids) == {f"failed-{letter.dead_letter_id}"}, what
    (execution,) = lab.world.core.history.list_executions(
        ADA.tenant_id, letter.job_id or "", limit=10, cursor=None
    ).items
    assert [message for message, _ in lab.logs(execution.execution_id)] == ["Notification sent"] * 2, what
    depth = lab.queue.depth()
    assert (depth.waiting, depth.delayed, depth.in_flight) == (0, 0, 0), what
    assert lab.feed.read(10) == [], what
