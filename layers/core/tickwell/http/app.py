"""The HTTP API as something that a host can call."""

from typing import Literal, overload

from tickwell.http.asgi import AsgiApp
from tickwell.http.aws import LambdaApp
from tickwell.http.gate import TRANSPORT_SECURITY, Gate
from tickwell.http.resolvers import lambda_resolver, threaded_resolver
from tickwell.http.services import ApiServices


@overload
def build_app(services: ApiServices, *, local: Literal[False]) -> LambdaApp: ...


@overload
def build_app(services: ApiServices, *, local: Literal[True]) -> AsgiApp: ...


def build_app(services: ApiServices, *, local: bool) -> LambdaApp | AsgiApp:
    """The API for Lambda (called with event and context), or for a server on this machine (an ASGI application)."""
    if not local:
        return LambdaApp(Gate(services, lambda_resolver(), extra_headers=TRANSPORT_SECURITY))
    return AsgiApp(Gate(services, threaded_resolver(), extra_headers={}), ids=services.ids)
