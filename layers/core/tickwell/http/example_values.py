"""The values that stand in the document's examples, by the name of the field: one story, told in every answer.

``operationId.field`` stands before ``Schema.field``, and that before ``field``. What is not here is made up from its
schema: see ``examples``.
"""

from collections.abc import Mapping
from typing import Any

from tickwell.http.email_example_values import EMAILS
from tickwell.http.example_story import API_KEY_ID, IDS, TIMES, USER_ID
from tickwell.http.file_example_values import FILES
from tickwell.http.history_example_values import HISTORY
from tickwell.http.hook_example_values import HOOKS
from tickwell.http.job_example_values import BULK, JOBS
from tickwell.http.occurrence_example_values import OCCURRENCES
from tickwell.http.series_example_values import SERIES
from tickwell.http.usage_example_values import USAGE

_QUEUES: Mapping[str, Any] = {
    "QueueBody.name": "image-generation",
    "QueueStateBody.name": "image-generation",
    "QueueDetailBody.name": "image-generation",
    "DeletedQueueBody.name": "image-generation",
    "QueueRequest.name": "image-generation",
    "NamedQueueLevelBody.name": "image-generation",
    "getQueue.name": "image-generation",
    "changeQueue.name": "image-generation",
    "deleteQueue.name": "image-generation",
    "pauseQueue.name": "image-generation",
    "resumeQueue.name": "image-generation",
    "is_default": False,
    "lane": "medium",
    "concurrency": 2,
    "limit": 20,
    "RateLimitBody.limit": 10,
    "RateLimitRequest.limit": 10,
    "per_seconds": 60,
    "seconds": 86400,
    "at_least_seconds": 0,
    "paused": False,
    "pauseQueue.paused": True,
    "KeptBody.count": 100,
    "waiting": 4,
    "running": 2,
    "next_start_at": None,
    "health": "normal",
    "jobs": {"active": 6, "completed": 240},
}

_SYSTEM: Mapping[str, Any] = {
    ".message": ...,
    "success": True,
    "error": True,
    "logout.message": "Logged out successfully",
    "email": "ada@example.com",
    "password": "Correct-Horse-9",
    "role": "owner",
    "InvitationBody.email": "grace@example.com",
    "InvitationBody.role": "member",
    "OrganizationBody.name": "Analytical Engines",
    "ExportedOrganization.name": "Analytical Engines",
    "QuotaBody.name": "jobs",
    "QuotaBody.limit": 1_000_000,
    "used": 6,
    "fixed": False,
    "TicketBody.path": "sse/stats",
    "TicketBody.ticket": "eyJhbGciOiJIUzI1NiJ9.eyJwYXRoIjoic3NlL3N0YXRzIn0.c2lnbmF0dXJl",
    "TicketBody.expires_in": 300,
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTlhYTdjMCJ9.c2lnbmF0dXJl",
    "expires_in": 86400,
    "next_cursor": None,
    "total": None,
    "total_pages": None,
    "page": None,
    "cursor": None,
    "WelcomeBody.name": "Tickwell",
    "version": "0.1.0",
    "links": {"health": "/health", "docs": "/docs", "openapi": "/openapi.json"},
    "environment": "production",
    "PublicHealthBody.status": "healthy",
    "HealthBody.status": "healthy",
    "ServiceHealthBody.status": "healthy",
    "QueueHealthBody.status": "healthy",
    "PublicHealthBody.services": {"store": "connected", "lanes": "connected"},
    "latency_ms": 4,
    "detail": None,
    "active": 1,
    "delayed": 2,
    "oldest_age_seconds": 0.4,
    "TaskBody.name": "echo",
    "TaskBody.queue": None,
    "heavy": False,
    "runs_in": "loop",
    "summary": "Gives its payload back as its output.",
    "payload_schema": {"type": "object"},
    "TaskBody.payload_schema": {},
    "url": "https://hooks.example.com/tickwell",
    "events": ["job.failed"],
    "enabled": True,
    "disabled_at": None,
    "old_secret_until": None,
    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "WebhookBody.description": "The pager.",
    "WebhookSecretBody.description": "The pager.",
    "SecretBody.name": "reports-token",
    "DeletedSecretBody.name": "reports-token",
    "percent": 40.0,
}

_API_KEYS: Mapping[str, Any] = {
    **{f"{body}.id": API_KEY_ID for body in ("ApiKeyBody", "NewApiKeyBody", "DeletedApiKeyBody")},
    **{f"{body}.name": "build server" for body in ("ApiKeyBody", "NewApiKeyBody")},
    **{f"{body}.role": "member" for body in ("ApiKeyBody", "NewApiKeyBody")},
    "scopes": ["jobs:read", "jobs:write"],
    "created_by": USER_ID,
    "expires_at": "2027-02-23T16:20:00.000Z",
    "expired": False,
    "last_used_at": None,
    "NewApiKeyBody.key": (
        "tw_agnkpqar2r7qfmodnv7i7easgqazvj6gfm6h2tupkbqxfa4uaulaaaicamcakbqhbaequcymbuha6earcijrifiwc77sb4a5"
    ),
}

VALUES: Mapping[str, Any] = {
    **TIMES,
    **IDS,
    **JOBS,
    **HISTORY,
    **BULK,
    **_QUEUES,
    **_SYSTEM,
    **_API_KEYS,
    **EMAILS,
    **FILES,
    **HOOKS,
    **OCCURRENCES,
    **SERIES,
    **USAGE,
}
"""The value of each field; ``...`` leaves a field out."""
