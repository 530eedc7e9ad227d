"""Lambda: the HTTP API behind API Gateway."""

from typing import Any

from tickwell.bootstrap.aws import api

_answer = api.build()


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one HTTP request (payload format 2.0)."""
    return _answer(event, context)
