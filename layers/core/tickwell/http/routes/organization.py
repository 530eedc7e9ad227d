"""The caller's organization: its name, its members, its invitations."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
from tickwell.http.organization_bodies import (
    InvitationBody,
    InvitationListBody,
    InvitationRequest,
    MemberBody,
    MemberChange,
    MemberListBody,
    OrganizationBody,
    OrganizationChange,
    QuotaListBody,
    RemovedMemberBody,
    WithdrawnInvitationBody,
    invitation_body,
    member_body,
    organization_body,
    quota_body,
    role_of,
)

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Organization"]
_BASE = "/api/v1/organization"


@router.get(_BASE, summary="The caller's organization", tags=TAGS, operation_id="getOrganization")
def get_organization(request: Request) -> Response[Annotated[str, Shows(OrganizationBody)]]:
    """Its id is the tenant's."""
    call = call_of(request)
    return success(organization_body(call.services.organization.get(call.principal)))


@router.get(f"{_BASE}/quotas", summary="Quotas, and what is used", tags=TAGS, operation_id="listQuotas")
def list_quotas(request: Request) -> Response[Annotated[str, Shows(QuotaListBody)]]:
    """`jobs` that have not ended, `members`, and what is limited for everybody. Jobs may be counted seconds late."""
    call = call_of(request)
    found = call.services.quotas(call.principal.tenant_id)
    return success(QuotaListBody(quotas=[quota_body(each) for each in found]))


@router.patch(_BASE, summary="Rename the organization", tags=TAGS, operation_id="changeOrganization")
def change_organization(
    change: Annotated[OrganizationChange, Body()], request: Request
) -> Response[Annotated[str, Shows(OrganizationBody)]]:
    """The organization with its new name."""
    call = call_of(request)
    renamed = call.services.organization.rename(call.principal, change.name)
    return success(organization_body(renamed), message="Organization changed successfully")


@router.get(f"{_BASE}/members", summary="All members", tags=TAGS, operation_id="listMembers")
def list_members(request: Request) -> Response[Annotated[str, Shows(MemberListBody)]]:
    """The oldest first."""
    call = call_of(request)
    members = call.services.organization.all(call.principal)
    return success(MemberListBody(members=[member_body(member) for member in members]))


@router.patch(
    f"{_BASE}/members/<member_id>", summary="Give a member another role", tags=TAGS, operation_id="changeMember"
)
def change_member(
    member_id: str, change: Annotated[MemberChange, Body()], request: Request
) -> Response[Annotated[str, Shows(MemberBody)]]:
    """Counts from the next request on. Admins cannot change owners, nor make any; 409 for the last owner."""
    call = call_of(request)
    member = call.services.organization.change_role(call.principal, member_id, role_of(change.role))
    return success(member_body(member), message="Member changed successfully")


@router.delete(f"{_BASE}/members/<member_id>", summary="Remove a member", tags=TAGS, operation_id="removeMember")
def remove_member(member_id: str, request: Request) -> Response[Annotated[str, Shows(RemovedMemberBody)]]:
    """The member's tokens are dead at once; jobs stay. Admins cannot remove owners; 409 for the last owner."""
    call = call_of(request)
    call.services.organization.remove(call.principal, member_id)
    return success(RemovedMemberBody(id=member_id), message="Member removed successfully")


@router.post(
    f"{_BASE}/invitations",
    summary="Invite somebody by e-mail",
    tags=TAGS,
    operation_id="createInvitation",
    status_code=201,
)
def create_invitation(
    invitation: Annotated[InvitationRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(InvitationBody)]]:
    """The mail's token is good for 7 days, once. Inviting an address again replaces its invitation."""
    call = call_of(request)
    created = call.services.invitations.invite(call.principal, email=invitation.email, role=role_of(invitation.role))
    return success(invitation_body(created), message="Invitation created successfully", status=201)


@router.get(f"{_BASE}/invitations", summary="All invitations", tags=TAGS, operation_id="listInvitations")
def list_invitations(request: Request) -> Response[Annotated[str, Shows(InvitationListBody)]]:
    """Those that were not accepted yet, the oldest first."""
    call = call_of(request)
    found = call.services.invitations.all(call.principal)
    return success(InvitationListBody(invitations=[invitation_body(each) for each in found]))


@router.delete(
    f"{_BASE}/invitations/<invitation_id>",
    summary="Withdraw an invitation",
    tags=TAGS,
    operation_id="deleteInvitation",
)
def delete_invitation(invitation_id: str, request: Request) -> Response[Annotated[str, Shows(WithdrawnInvitationBody)]]:
    """Its token is worthless from now on."""
    call = call_of(request)
    call.services.invitations.withdraw(call.principal, invitation_id)
    return success(WithdrawnInvitationBody(id=invitation_id), message="Invitation withdrawn successfully")
