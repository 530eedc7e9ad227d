"""New passwords, and how invited people get their first one."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.account_bodies import DoneBody, SignedInBody, signed_in_body
from tickwell.http.call import call_of
from tickwell.http.operation import Shows, done, success
from tickwell.http.organization_bodies import ForgottenPassword, PasswordChange, TokenAndPassword

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Accounts"]


@router.put("/api/v1/auth/password", summary="Change the password", tags=TAGS, operation_id="changePassword")
def change_password(
    change: Annotated[PasswordChange, Body()], request: Request
) -> Response[Annotated[str, Shows(SignedInBody)]]:
    """All sessions end; the answer has a token of a new one."""
    call = call_of(request)
    signed_in = call.services.passwords.change(
        call.principal, old=change.old_password, new=change.new_password, client=call.client
    )
    return success(signed_in_body(signed_in), message="Password changed successfully")


@router.post(
    "/api/v1/auth/password/forgot",
    summary="Ask for a mail that lets a new password be set",
    tags=TAGS,
    operation_id="forgotPassword",
    status_code=202,
)
def forgot_password(
    forgotten: Annotated[ForgottenPassword, Body()], request: Request
) -> Response[Annotated[str, Shows(DoneBody, enveloped=False)]]:
    """202, whether or not the address has an account. The mail's token is good for one hour, once."""
    call_of(request).services.passwords.forgot(forgotten.email)
    return done("If this address has an account, a mail is on its way", status=202)


@router.post(
    "/api/v1/auth/password/reset",
    summary="Set a new password with the token of a mail",
    tags=TAGS,
    operation_id="resetPassword",
)
def reset_password(
    given: Annotated[TokenAndPassword, Body()], request: Request
) -> Response[Annotated[str, Shows(DoneBody, enveloped=False)]]:
    """All sessions end; sign in with the new password."""
    call_of(request).services.passwords.reset(given.token, given.password)
    return done("Password changed successfully")


@router.post(
    "/api/v1/auth/invitations/accept",
    summary="Join an organization with the token of a mail",
    tags=TAGS,
    operation_id="acceptInvitation",
    status_code=201,
)
def accept_invitation(
    given: Annotated[TokenAndPassword, Body()], request: Request
) -> Response[Annotated[str, Shows(SignedInBody)]]:
    """201 with the new user and a token; 409 when the invited address has an account already."""
    signed_in = call_of(request).services.invitations.accept(given.token, given.password)
    return success(signed_in_body(signed_in), message="Joined successfully", status=201)
