"""Scheduled mails outlive kills of the server (E7): real SIGKILL, real SMTP, a clock that leaps."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.contract.mail_servers import serve
from tests.integration.test_local_server import Inbox, smtp
from tests.leaping_server import Leaps
from tests.server_process import ServerProcess, eventually, running

HELD = "held"
FAR = 400
"""So many seconds ahead is nothing due before the clock leaps; and near enough to wait in the lane from the start."""

LONG = timedelta(minutes=20)
"""Longer than any lease of a mail."""

SYNC_SECONDS = 60


class HoldingInbox(Inbox):
    """Takes every mail, but lets whoever brings the one with the subject ``HELD`` wait for the answer."""

    def __init__(self, leaps: Leaps) -> None:
        super().__init__(now=leaps.now)
        self.leaps = leaps
        self.took, self.answer = Event(), Event()

    def leap_to(self, at: float) -> None:
        """Let it be ``at``, a moment that is still to come."""
        self.leaps.leap(datetime.fromtimestamp(at, UTC) - self.now())

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if b"Subject: held" in self.contents[-1]:
            self.took.set()
            await asyncio.to_thread(self.answer.wait, 30)
        return answer

    def arrived(self) -> dict[str, list[tuple[datetime, str]]]:
        """When each mail came, and with which Message-ID, by its subject."""
        found = defaultdict(list)
        for mail, at in zip(self.mails, self.arrivals, strict=False):
            found[mail["Subject"]].append((at, mail["Message-ID"]))
        return found


@pytest.fixture
def leaps(tmp_path: Path) -> Leaps:
    """The clock of all servers of a test."""
    return Leaps(tmp_path / "leaps")


@pytest.fixture
def inbox(leaps: Leaps) -> Iterator[HoldingInbox]:
    postbox = HoldingInbox(leaps)
    for server in serve(postbox):
        postbox.port = server.port
        yield postbox


def schedule(server: ServerProcess, subject: str, **when: Any) -> None:
    body = {"to": "bob@example.com", "subject": subject, "body": "It is time.", **when}
    assert server.data("POST", "/api/v1/emails/schedule", body)["status"] == "scheduled"


def are_sent(server: ServerProcess, count: int) -> bool:
    """Whether all that were scheduled are, ``count`` of them."""
    stats = server.data("GET", "/api/v1/emails/stats")
    return (stats["total"], stats["sent"]) == (count, count)


def test_every_scheduled_mail_goes_out_at_its_time_however_often_the_server_is_killed(
    tmp_path: Path, inbox: HoldingInbox, leaps: Leaps
) -> None:
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.register()
        first = int(inbox.now().timestamp()) + FAR
        second = first + FAR
        due = {f"mail {number}": (first if number < 3 else second) + number // 3 * 2 for number in range(12)}
        token = server.token
        for subject, at in due.items():
            schedule(server, subject, scheduledTime=at)
        server.kill()
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        assert not inbox.mails
        inbox.leap_to(first)
        eventually(lambda: inbox.mails)
        server.kill()
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.token = token
        assert inbox.arrived().keys() <= {"mail 0", "mail 1", "mail 2"}
        inbox.leap_to(second)
        eventually(lambda: inbox.arrived().keys() >= due.keys() - {"mail 0", "mail 1", "mail 2"})
        leaps.leap(LONG)  # what a killed worker was at is taken over when its lease is over
        eventually(lambda: are_sent(server, 12))
    arrived = inbox.arrived()
    assert arrived.keys() == due.keys()
    late = {subject: [at.timestamp() - due[subject] for at, _ in arrived[subject]] for subject in due}
    assert min(map(min, late.values())) >= 0, "nothing goes out early"
    in_time = [seconds for subject, each in late.items() if due[subject] > second for seconds in each]
    assert max(in_time) < SYNC_SECONDS / 2, "each goes out by itself: a safety sync finds what is left behind later"
    ids = [{message_id for _, message_id in arrivals} for arrivals in arrived.values()]
    assert all(len(each) == 1 for each in ids), "and can be told by its Message-ID"
    assert len(set.union(*ids)) == 12


def test_a_mail_that_a_killed_worker_may_not_have_sent_is_sent_again_under_its_message_id(
    tmp_path: Path, inbox: HoldingInbox, leaps: Leaps
) -> None:
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.register()
        token = server.token
        schedule(server, HELD)
        assert inbox.took.wait(40)  # the mail server has it, and the record is not written
        server.kill()
    inbox.answer.set()
    with running(tmp_path / "data", smtp(inbox), leaps=leaps) as server:
        server.token = token
        leaps.leap(LONG)  # once: another leap might be taken for the end of the second worker, too
        eventually(lambda: are_sent(server, 1))
    ((_, one), (_, other)) = inbox.arrived()[HELD]
    assert one == other
