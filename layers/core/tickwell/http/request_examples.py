"""Bodies to begin with, by operation id; an operation without any here gets one that is made from its schema.

A test sends each of them to the API and sees it understood.
"""

from collections.abc import Mapping
from typing import Any

_AT = "2026-11-26T09:00:00Z"

_JOBS: Mapping[str, Mapping[str, Any]] = {
    "createJob": {
        "At once": {"name": "Hello", "task": "echo", "payload": {"greeting": "hello"}},
        "Once, at an instant": {
            "name": "Year end mail",
            "task": "send_email",
            "scheduled_time": _AT,
            "payload": {"to": "ada@example.com", "subject": "It is time", "body": "Close the books."},
        },
        "Each weekday at nine in Berlin": {
            "name": "Daily Backup",
            "task": "http_request",
            "cron_expression": "0 9 * * 1-5",
            "timezone": "Europe/Berlin",
            "payload": {"url": "https://api.example.com/backup", "method": "POST"},
            "max_retries": 5,
            "retry": {"strategy": "exponential", "delay_seconds": 10, "factor": 2, "jitter": 0.1},
            "tags": ["backup"],
        },
        "Every five minutes": {"name": "Heartbeat", "interval_seconds": 300},
        "Each working night of a year, but not at Christmas": {
            "name": "Nightly report",
            "cron_expression": "30 2 * * 1-5",
            "timezone": "Europe/Berlin",
            "dst_missing": "skip",
            "start_at": "2026-12-01T00:00:00+01:00",
            "end_at": "2027-11-30T23:59:59+01:00",
            "exclude": ["2026-12-24/2026-12-26", "2027-01-01"],
            "jitter_seconds": 300,
        },
    },
    "updateJob": {
        "Another time and payload": {
            "name": "Updated Job Name",
            "cron_expression": "0 1 * * *",
            "payload": {"url": "https://api.example.com/backup", "method": "PUT"},
            "timeout_seconds": 600,
        },
        "Pause it": {"status": "paused"},
        "Another time and other retries": {"cron_expression": "30 8 * * 1-5", "timezone": "UTC", "max_retries": 5},
    },
    "createJobs": {
        "Two jobs": {"jobs": [{"name": "First", "delay_seconds": 60}, {"name": "Second", "delay_seconds": 120}]}
    },
    "scheduleEmail": {
        "In Unix seconds": {
            "to": "grace@example.com",
            "subject": "Happy holidays",
            "body": "See you next year.",
            "scheduledTime": 1798131600,
        },
        "At once, as HTML too": {
            "to": ["grace@example.com", "ada@example.com"],
            "subject": "Happy holidays",
            "body": "See you next year.",
            "html": "<p>See you <b>next year</b>.</p>",
        },
    },
    "scheduleEmailAlias": {
        "A mail": {
            "to": "grace@example.com",
            "subject": "Happy holidays",
            "body": "See you next year.",
            "scheduledTime": 1798131600,
        },
    },
    "generateImage": {
        "One image": {"prompt": "A lighthouse in the fog, as a woodcut"},
        "Three, with a key of your own": {
            "prompt": "A lighthouse in the fog",
            "count": 3,
            "size": "1536x1024",
            "options": {"quality": "high"},
            "key_secret": "openai-key",
            "tags": ["lighthouses"],
        },
    },
    "generateImageAlias": {"One image": {"prompt": "A lighthouse in the fog, as a woodcut"}},
    "putJob": {
        "Each weekday at nine": {
            "name": "Daily Backup",
            "task": "http_request",
            "cron_expression": "0 9 * * 1-5",
            "payload": {"url": "https://api.example.com/backup", "method": "POST"},
        }
    },
    "applyJobs": {
        "A file, first looked at": {
            "scope": "backup",
            "dry_run": True,
            "prune": True,
            "jobs": [
                {"key": "backup/daily", "name": "Daily Backup", "cron_expression": "0 9 * * 1-5"},
                {"key": "backup/heartbeat", "name": "Heartbeat", "interval_seconds": 300},
            ],
        }
    },
    "changeJobs": {
        "Count what would be paused": {"action": "pause", "filter": {"tag": "backup"}, "dry_run": True},
        "Cancel all that wait": {"action": "cancel", "filter": {"status": "pending"}},
        "Retry those that failed under a name": {"action": "retry", "filter": {"search": "import", "status": "failed"}},
    },
}

_PAST = "2026-11-01T00:00:00Z"

_OCCURRENCES: Mapping[str, Mapping[str, Any]] = {
    "backfillJob": {
        "All that is missing since an instant": {"from": _PAST},
        "Count those of a range": {"from": _PAST, "until": "2026-11-08T00:00:00Z", "dry_run": True},
    },
}

_DEAD_LETTERS: Mapping[str, Mapping[str, Any]] = {
    "retryDeadLetters": {
        "Those of one task since an instant": {"filter": {"task": "http_request", "failed_after": _AT}},
        "All, only counted": {"all": True, "dry_run": True},
    },
    "deleteDeadLetters": {"Those before an instant": {"filter": {"failed_before": _AT}}},
}

_QUEUES: Mapping[str, Mapping[str, Any]] = {
    "createQueue": {
        "Two at once, ten a minute": {
            "name": "image-generation",
            "priority": "high",
            "concurrency": 2,
            "rate_limit": {"limit": 10, "per_seconds": 60},
            "retention": {"completed": {"seconds": 86400, "count": 100}},
        }
    },
    "changeQueue": {"Other limits": {"concurrency": 4, "rate_limit": None}, "Hold its jobs back": {"paused": True}},
}

_TOKEN = "019aa7c0-11d4-7f02-b1c3-6d7e8f901234.019aa7c0-11d4-7a6b-8c2f-90a1b2c3d4e5." + "0123456789abcdef" * 4

_OTHERS: Mapping[str, Mapping[str, Any]] = {
    "register": {"A new user": {"email": "ada@example.com", "password": "Correct-Horse-9"}},
    "login": {"A user": {"email": "ada@example.com", "password": "Correct-Horse-9"}},
    "changePassword": {
        "Another one": {"old_password": "Correct-Horse-9", "new_password": "Battery-Staple-8"},
    },
    "forgotPassword": {"An address": {"email": "ada@example.com"}},
    "resetPassword": {"What the mail brought": {"token": f"twr_{_TOKEN}", "password": "Battery-Staple-8"}},
    "acceptInvitation": {"What the mail brought": {"token": f"twi_{_TOKEN}", "password": "Battery-Staple-8"}},
    "changeOrganization": {"Another name": {"name": "Analytical Engines"}},
    "changeMember": {"Another role": {"role": "admin"}},
    "createInvitation": {"A colleague": {"email": "grace@example.com", "role": "member"}},
    "createApiKey": {
        "Create and watch jobs, for 90 days": {
            "name": "build server",
            "scopes": ["jobs:read", "jobs:write"],
            "expires_in_days": 90,
        }
    },
    "createHook": {
        "Messages for a task of your own": {"name": "Message from the shop", "task": "echo"},
        "Answer by SMS": {
            "name": "Message from the shop",
            "task": "send_message",
            "payload": {
                "channel": "sms",
                "to": "{{message.sender}}",
                "text": "We have got your message: {{message.content}}",
            },
            "fields": {"sender": "data.from", "content": "data.text"},
            "signature": {"secret": "hook-shop", "scheme": "sha256"},
        },
    },
    "receiveMessage": {"A message": {"message_id": "m-1", "sender": "+4915112345678", "content": "When do you open?"}},
    "putSecret": {"A token": {"value": "an-example-and-no-token"}},
    "addWebhook": {
        "Final failures": {
            "url": "https://hooks.example.com/tickwell",
            "events": ["job.failed"],
            "description": "The pager.",
        }
    },
}

REQUESTS: Mapping[str, Mapping[str, Any]] = {**_JOBS, **_OCCURRENCES, **_DEAD_LETTERS, **_QUEUES, **_OTHERS}
"""Title and body of each example."""
