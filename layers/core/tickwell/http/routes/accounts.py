"""Registration, login, logout, and who am I (C1 to C4)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.account_bodies import Credentials, DoneBody, SignedInBody, UserBody, signed_in_body, user_body
from tickwell.http.call import call_of
from tickwell.http.operation import Shows, done, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Accounts"]


@router.post(
    "/api/v1/auth/register",
    summary="Create a user with a tenant of its own",
    tags=TAGS,
    operation_id="register",
    status_code=201,
)
def register(
    credentials: Annotated[Credentials, Body()], request: Request
) -> Response[Annotated[str, Shows(SignedInBody)]]:
    """201 with a token."""
    signed_in = call_of(request).services.register(credentials.email, credentials.password)
    return success(signed_in_body(signed_in), message="User registered successfully", status=201)


@router.post(
    "/api/v1/auth/login",
    summary="Exchange e-mail address and password for a token",
    tags=TAGS,
    operation_id="login",
)
def login(
    credentials: Annotated[Credentials, Body()], request: Request
) -> Response[Annotated[str, Shows(SignedInBody)]]:
    """200 with a token."""
    call = call_of(request)
    signed_in = call.services.login(credentials.email, credentials.password, client=call.client)
    return success(signed_in_body(signed_in), message="Login successful")


@router.post("/api/v1/auth/logout", summary="End the session of this token", tags=TAGS, operation_id="logout")
def logout(request: Request) -> Response[Annotated[str, Shows(DoneBody, enveloped=False)]]:
    """200; the token is dead at once."""
    call = call_of(request)
    call.services.logout(call.principal)
    return done("Logged out successfully")


@router.get("/api/v1/auth/me", summary="The user behind the token", tags=TAGS, operation_id="getCurrentUser")
def get_current_user(request: Request) -> Response[Annotated[str, Shows(UserBody)]]:
    """The caller."""
    call = call_of(request)
    return success(user_body(call.services.me(call.principal)))
