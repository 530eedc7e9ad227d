"""What the application needs from the outside, as Protocols. Each has an ``aws`` and an ``embedded`` adapter.

Rules for all adapters: the tenant is the first thing that narrows a read; what has expired (TTL) is not returned even
when it has not been deleted yet; every operation may be repeated; a failing service raises ``UnavailableError``,
chained from its own error; errors that an adapter does not know propagate as they are.

A name is imported from its module when it is asked for: a function that starts cold loads what it needs.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tickwell.application.ports.api_keys import ApiKeyStore
    from tickwell.application.ports.archive import Archive, ArchivedMonth
    from tickwell.application.ports.audit import AuditLog
    from tickwell.application.ports.blobs import BlobInfo, BlobLinks, BlobStore, UploadLink
    from tickwell.application.ports.caller_keys import CallerKeys
    from tickwell.application.ports.counts import TenantCounts
    from tickwell.application.ports.erasure import Erasure
    from tickwell.application.ports.holdings import ExportCursors, HistoryItem, Holdings, Stretch
    from tickwell.application.ports.hooks import HookStore
    from tickwell.application.ports.images import ImageMaker
    from tickwell.application.ports.job_listing import MOST_SORTED, JobListing, JobsFound
    from tickwell.application.ports.job_walk import JobWalk, WalkedJobs
    from tickwell.application.ports.jobs import (
        Claim,
        Claimed,
        ClaimLost,
        ClaimResult,
        JobStore,
        PendingChange,
        SignAnswer,
        Signed,
        TokenGone,
    )
    from tickwell.application.ports.membership import MemberStore
    from tickwell.application.ports.named_queues import QueueKey, QueueStore
    from tickwell.application.ports.notifying import NotificationLog, WebhookStore
    from tickwell.application.ports.outreach import Functions, Messenger
    from tickwell.application.ports.queues import (
        Delivery,
        Depth,
        FarTimer,
        Lanes,
        MessageQueue,
        Notifications,
        Outgoing,
    )
    from tickwell.application.ports.quotas import QuotaStore
    from tickwell.application.ports.rates import RateLimiter
    from tickwell.application.ports.services import (
        Clock,
        ForeignTokens,
        Ids,
        Mailer,
        PasswordHasher,
        Secrets,
        SentMail,
        Tickets,
        Together,
        Tokens,
    )
    from tickwell.application.ports.stop_switch import StopSwitch
    from tickwell.application.ports.stores import AccountStore, DueItems, History, Page, Span
    from tickwell.application.ports.submissions import Submissions
    from tickwell.application.ports.tenant_secrets import SecretNames, TenantSecrets
    from tickwell.application.ports.workers import WorkerLog

__all__ = [
    "MOST_SORTED",
    "AccountStore",
    "ApiKeyStore",
    "Archive",
    "ArchivedMonth",
    "AuditLog",
    "BlobInfo",
    "BlobLinks",
    "BlobStore",
    "CallerKeys",
    "Claim",
    "ClaimLost",
    "ClaimResult",
    "Claimed",
    "Clock",
    "Delivery",
    "Depth",
    "DueItems",
    "Erasure",
    "ExportCursors",
    "FarTimer",
    "ForeignTokens",
    "Functions",
    "History",
    "HistoryItem",
    "Holdings",
    "HookStore",
    "Ids",
    "ImageMaker",
    "JobListing",
    "JobStore",
    "JobWalk",
    "JobsFound",
    "Lanes",
    "Mailer",
    "MemberStore",
    "MessageQueue",
    "Messenger",
    "NotificationLog",
    "Notifications",
    "Outgoing",
    "Page",
    "PasswordHasher",
    "PendingChange",
    "QueueKey",
    "QueueStore",
    "QuotaStore",
    "RateLimiter",
    "SecretNames",
    "Secrets",
    "SentMail",
    "SignAnswer",
    "Signed",
    "Span",
    "StopSwitch",
    "Stretch",
    "Submissions",
    "TenantCounts",
    "TenantSecrets",
    "Tickets",
    "Together",
    "TokenGone",
    "Tokens",
    "UploadLink",
    "WalkedJobs",
    "WebhookStore",
    "WorkerLog",
]

_NAMES = {
    "api_keys": "ApiKeyStore",
    "archive": "Archive ArchivedMonth",
    "audit": "AuditLog",
    "blobs": "BlobInfo BlobLinks BlobStore UploadLink",
    "caller_keys": "CallerKeys",
    "counts": "TenantCounts",
    "erasure": "Erasure",
    "holdings": "ExportCursors HistoryItem Holdings Stretch",
    "hooks": "HookStore",
    "images": "ImageMaker",
    "job_listing": "MOST_SORTED JobListing JobsFound",
    "job_walk": "JobWalk WalkedJobs",
    "jobs": "Claim Claimed ClaimLost ClaimResult JobStore PendingChange SignAnswer Signed TokenGone",
    "membership": "MemberStore",
    "named_queues": "QueueKey QueueStore",
    "notifying": "NotificationLog WebhookStore",
    "outreach": "Functions Messenger",
    "queues": "Delivery Depth FarTimer Lanes MessageQueue Notifications Outgoing",
    "quotas": "QuotaStore",
    "rates": "RateLimiter",
    "services": "Clock ForeignTokens Ids Mailer PasswordHasher Secrets SentMail Tickets Together Tokens",
    "stop_switch": "StopSwitch",
    "stores": "AccountStore DueItems History Page Span",
    "submissions": "Submissions",
    "tenant_secrets": "SecretNames TenantSecrets",
    "workers": "WorkerLog",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """The port ``name``, from then on an attribute like any other."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        port = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = port
        return port
