"""Scheduled mails outlive kills of the server (E7): real SIGKILL, real SMTP, the real clock."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.contract.mail_servers import serve
from tests.integration.test_local_server import Inbox, smtp
from tests.server_process import ServerProcess, eventually, running

HELD = "held"


class HoldingInbox(Inbox):
    """Takes every mail, but lets whoever brings the one with the subject ``HELD`` wait for the answer."""

    took, answer = Event(), Event()

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
def inbox() -> Iterator[HoldingInbox]:
    postbox = HoldingInbox()
    for server in serve(postbox):
        postbox.port = server.port
        yield postbox


def schedule(server: ServerProcess, subject: str, **when: Any) -> None:
    body = {"to": "bob@example.com", "subject": subject, "body": "It is time.", **when}
    assert server.data("POST", "/api/v1/emails/schedule", body)["status"] == "scheduled"


def test_every_scheduled_mail_goes_out_at_its_time_however_often_the_server_is_killed(
    tmp_path: Path, inbox: HoldingInbox
) -> None:
    with running(tmp_path, smtp(inbox)) as server:
        server.register()
        first = int(time.time()) + 5
        due = {f"mail {number}": first + number // 3 * 2 for number in range(12)}
        token = server.token
        for subject, at in due.items():
            schedule(server, subject, scheduledTime=at)
        schedule(server, HELD)
        assert inbox.took.wait(20)  # the mail server has it, and the record is not written
        server.kill()
    inbox.answer.set()
    with running(tmp_path, smtp(inbox)) as server:
        eventually(lambda: inbox.arrived().keys() & due.keys())
        server.kill()
    with running(tmp_path, smtp(inbox), leaps=True) as server:
        server.token, started_at = token, time.time()
        eventually(lambda: time.time() > max(due.values()) + 2)

        def all_sent() -> bool:
            server.leap()  # what a killed worker was at is taken over when its lease is over
            stats = server.data("GET", "/api/v1/emails/stats")
            return bool((stats["total"], stats["sent"]) == (13, 13))

        eventually(all_sent)
    arrived = inbox.arrived()
    assert arrived.keys() == {HELD, *due}
    late = [at.timestamp() - due[subject] for subject in due for at, _ in arrived[subject]]
    assert min(late) >= 0, "nothing goes out early"
    by_the_last = [subject for subject in due if due[subject] > started_at]
    in_time = [at.timestamp() - due[subject] for subject in by_the_last for at, _ in arrived[subject]]
    assert all(seconds < 2 for seconds in in_time)
    assert len(arrived[HELD]) == 2, "what the dead worker may not have sent is sent again"
    ids = [{message_id for _, message_id in arrivals} for arrivals in arrived.values()]
    assert all(len(each) == 1 for each in ids), "and can be told by its Message-ID"
    assert len(set.union(*ids)) == 13
