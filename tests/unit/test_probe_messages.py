"""Probes on the wire."""

import json
from dataclasses import replace

from tests.doubles import NOON
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.messages import decode_job_message, encode_job_message

MESSAGE = JobMessage(
    tenant_id="t", job_id="j", version=1, due_at=NOON, attempt=1, run_at=NOON, lane=Lane.LOW, recurring=False
)


def test_a_probe_arrives_as_a_probe() -> None:
    probe = replace(MESSAGE, probe=True)
    assert decode_job_message(encode_job_message(probe)) == probe


def test_a_message_of_a_release_that_knew_no_probes_is_none() -> None:
    body = json.loads(encode_job_message(MESSAGE))
    del body["probe"]
    assert decode_job_message(json.dumps(body)) == MESSAGE


def test_a_message_that_was_late_arrives_as_that() -> None:
    late = replace(MESSAGE, admitted=True, late=True)
    assert decode_job_message(encode_job_message(late)) == late


def test_a_message_whose_job_is_precise_arrives_as_that() -> None:
    precise = replace(MESSAGE, subsecond=True)
    assert decode_job_message(encode_job_message(precise)) == precise
    body = json.loads(encode_job_message(precise))
    del body["subsecond"]
    assert decode_job_message(json.dumps(body)) == MESSAGE, "a release that knew of none"
