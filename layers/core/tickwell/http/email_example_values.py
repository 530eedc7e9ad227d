"""The values of mails in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any, Final

_ID: Final = "019aa7c8-4e2f-7a31-b6d0-5c4b3a291807"
_AT: Final = "2026-12-24T17:00:00.000Z"
_SENT: Final = "2026-12-24T17:00:00.384Z"
_STATUS: Final = ("AcceptedEmailBody", "AcceptedEmailAliasBody", "EmailBody", "EmailDetailBody")

EMAILS: Mapping[str, Any] = {
    "email_id": _ID,
    **{f"{body}.id": _ID for body in _STATUS},
    **{f"{body}.jobId": _ID for body in _STATUS},
    "AcceptedEmailBody.status": "scheduled",
    "AcceptedEmailAliasBody.status": "scheduled",
    "AcceptedEmailAliasBody.success": True,
    "AcceptedEmailAliasBody.message": "Email scheduled successfully",
    "AcceptedEmailBody.scheduled_for": _AT,
    **{
        f"{body}.{name}": value
        for body in ("EmailBody", "EmailDetailBody")
        for name, value in {
            "status": "sent",
            "to": ["grace@example.com"],
            "subject": "Happy holidays",
            "scheduled_for": _AT,
            "next_attempt_at": None,
            "sent_at": _SENT,
            "error": None,
            "error_code": None,
            "tags": ["email"],
        }.items()
    },
    "EmailDetailBody.from": "jobs@tickwell.example",
    "EmailDetailBody.cc": [],
    "EmailDetailBody.bcc": [],
    "EmailDetailBody.reply_to": [],
    "EmailDetailBody.body": "See you next year.",
    "EmailDetailBody.html": "<p>See you <b>next year</b>.</p>",
    "EmailDetailBody.attachments": [],
    "EmailDetailBody.messageId": f"{_ID}-019b50a1d880@tickwell.example",
    "EmailDetailBody.previewUrl": f"/api/v1/emails/{_ID}/preview",
    "EmailDetailBody.via": "ses",
    **{f"cancelEmail.{name}": value for name, value in {"status": "cancelled", "sent_at": None}.items()},
    "EmailStatsBody.total": 1284,
    "EmailStatsBody.scheduled": 41,
    "EmailStatsBody.sending": 1,
    "EmailStatsBody.sent": 1233,
    "EmailStatsBody.failed": 6,
    "EmailStatsBody.cancelled": 3,
    "EmailAttemptCountsBody.total": 1257,
    "EmailAttemptCountsBody.successful": 1233,
    "EmailAttemptCountsBody.failed": 24,
    "EmailAttemptCountsBody.average_duration_ms": 384,
}
