"""Work that goes on outside of any worker, and is ended by whoever holds the token of its attempt (X10)."""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.errors import InvalidInputError

LONGEST_PENDING_SECONDS = 30 * 24 * 3600
"""So long work outside may be silent: 30 days. Each sign of life begins that time anew."""

_PURPOSE = b"tickwell completion token:"
_TENANT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, kw_only=True, slots=True)
class PendingCompletion:
    """What a task returns in place of an output: its work goes on elsewhere.

    Who does it ends the attempt with the attempt's completion token. ``timeout_seconds``: after so long without a sign
    of life from there the attempt has timed out.
    """

    timeout_seconds: int


def pending_completion(timeout_seconds: int) -> PendingCompletion:
    """Checked: from one second to 30 days. Raises InvalidInputError("timeout_seconds")."""
    if type(timeout_seconds) is not int or not 1 <= timeout_seconds <= LONGEST_PENDING_SECONDS:
        raise InvalidInputError("timeout_seconds", f"must be a whole number from 1 to {LONGEST_PENDING_SECONDS}")
    return PendingCompletion(timeout_seconds=timeout_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outside:
    """Says of a job's slot that no worker holds it any more: what the attempt is about goes on outside.

    Since ``since``; ``timeout_seconds`` as in ``PendingCompletion``. ``has_log``: what the task logged before that lies
    in a blob (``claim_check.begun_log``).
    """

    since: datetime
    timeout_seconds: int
    has_log: bool = False

    def until(self, sign_at: datetime) -> datetime:
        """When the attempt has timed out, if nothing is heard of it after ``sign_at``."""
        return sign_at + timedelta(seconds=self.timeout_seconds)


@dataclass(frozen=True, kw_only=True, slots=True)
class CompletionToken:
    """A token as it was given to us: whose attempt it speaks of, and the secret that proves it."""

    tenant_id: str
    secret: str

    def is_of(self, claim_token: str) -> bool:
        """Whether it is the token of the attempt that was claimed with ``claim_token``; in constant time."""
        return hmac.compare_digest(self.secret.encode(), _secret_of(claim_token).encode())


def completion_token(tenant_id: str, claim_token: str) -> str:
    """The token that ends the attempt which was claimed with ``claim_token``: the tenant, a dot, and the secret.

    The secret is derived from 128 random bits that only store and worker know; so nothing more has to be kept for it,
    and it is of no use when the attempt has ended. It does not tell the claim's token.
    """
    return f"{tenant_id}.{_secret_of(claim_token)}"


def read_completion_token(token: str) -> CompletionToken | None:
    """The parts of ``token``; None for what cannot be one."""
    tenant_id, _, secret = token.rpartition(".")
    if not _TENANT.fullmatch(tenant_id) or not _SECRET.fullmatch(secret):
        return None
    return CompletionToken(tenant_id=tenant_id, secret=secret)


def _secret_of(claim_token: str) -> str:
    digest = hashlib.sha256(_PURPOSE + claim_token.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
