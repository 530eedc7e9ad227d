"""The API reference as a page: static files that draw ``/openapi.json`` in the browser, with no other host (C30)."""

from functools import cache
from pathlib import Path
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.operation import Shows

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["System"]

_FOLDER = Path(__file__).parent.parent / "reference"
_HTML, _SCRIPT, _STYLE = "text/html", "text/javascript", "text/css"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of this page only: its own script and style, its own description, nothing inline, nobody else."""


@router.get("/docs", summary="The API reference as a page", tags=TAGS, operation_id="getReference")
def get_reference() -> Response[Annotated[str, Shows(str, enveloped=False, media_type=_HTML)]]:
    """For browsers; it draws `/openapi.json`."""
    return _file("index.html", _HTML, policy=_POLICY)


@router.get("/redoc", summary="The same page", tags=TAGS, operation_id="getReferenceAlias")
def get_reference_alias() -> Response[Annotated[str, Shows(str, enveloped=False, media_type=_HTML)]]:
    """As `/docs`."""
    return _file("index.html", _HTML, policy=_POLICY)


@router.get("/docs/reference.js", summary="The page's script", tags=TAGS, operation_id="getReferenceScript")
def get_reference_script() -> Response[Annotated[str, Shows(str, enveloped=False, media_type=_SCRIPT)]]:
    """It draws `/openapi.json`."""
    return _file("reference.js", _SCRIPT)


@router.get("/docs/reference.css", summary="The page's style", tags=TAGS, operation_id="getReferenceStyle")
def get_reference_style() -> Response[Annotated[str, Shows(str, enveloped=False, media_type=_STYLE)]]:
    """Light or dark, as the browser prefers."""
    return _file("reference.css", _STYLE)


def _file(name: str, media_type: str, *, policy: str | None = None) -> Response[str]:
    headers = {} if policy is None else {"Content-Security-Policy": policy}
    return Response(status_code=200, content_type=f"{media_type}; charset=utf-8", body=_text(name), headers={**headers})


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
