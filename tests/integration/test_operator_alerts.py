"""The operator is told of what had to be repaired, and of what could not be read (C25)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.contract.mail_servers import MailServer, Postbox, mail_server  # noqa: F401
from tests.notification_lab import OPERATOR, NotificationLab, mails, new_notification_lab
from tickwell.application.alert_operator import AlertOperator
from tickwell.application.safety_sync import SyncReport
from tickwell.domain.dead_letter import OPERATOR_TENANT, DeadLetter

MakeLab = Callable[..., NotificationLab]


@pytest.fixture
def make_lab(tmp_path: Path) -> Iterator[MakeLab]:
    with ExitStack() as stack:

        def make(mail_port: int, **options: Any) -> NotificationLab:
            lab = new_notification_lab(tmp_path, mail_port=mail_port, tasks=[], **options)
            stack.callback(lab.close)
            return lab

        yield make


@pytest.fixture
def lab(make_lab: MakeLab, mail_server: MailServer) -> NotificationLab:  # noqa: F811
    return make_lab(mail_server.port)


def alerts(postbox: Postbox) -> list[str]:
    return [mail.get_content() for mail in mails(postbox) if mail["To"] == OPERATOR]


def test_the_operator_is_told_of_repairs_once_in_a_quarter_of_an_hour(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
) -> None:
    tell = AlertOperator(notifications=lab.queue, clock=lab.world.clock)
    assert not tell(SyncReport(swept=5, checked=5, carried=1))
    for _ in range(14):
        assert tell(SyncReport(resent=3, recovered=1))
        lab.deliver()
        lab.world.clock.advance(60)
    (text,) = alerts(mail_server.postbox)
    assert "sent 3 lost message(s) again, took 1 attempt(s) over" in text
    lab.world.clock.advance(60)
    assert tell(SyncReport(behind=1))
    lab.deliver()
    assert len(alerts(mail_server.postbox)) == 2


def test_the_operator_is_told_of_messages_that_could_not_be_read(
    lab: NotificationLab,
    mail_server: MailServer,  # noqa: F811
) -> None:
    now = lab.world.clock.now()
    letters = [
        DeadLetter(
            tenant_id=OPERATOR_TENANT,
            dead_letter_id=f"message-{number}",
            job_id=None,
            job_name=None,
            user_id=None,
            task=None,
            due_at=None,
            attempts=0,
            reason="the message could not be read",
            error_code="UNREADABLE_MESSAGE",
            error_message="s3cret",
            body="s3cret",
            failed_at=now,
            expires_at=now + (lab.world.core.retention),
        )
        for number in range(3)
    ]
    lab.world.core.history.put_dead_letters(letters)
    lab.pump()
    (text,) = alerts(mail_server.postbox)
    assert "could not be read" in text
    assert "s3cret" not in text


def test_without_an_operators_address_nobody_is_told(
    make_lab: MakeLab,
    mail_server: MailServer,  # noqa: F811
) -> None:
    lab = make_lab(mail_server.port, operator_address=None)
    assert AlertOperator(notifications=lab.queue, clock=lab.world.clock)(SyncReport(resent=1))
    (report,) = lab.deliver()
    assert len(report.dropped) == 1
    assert mails(mail_server.postbox) == []
