"""What users' own tasks are written with: ``from tickwell.sdk import PlainContext, task``.

These names stay; the modules where they are defined may change. ``tickwell.testing`` is for the tests of such tasks.
"""

from tickwell.application.http_client import HttpRequest, HttpResponse
from tickwell.application.plain_context import PlainContext
from tickwell.application.task import Task, TaskContext
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError, DoNotRetryError, RetryAfterError
from tickwell.domain.retry import OnLost, Policy, Precision, RetryPolicy, RetryStrategy
from tickwell.domain.task_file import FileInfo
from tickwell.tasks.define import task
from tickwell.tasks.payload import Payload

__all__ = [
    "AttemptCancelledError",
    "AttemptFailedError",
    "DoNotRetryError",
    "FileInfo",
    "HttpRequest",
    "HttpResponse",
    "OnLost",
    "Payload",
    "PendingCompletion",
    "PlainContext",
    "Policy",
    "Precision",
    "RetryAfterError",
    "RetryPolicy",
    "RetryStrategy",
    "Task",
    "TaskContext",
    "task",
]
