"""What a handler knows of the request besides its parameters."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aws_lambda_powertools.event_handler import Request

from tickwell.domain.account import Principal
from tickwell.domain.errors import UnauthenticatedError
from tickwell.http.following import Following
from tickwell.http.services import ApiServices

CONTEXT_KEY = "tickwell_call"


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """The use cases, who calls (None on public routes), the request's id, the client's network, and what was sent.

    ``traceparent``: where the request belongs in its caller's trace; None where it says nothing that can be read.
    ``headers`` have lower-case names; ``body`` is as it came: most handlers get theirs read and checked.
    ``follow`` is that of the request.
    """

    services: ApiServices
    caller: Principal | None
    request_id: str
    client: str = ""
    traceparent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    follow: Callable[[Following], bool] | None = None

    @property
    def principal(self) -> Principal:
        """Who calls. Raises UnauthenticatedError where nobody does."""
        if self.caller is None:
            raise UnauthenticatedError("a bearer token or an API key is required")
        return self.caller


def call_of(request: Request) -> Call:
    """The call that the gate has put into the request's context."""
    call = request.context[CONTEXT_KEY]
    if not isinstance(call, Call):
        raise TypeError("the gate puts a Call into every request's context")
    return call
