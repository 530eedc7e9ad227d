"""Lambda: the HTTP API behind API Gateway."""

from typing import Any

from tickwell.bootstrap.aws import api
from tickwell.bootstrap.aws.clients import calls_end_before
from tickwell.bootstrap.aws.invocation import LambdaContext, deadline

_answer = api.build()


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one HTTP request (payload format 2.0), in time also where AWS is slow: then with 503."""
    with calls_end_before(deadline(context)):
        return _answer(event, context)
