"""One tree of errors. Each has a ``code`` that callers may rely on and typed fields.

The HTTP status of each stands in ``tickwell.http.errors``; a test holds the two against each other.
"""

from tickwell.domain.rate import Allowance


class TickwellError(Exception):
    """Root of everything that Tickwell itself raises."""

    code = "INTERNAL_ERROR"


class InvalidInputError(TickwellError):
    """A value that a caller gave is not acceptable.

    ``field`` names it as the caller spelled it (``cron_expression``, ``payload.url``); ``reason`` says
    what would be right. ``also`` holds (field, reason) of further faults that were found at the same time.
    """

    code = "VALIDATION_ERROR"

    def __init__(self, field: str, reason: str, *, also: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason
        self.also = also


class NotFoundError(TickwellError):
    """Nothing of that kind and id exists for this tenant (what another tenant owns does not exist)."""

    code = "NOT_FOUND"

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(f"no {kind} {identifier}")
        self.kind = kind
        self.identifier = identifier


class NoResultError(NotFoundError):
    """No execution of the job has succeeded so far, or none whose output is still kept."""

    code = "NO_RESULT"

    def __init__(self, job_id: str) -> None:
        super().__init__("result of the job", f"{job_id}: no execution that is kept has succeeded")


class IllegalTransitionError(TickwellError):
    """The job or execution is not in a status from which this step is allowed."""

    code = "ILLEGAL_TRANSITION"

    def __init__(self, what: str, status: str, action: str) -> None:
        super().__init__(f"cannot {action} a {what} that is {status}")
        self.what = what
        self.status = status
        self.action = action


class RateLimitedError(TickwellError):
    """Too many requests; the next one is allowed ``retry_after_seconds`` from now, as ``allowance`` says.

    ``allowance`` is None where the caller is not to know how many there may be.
    """

    code = "RATE_LIMITED"

    def __init__(self, message: str, *, retry_after_seconds: int, allowance: Allowance | None = None) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds
        self.allowance = allowance


class ConflictError(TickwellError):
    """Somebody changed the same thing at the same time; the caller may read it and try again."""

    code = "CONFLICT"


class AttemptEndedError(ConflictError):
    """The attempt that somebody speaks of has ended otherwise, as ``status`` says, or is to end as that."""

    code = "ATTEMPT_ENDED"

    def __init__(self, status: str) -> None:
        super().__init__(f"the attempt is over: {status}")
        self.status = status


class LastOwnerError(ConflictError):
    """A tenant always has an owner: the last one can neither be removed nor get another role."""

    code = "LAST_OWNER"

    def __init__(self) -> None:
        super().__init__("this is the last owner; make somebody else an owner first")


class QueueInUseError(TickwellError):
    """A queue cannot be deleted while ``jobs`` of its jobs are unfinished."""

    code = "QUEUE_IN_USE"

    def __init__(self, queue: str, jobs: int) -> None:
        super().__init__(f"the queue {queue} has {jobs} unfinished job{'' if jobs == 1 else 's'}")
        self.queue = queue
        self.jobs = jobs


class IdempotencyConflictError(TickwellError):
    """The ``Idempotency-Key`` came with another request before."""

    code = "IDEMPOTENCY_CONFLICT"

    def __init__(self) -> None:
        super().__init__("this Idempotency-Key was used for another request; take a new one")


class IdempotencyInProgressError(TickwellError):
    """The request under this ``Idempotency-Key`` is being carried out; ask again in ``retry_after_seconds``."""

    code = "IDEMPOTENCY_IN_PROGRESS"

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__("the request with this Idempotency-Key is still in progress; send it again later")
        self.retry_after_seconds = retry_after_seconds


class AnswerNotKeptError(TickwellError):
    """The request under this ``Idempotency-Key`` was carried out, but its answer is secret or too long to be kept."""

    code = "ANSWER_NOT_KEPT"

    def __init__(self, status: int) -> None:
        super().__init__(f"the request with this Idempotency-Key was answered with {status}; the answer is not kept")
        self.status = status


class EmailTakenError(TickwellError):
    """An account with this e-mail address exists."""

    code = "EMAIL_TAKEN"

    def __init__(self) -> None:
        super().__init__("an account with this e-mail address exists")


class UnauthenticatedError(TickwellError):
    """No valid credential came with the request. The message never says which part was wrong."""

    code = "UNAUTHENTICATED"


class ForbiddenError(TickwellError):
    """The credential is valid, but what it allows does not include this; the message says what would."""

    code = "FORBIDDEN"


class QuotaExceededError(TickwellError):
    """The tenant has ``used`` of what its quota named ``quota`` limits to ``limit``; the message says what to do."""

    code = "QUOTA_EXCEEDED"

    def __init__(self, message: str, *, quota: str, limit: int, used: int) -> None:
        super().__init__(message)
        self.quota = quota
        self.limit = limit
        self.used = used


class InvalidCredentialsError(TickwellError):
    """Unknown e-mail address or wrong password; the same answer for both.

    ``tenant_id`` and ``user_id`` say whose password was tried, for that tenant's audit log only; None: nobody's.
    """

    code = "INVALID_CREDENTIALS"

    def __init__(self, tenant_id: str | None = None, user_id: str | None = None) -> None:
        super().__init__("invalid e-mail address or password")
        self.tenant_id = tenant_id
        self.user_id = user_id


class UnavailableError(TickwellError):
    """A service that Tickwell stands on (store, lane, mail server) did not do its part; trying again may help."""

    code = "UNAVAILABLE"

    def __init__(self, service: str, reason: str) -> None:
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason


class StaleDueItemError(UnavailableError):
    """The job would be written more than 20 s after its due item, too late for the safety sync to rely on it (rule 1).

    Nothing was accepted or changed; whoever asked may ask again.
    """

    def __init__(self) -> None:
        super().__init__("store", "it was too slow; nothing was changed, please try again")


class UnreadableMessageError(TickwellError):
    """What a queue delivered is not a message of any release that this one understands."""

    code = "UNREADABLE_MESSAGE"


class AttemptFailedError(TickwellError):
    """A task says that this attempt failed, and how.

    ``error_code`` is stable and machine readable; ``retryable`` False ends the occurrence at once;
    ``retry_after_seconds`` overrides the policy's delay (a server's ``Retry-After``).
    """

    code = "ATTEMPT_FAILED"

    def __init__(
        self,
        error_code: str,
        message: str,
        *,
        retryable: bool = True,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message
        self.retryable = retryable
        self.retry_after_seconds = retry_after_seconds


class AttemptLostError(TickwellError):
    """The process that ran an attempt died by itself: the attempt is lost, and its task is not heard of again.

    ``error_code`` is stable and machine readable.
    """

    code = "ATTEMPT_LOST"

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code
        self.message = message


class DoNotRetryError(AttemptFailedError):
    """For tasks: this attempt failed, and trying again cannot help. The occurrence ends at once."""

    def __init__(self, message: str, *, error_code: str = "DO_NOT_RETRY") -> None:
        super().__init__(error_code, message, retryable=False)


class RetryAfterError(AttemptFailedError):
    """For tasks: this attempt failed; the next one, if the policy still has one, is to start ``seconds`` from now."""

    def __init__(self, seconds: float, message: str, *, error_code: str = "RETRY_AFTER") -> None:
        super().__init__(error_code, message, retry_after_seconds=seconds)


class AttemptCancelledError(TickwellError):
    """The attempt is not wanted any more: its job was cancelled or deleted, or another worker has taken it over."""

    code = "ATTEMPT_CANCELLED"

    def __init__(self) -> None:
        super().__init__("the attempt was cancelled")
