"""The URLs that users give us to call: one judgement, wherever they give them."""

import pytest

from tickwell.domain.errors import InvalidInputError
from tickwell.http.webhook_bodies import WebhookRequest
from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_request import HTTP_REQUEST

_BAD = [
    ("https://[::1/", "must be a valid URL"),
    ("https://exa mple.com/", "must have a valid host name"),
    ("ftp://example.com/", "must begin with http:// or https://"),
    ("example.com", "must begin with http:// or https://"),
    ("https://user:word@example.com/", "must not contain a user name or password; use an Authorization header"),
    ("https://example.com:0/", "must have a port from 1 to 65535"),
    ("https://0x7f000001/", "must have an IPv4 address in the form 192.0.2.1"),
    ("https://[fe80::1%25eth0]/", "must have a valid IPv6 address, without a zone"),
    ("https:///path", "must have a valid host name"),
]


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "https://example.com:8443/a?b=c#d", "https://b\u00fccher.example/", "http://[2001:db8::1]/"],
)
def test_what_may_be_called_stays_as_it_is(url: str) -> None:
    assert sound_url(url) == url


@pytest.mark.parametrize(("url", "reason"), _BAD)
def test_what_would_not_be_called_is_refused_with_the_reason(url: str, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^must ") as caught:
        sound_url(url)
    assert str(caught.value) == reason


@pytest.mark.parametrize(("url", "reason"), _BAD)
def test_tasks_and_webhooks_refuse_the_same(url: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        HTTP_REQUEST.parse({"url": url})
    assert reason in caught.value.reason
    with pytest.raises(ValueError, match=reason.split(";", maxsplit=1)[0]):
        WebhookRequest.model_validate({"url": url})
