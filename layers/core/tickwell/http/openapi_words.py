"""What the OpenAPI document says beside what the routes say themselves: of errors, tags and parameters."""

from collections.abc import Mapping

ERROR_EXAMPLES: Mapping[int, tuple[str, str]] = {
    401: ("UNAUTHENTICATED", "a bearer token or an API key is required"),
    403: ("FORBIDDEN", "this takes the role member or above; yours is viewer"),
    404: ("NOT_FOUND", "no job 019aa7c2-5d3e-7c41-9b0e-3f5a6c7d8e90"),
    409: ("ILLEGAL_TRANSITION", "cannot pause a job that is completed"),
    408: ("BODY_TOO_SLOW", "the body did not arrive within 60 s"),
    413: ("BODY_TOO_LARGE", "a body may have at most 1048576 bytes"),
    415: ("UNSUPPORTED_MEDIA_TYPE", "send the body as application/json, in UTF-8"),
    422: ("VALIDATION_ERROR", "name: is required"),
    429: ("RATE_LIMITED", "too many requests; the next one is allowed in 42 s"),
    500: (
        "INTERNAL_ERROR",
        "something went wrong on our side; please name the request id when you report it",
    ),
    503: ("UNAVAILABLE", "a service that Tickwell stands on is not available; please try again"),
}
"""Code and message in the example of an error, by status."""

TAGS: Mapping[str, str] = {
    "API keys": "What programs sign in with: scopes, a role, and an end.",
    "Accounts": "Registration, sign-in, passwords, and who one is.",
    "Archive": "History that has expired, by month.",
    "Dead letters": "Occurrences that will not be tried again: why, and how to run them anew.",
    "Emails": "Mails to be sent at a time, each a job: scheduled, listed by how far they have come, looked at.",
    "Executions": "Attempts at jobs: outcome, output, log, and the mail that was sent.",
    "Files": "The tenant's files: what tasks read and make, moved by links straight to and from the store.",
    "Hooks": "Addresses at which other systems hand in messages, each of which becomes a job.",
    "Jobs": "What is to run, and when: created, listed, paused, cancelled, run again; one by one or many at once.",
    "Live": "Jobs and counts as they change, for a browser's `EventSource`.",
    "Organization": "The tenant as its members see it: name, members with roles, invitations, export, and its end.",
    "Queues": "Named queues with priority, concurrency, rate, retention, and defaults for their jobs.",
    "Secrets": "What payloads refer to and nobody is shown.",
    "Statistics": "Jobs and executions counted, what runs next, what ended last, and who runs it.",
    "System": "Health, tasks, and this description.",
    "Webhooks": "Endpoints that are told, by signed requests, what went wrong.",
}
"""What the operations of a tag are about."""

PARAMETERS: Mapping[str, str] = {
    "dashboard_file": "The file's path; its slashes may be written as they are or as `%2F`.",
    "dashboard_version": "As the page at `/` names it: with every release whose files are others it is another one.",
    "dead_letter_id": "The dead letter's `id`.",
    "email_id": "The mail's `id`, which is that of its job.",
    "error_code": "Only those whose last attempt failed with this code.",
    "execution_id": "The execution's `id`.",
    "failed_after": "Only those that failed at this instant or later: ISO 8601 with an offset.",
    "failed_before": "Only those that failed before this instant: ISO 8601 with an offset.",
    "file_name": "The file's `name`; its slashes may be written as they are or as `%2F`.",
    "hook_id": "The hook's `id`.",
    "job_id": "The job's `id`.",
    "key": "What you call the job by: up to 128 letters, digits and `.`, `_`, `:`, `-`, in parts with `/` between "
    "them, each of which begins with a letter or a digit. A `/` may be written as it is or as `%2F`.",
    "key_id": "The API key's `id`.",
    "name": "The queue's name.",
    "queue": "Only those of this queue.",
    "secret_name": "What payloads call it by: 1 to 64 lower-case letters, digits, `-` and `_`, beginning with a letter "
    "or a digit.",
    "tag": "Only those with this tag.",
    "task": "Only those of this task.",
    "token": "The last part of the hook's `path`, as it was shown when the hook was created.",
    "webhook_id": "The webhook's `id`.",
}
"""What a parameter means whose route does not say it."""


def meaning(name: str) -> str:
    """What the parameter ``name`` means, where its route does not say it."""
    subject = name.removesuffix("_id").replace("_", " ")
    return PARAMETERS.get(name) or (f"The {subject}'s `id`." if name.endswith("_id") else f"The {subject}.")
