"""Long texts for the readers of what others send: the time that each takes must grow with the length only."""

import base64
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

from tests.chaos.security.findings import SLOW, Findings
from tests.chaos.security.pattern_walk import Used
from tests.chaos.security.redos import QUICK_LENGTHS, slowness
from tests.doubles import NOON
from tickwell.adapters.cursors import decode_cursor
from tickwell.adapters.mime import mime_mail
from tickwell.application.http_client import HttpResponse
from tickwell.domain.account import require_email
from tickwell.domain.api_key import parse_key
from tickwell.domain.bounds import Exclusion
from tickwell.domain.errors import AttemptFailedError, TickwellError
from tickwell.domain.mail import Mail
from tickwell.domain.one_time import Purpose, parse_token
from tickwell.domain.outbound import host_fault
from tickwell.domain.queue import require_queue_name
from tickwell.http.json_body import parse_object
from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_answer import output_of, retry_after_seconds

KIND: Final = "parsers"
_PUMPED: Final = (
    *"a0 .-_/:@<\"'\\,;=[{(%+*?#&\t\n\0\u00e9\U0001f600",
    "a.",
    "a@",
    "1,",
    "[1,",
    '{"a":',
    '"a":1,',
    "%41",
    "0-",
)
_AROUND: Final = (
    ("", ""),
    ("{", "}"),
    ('{"a":"', '"}'),
    ('{"a":', "}"),
    ('{"a":1.', "}"),
    ("http://", "/"),
    ("http://a/", ""),
    ("a <", ">"),
)


def _answer(name: str, value: str) -> HttpResponse:
    return HttpResponse(status_code=503, url="http://a/", headers=((name, value),), body=b"x", truncated=False)


def _mail(text: str) -> Any:
    mail = Mail(message_id="<a@b>", sender="a@b.example", to=(text,), subject="s", text="t")
    return mime_mail(mail, date=NOON)


READERS: Final[dict[str, Callable[[str], Any]]] = {
    "bodies": parse_object,
    "URLs": sound_url,
    "hosts": host_fault,
    "keys": parse_key,
    "mailed tokens": lambda text: parse_token(text, Purpose.RESET),
    "addresses": lambda text: require_email("email", text),
    "mail": _mail,
    "names of queues": require_queue_name,
    "exclusions": Exclusion.parse,
    "cursors": lambda text: decode_cursor("jobs", text, (str,)),
    "cursors in Base64": lambda text: decode_cursor("jobs", base64.urlsafe_b64encode(text.encode()).decode(), (str,)),
    "Retry-After": lambda text: retry_after_seconds(_answer("retry-after", text), NOON + timedelta(0)),
    "Content-Type": lambda text: output_of(_answer("content-type", text), elapsed_ms=1),
}


def attack_parsers(findings: Findings) -> None:
    """Every reader with every text."""
    for name, read in READERS.items():

        def apply(text: str, read: Callable[[str], Any] = read) -> None:
            with suppress(TickwellError, AttemptFailedError, ValueError):
                read(text)

        used = Used(where=name, pattern="", flags=0, apply=apply)
        for before, behind in _AROUND:
            for once in _PUMPED:
                slow = slowness(used, (before, once, behind), QUICK_LENGTHS)
                sentence = f"{name} with {once!r} between {before!r} and {behind!r}: {slow}"
                findings.require(KIND, sentence, held=slow is None, what=SLOW)
