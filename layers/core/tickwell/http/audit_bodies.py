"""What the audit route gives."""

from typing_extensions import TypedDict

from tickwell.domain.audit import AuditRecord
from tickwell.domain.instant import iso
from tickwell.http.paging import Pagination


class AuditRecordBody(TypedDict):
    """Who did what. ``action`` is an operation id of this document; ``count`` is set where a request is about many.

    ``outcome``: ``succeeded``, ``denied``, or ``failed`` (it may have taken effect). ``user_id`` is who signed in, or
    whoever made the API key ``api_key_id``.
    """

    id: str
    at: str
    user_id: str
    api_key_id: str | None
    action: str
    resource: str | None
    count: int | None
    outcome: str
    status: int
    request_id: str
    client_address: str


class AuditListBody(TypedDict):
    """A page of records, newest first."""

    records: list[AuditRecordBody]
    pagination: Pagination


def audit_record_body(record: AuditRecord) -> AuditRecordBody:
    """``record`` as it is shown."""
    return AuditRecordBody(
        id=record.record_id,
        at=iso(record.at),
        user_id=record.user_id,
        api_key_id=record.api_key_id,
        action=record.action,
        resource=record.resource,
        count=record.count,
        outcome=record.outcome.value,
        status=record.status,
        request_id=record.request_id,
        client_address=record.address,
    )
