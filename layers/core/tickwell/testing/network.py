"""The network of a simulation: answers are what a test says."""

from collections.abc import Callable
from dataclasses import replace

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.domain.errors import AttemptFailedError

AnswerHttp = Callable[[HttpRequest], HttpResponse]


def no_network(request: HttpRequest) -> HttpResponse:
    """Refuses: a simulated year must not fall upon a real server."""
    reason = f"a simulation has no network to send {request.method} {request.url} to; give it answers with http="
    raise AttemptFailedError("NO_NETWORK", reason, retryable=False)


class AnsweredHttp:
    """An ``HttpClient`` whose answers are given by a function, which may raise AttemptFailedError."""

    def __init__(self, answer: AnswerHttp) -> None:
        self._answer = answer

    async def send(self, request: HttpRequest) -> HttpResponse:
        """The function's answer, at once; the body of a success goes to the request's sink, if it has one."""
        response = self._answer(request)
        if request.sink is None or not 200 <= response.status_code <= 299:
            return response
        request.sink(response.body)
        return replace(response, body=b"")


def http_answer(request: HttpRequest, status_code: int = 200, body: bytes = b"") -> HttpResponse:
    """A plain answer to ``request``."""
    return HttpResponse(status_code=status_code, url=request.url, headers=(), body=body, truncated=False)
