"""Events, notifications and their ids."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.domain.instant import from_epoch_ms
from tickwell.domain.message import Unreadable
from tickwell.domain.notification import RETRY_PAUSES_SECONDS, Channel, Notification, masked, pause_after
from tickwell.domain.outcome_event import AlertKind, EventType, OutcomeEvent, alert
from tickwell.messages import decode_event, decode_notification, encode_event, encode_notification

instants = st.integers(min_value=0, max_value=10**13).map(from_epoch_ms)
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30)
events = st.builds(
    OutcomeEvent,
    type=st.sampled_from(EventType),
    tenant_id=texts,
    subject=texts,
    job_id=texts,
    due_at=instants,
    attempt=st.integers(min_value=0, max_value=10**6),
    at=instants,
    is_last=st.booleans(),
    note=st.none() | texts,
)


@given(events)
def test_an_event_comes_back_as_it_was_stored(event: OutcomeEvent) -> None:
    assert decode_event(encode_event(event)) == event


@given(st.builds(Notification, event=events, channel=st.sampled_from(Channel), endpoint_id=st.none() | texts))
def test_a_notification_comes_back_as_it_was_sent(notification: Notification) -> None:
    assert decode_notification(encode_notification(notification)) == notification


@pytest.mark.parametrize("body", ["", "{}", "[]", '{"kind": "notification", "v": 2}', "x" * 5000])
def test_what_no_release_sent_is_unreadable(body: str) -> None:
    assert isinstance(decode_notification(body), Unreadable)


def test_pauses_grow_to_about_a_day_in_all_and_end() -> None:
    pauses = [pause_after(count) for count in range(1, 11)]
    assert pauses == [60, 300, 900, 3600, 7200, 14400, 21600, 28800, None, None]
    assert timedelta(hours=20) < timedelta(seconds=sum(RETRY_PAUSES_SECONDS)) < timedelta(days=1)


@pytest.mark.parametrize(
    ("address", "shown"), [("ada@example.com", "a***@example.com"), ("a@b.example", "a***@b.example")]
)
def test_an_address_is_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_all_alerts_of_one_kind_in_a_quarter_of_an_hour_are_one_event() -> None:
    def identity(kind: AlertKind, at: datetime) -> str:
        return alert(kind, at, note="x").event_id

    first = identity(AlertKind.REPAIRED, NOON)
    assert identity(AlertKind.REPAIRED, NOON + timedelta(minutes=14, seconds=59)) == first
    assert identity(AlertKind.REPAIRED, NOON + timedelta(minutes=15)) != first
    assert identity(AlertKind.UNREADABLE, NOON) != first


def test_what_signatures_are_made_of_has_no_dot_of_its_own() -> None:
    assert "." not in alert(AlertKind.REPAIRED, NOON, note="x").event_id
