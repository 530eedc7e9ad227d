"""``precision`` of a job, on both hosts: given, shown, changed, refused."""

import pytest

from tests.api_hosts import Client

JOBS = "/api/v1/jobs"


def test_a_job_is_precise_to_the_second_unless_it_says_otherwise(ada: Client) -> None:
    plain = ada("POST", JOBS, {"name": "x"}).data
    precise = ada("POST", JOBS, {"name": "x", "precision": "subsecond", "delay_seconds": 0.75}).data
    assert (plain["precision"], precise["precision"]) == ("second", "subsecond")
    assert ada("GET", f"{JOBS}/{precise['id']}").data["precision"] == "subsecond"


def test_precision_is_changed_in_place_and_null_is_the_default(ada: Client) -> None:
    job_id = ada("POST", JOBS, {"name": "x", "interval_seconds": 60}).data["id"]
    assert ada("PATCH", f"{JOBS}/{job_id}", {"precision": "subsecond"}).data["precision"] == "subsecond"
    assert ada("PATCH", f"{JOBS}/{job_id}", {"name": "y"}).data["precision"] == "subsecond"
    assert ada("PATCH", f"{JOBS}/{job_id}", {"precision": None}).data["precision"] == "second"


@pytest.mark.parametrize("precision", ["millisecond", "", 1, True])
def test_an_unknown_precision_is_refused(ada: Client, precision: object) -> None:
    assert ada("POST", JOBS, {"name": "x", "precision": precision}).fields == ["precision"]
