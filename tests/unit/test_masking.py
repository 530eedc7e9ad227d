"""Secrets of the deployment are not kept in what is recorded."""

import base64
import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from tests.doubles import NOON
from tickwell.application.masking import Masker
from tickwell.domain.execution import Failure, LogEntry
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import secrets_of

SECRET = "p\\ss\"w/rd 'ü'"


@pytest.mark.parametrize("spelled", [SECRET, json.dumps(SECRET), repr(SECRET), quote(SECRET, safe="")])
def test_a_secret_is_masked_however_it_is_escaped(spelled: str) -> None:
    masked = Masker([SECRET]).text(f"before {spelled} after")
    assert masked.replace('"', "").replace("'", "") == "before *** after"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc", "ada:"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_masked_inside_base64(before: str, encode: Callable[[bytes], bytes]) -> None:
    spelled = encode(f"{before}{SECRET}, and more".encode()).decode()
    masked = Masker([SECRET]).text(f"Basic {spelled} after")
    kept, mask, rest = masked.partition("***")
    assert mask
    assert len(kept) <= len("Basic ") + (len(before) + 3) * 8 // 6
    assert rest == spelled[-len(rest) + len(" after") :] + " after"


def test_short_secrets_are_left_alone() -> None:
    assert Masker(["short", ""]).text("a short text") == "a short text"


def test_of_secrets_that_hold_each_other_the_longest_is_masked_first() -> None:
    assert Masker(["secret", "secret-and-more"]).text("secret-and-more, secret") == "***, ***"


def test_failures_and_log_lines_are_masked_through_and_through() -> None:
    mask = Masker(["sesame1"])
    failure = mask.failure(Failure(code="TASK_ERROR", message="sesame1", traceback="line sesame1"))
    assert (failure.message, failure.traceback) == ("***", "line ***")
    metadata = {"a": ["sesame1", 1, None], "sesame1": {"b": "x sesame1"}}
    [entry] = mask.entries((LogEntry(at=NOON, level="info", message="m sesame1", metadata=metadata),))
    assert (entry.message, entry.metadata) == ("m ***", {"a": ["***", 1, None], "***": {"b": "x ***"}})


def test_the_secrets_of_settings_are_those_that_are_declared_so() -> None:
    settings = LocalSettings(smtp_host="smtp.example.com", smtp_password=SecretStr("sesame1"), smtp_user="ada")
    assert secrets_of(settings) == ("sesame1",)


@pytest.mark.parametrize("length", range(6, len(SECRET)))
def test_a_text_that_ends_within_a_secret_shows_nothing_of_it(length: int) -> None:
    mask = Masker([SECRET, "another secret"], cut=True)
    assert mask.text(f"before {SECRET[:length]}") == "before ***"
    assert mask.text(f"{SECRET} {SECRET[:length]} after") == f"*** {SECRET[:length]} after"
    assert Masker([SECRET]).text(SECRET[:length]) == SECRET[:length]


def test_of_a_text_that_ends_like_the_beginning_of_a_secret_the_rest_stays() -> None:
    assert Masker(["aaaaaaaaaab"], cut=True).text("aaaaaaaa") == "***"
    assert Masker(["aaaaaaaaaab"], cut=True).text("baaaaa") == "baaaaa"
    assert Masker(["secret-of-mine"], cut=True).text("secret-of-yours") == "secret-of-yours"


def test_the_lines_of_a_secret_count_alone() -> None:
    mask = Masker(["-----BEGIN-----\nMIIEvQIBADANBgkq\nab\n-----END-----"])
    assert mask.text("found MIIEvQIBADANBgkq and ab") == "found *** and ab"
    assert mask.also([]) is mask
    assert mask.also(["another secret"]).text("MIIEvQIBADANBgkq, another secret") == "***, ***"
