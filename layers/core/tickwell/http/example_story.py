"""Who and when: the ids and instants of the story that the document's examples tell; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

CHILD_DUE = "019aa8e5b9c2"
JOB_ID = "019aa7c2-5d3e-7c41-9b0e-3f5a6c7d8e90"
USER_ID = "019aa7c0-11d4-7a6b-8c2f-90a1b2c3d4e5"
_TENANT_ID = "019aa7c0-11d4-7f02-b1c3-6d7e8f901234"
CHILD_ID = f"{JOB_ID}.{CHILD_DUE}5f3c09ab"
_EXECUTION_ID = "eyJqIjoiMDE5YWE3YzIifQ"
_DEAD_LETTER_ID = "ZGwtMDE5YWE3YzItMjAyNg"
_INVITATION_ID = "019aa7c4-2b6a-7d10-9e3f-1a2b3c4d5e6f"
_WEBHOOK_ID = "019aa7c5-7f21-7b90-a4d2-5c6b7a8f9e01"
API_KEY_ID = "019aa7c6-2b3c-7d4e-8f50-617283940516"
_REQUEST_ID = "JKJaXmPLvHcESHA="
_CREATED, _DUE, _STARTED, _FINISHED, _NEXT = (
    "2026-11-25T16:20:00.000Z",
    "2026-11-26T09:00:00.000Z",
    "2026-11-26T09:00:00.212Z",
    "2026-11-26T09:00:01.046Z",
    "2026-11-27T09:00:00.000Z",
)

TIMES: Mapping[str, Any] = {
    "at": _FINISHED,
    "changed_at": _CREATED,
    "created_at": _CREATED,
    "due_at": _DUE,
    "execution_time": _STARTED,
    "finished_at": _FINISHED,
    "first_attempt_at": _STARTED,
    "failed_at": _FINISHED,
    "last_executed_at": _FINISHED,
    "next_run": _NEXT,
    "resumed_at": _CREATED,
    "cancelled_at": _CREATED,
    "started_at": _STARTED,
    "timestamp": _FINISHED,
    "updated_at": _FINISHED,
    "PausedBody.paused_at": _CREATED,
    "MemberBody.updated_at": _CREATED,
    "UserBody.updated_at": _CREATED,
    "InvitationBody.expires_at": "2026-12-02T16:20:00.000Z",
    "createJob.last_executed_at": None,
    "createJob.updated_at": _CREATED,
    "createJobs.last_executed_at": None,
    "createJobs.updated_at": _CREATED,
    "pauseQueue.paused_at": _CREATED,
}

IDS: Mapping[str, Any] = {
    "id": JOB_ID,
    "job_id": JOB_ID,
    "user_id": USER_ID,
    "tenant_id": _TENANT_ID,
    "execution_id": _EXECUTION_ID,
    "dead_letter_id": _DEAD_LETTER_ID,
    "webhook_id": _WEBHOOK_ID,
    "secret_name": "reports-token",
    "dashboard_file": "lib/dom.js",
    "dashboard_version": "3f9a1c0b7d42",
    "key_id": API_KEY_ID,
    "request_id": _REQUEST_ID,
    "UserBody.id": USER_ID,
    "ExecutionBody.id": _EXECUTION_ID,
    "ExecutionOfJobBody.id": _EXECUTION_ID,
    "ArchivedExecutionBody.id": _EXECUTION_ID,
    "LogBody.id": f"{_EXECUTION_ID}-0",
    "DeadLetterBody.id": _DEAD_LETTER_ID,
    "DeadLetterDetailBody.id": _DEAD_LETTER_ID,
    "DeletedDeadLetterBody.id": _DEAD_LETTER_ID,
    "RetriedBody.id": _DEAD_LETTER_ID,
    "RetriedBody.retried_as": JOB_ID,
    "RetriedBody.retried_at": _CREATED,
    "OrganizationBody.id": _TENANT_ID,
    "ExportedOrganization.id": _TENANT_ID,
    "MemberBody.id": USER_ID,
    "RemovedMemberBody.id": USER_ID,
    "InvitationBody.id": _INVITATION_ID,
    "WithdrawnInvitationBody.id": _INVITATION_ID,
    "InvitationBody.invited_by": USER_ID,
    "member_id": USER_ID,
    "invitation_id": _INVITATION_ID,
    "WebhookBody.id": _WEBHOOK_ID,
    "WebhookSecretBody.id": _WEBHOOK_ID,
    "RemovedWebhookBody.id": _WEBHOOK_ID,
}
