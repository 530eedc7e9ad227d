"""The dashboard: static files that call the API like any other client, with no other host (Q11)."""

from collections.abc import Mapping
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.call import Call, call_of
from tickwell.http.dashboard_files import (
    HTML_TYPE,
    PAGE,
    POLICY,
    SCRIPT_TYPE,
    STYLE_TYPE,
    packed,
    prefers_page,
    text,
    type_of,
    unpacks,
)
from tickwell.http.operation import Shows, success
from tickwell.http.system_bodies import WelcomeBody

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["System"]
_VARY = "Accept, Accept-Encoding, Origin"


@router.get("/", summary="The dashboard, or where to go from here", tags=TAGS, operation_id="welcome")
def welcome(request: Request) -> Response[Annotated[str, Shows(WelcomeBody, also=(HTML_TYPE,))]]:
    """Browsers, whose `Accept` asks for `text/html`, get the dashboard; everybody else gets links."""
    call = call_of(request)
    if prefers_page(call.headers.get("accept", "")):
        return _page(call)
    links = {"health": "/health", "docs": "/docs", "openapi": "/openapi.json", "register": "/api/v1/auth/register"}
    answer = success(WelcomeBody(name="Tickwell", version=call.services.version, links=links))
    answer.headers["Vary"] = _VARY
    return answer


@router.get("/reset-password", summary="Where mails lead to", tags=TAGS, operation_id="getResetPasswordPage")
def get_reset_password_page(
    request: Request,
) -> Response[Annotated[str, Shows(str, enveloped=False, media_type=HTML_TYPE)]]:
    """The dashboard, which takes the mail's token from behind the `#` and asks for a new password."""
    return _page(call_of(request))


@router.get(
    "/accept-invitation", summary="Where invitations lead to", tags=TAGS, operation_id="getAcceptInvitationPage"
)
def get_accept_invitation_page(
    request: Request,
) -> Response[Annotated[str, Shows(str, enveloped=False, media_type=HTML_TYPE)]]:
    """The dashboard, which takes the mail's token from behind the `#` and asks for a password."""
    return _page(call_of(request))


@router.get(
    "/dashboard/<dashboard_version>/<dashboard_file>",
    summary="A file of the dashboard",
    tags=TAGS,
    operation_id="getDashboardFile",
)
def get_dashboard_file(
    dashboard_version: str, dashboard_file: str, request: Request
) -> Response[Annotated[str, Shows(str, enveloped=False, media_type=SCRIPT_TYPE, also=(STYLE_TYPE,))]]:
    """Kept by browsers for a year: with other files the version is another one. 404 for those of another release."""
    media_type = type_of(dashboard_version, dashboard_file)
    kept = {"Cache-Control": "public, max-age=31536000, immutable"}
    return _served(call_of(request), media_type, dashboard_file, kept)


def _page(call: Call) -> Response[str]:
    return _served(call, HTML_TYPE, PAGE, {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY})


def _served(call: Call, media_type: str, name: str, also: Mapping[str, str]) -> Response[str]:
    """Packed where the client unpacks it: what API Gateway hands on, it does not pack itself."""
    is_packed = unpacks(call.headers.get("accept-encoding", ""))
    packing = {"Content-Encoding": "gzip"} if is_packed else {}
    answer = Response(
        status_code=200,
        content_type=f"{media_type}; charset=utf-8",
        body=packed(name) if is_packed else text(name),
        headers={**also, **packing, "Vary": _VARY},
    )
    answer.base64_encoded = is_packed
    return answer
