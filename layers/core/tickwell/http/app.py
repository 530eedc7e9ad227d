"""The HTTP API as something that a host can call."""

from typing import Literal, overload

from tickwell.http.asgi import AsgiApp
from tickwell.http.aws import LambdaApp
from tickwell.http.blob_serving import BlobServing
from tickwell.http.gate import TRANSPORT_SECURITY, Gate
from tickwell.http.resolvers import lambda_resolver, threaded_resolver
from tickwell.http.services import ApiServices
from tickwell.http.streams import Streams


@overload
def build_app(services: ApiServices, *, local: Literal[False]) -> LambdaApp: ...


@overload
def build_app(
    services: ApiServices, *, local: Literal[True], blobs: BlobServing | None = None, streams: Streams | None = None
) -> AsgiApp: ...


def build_app(
    services: ApiServices, *, local: bool, blobs: BlobServing | None = None, streams: Streams | None = None
) -> LambdaApp | AsgiApp:
    """The API for Lambda (called with event and context), or for a server on this machine (an ASGI application).

    That one serves ``blobs`` besides, where links lead to itself, and keeps ``streams`` open to those who follow.
    """
    if not local:
        return LambdaApp(Gate(services, lambda_resolver(), extra_headers=TRANSPORT_SECURITY))
    gate = Gate(services, threaded_resolver(), extra_headers={})
    return AsgiApp(gate, ids=services.ids, blobs=blobs, streams=streams)
