"""Signs what tasks send with secrets of their tenant (Standard Webhooks, X13)."""

from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.webhook import is_signing_secret, signed_with


async def signature_of(context: TaskContext, secret_name: str, body: bytes) -> tuple[tuple[str, str], ...]:
    """The headers that sign ``body``, with both secrets for a day after the secret was changed.

    The message's id is the same in every attempt at the occurrence, the timestamp is now. Raises AttemptFailedError as
    ``AttemptSecrets.versions`` does, and ``INVALID_SIGNING_SECRET`` (not retryable).
    """
    newest, *before = await context.secrets.versions(secret_name)
    if not is_signing_secret(newest):
        reason = f"the secret {secret_name} must be whsec_ and 24 to 64 bytes in Base64 to sign with it"
        raise AttemptFailedError("INVALID_SIGNING_SECRET", reason, retryable=False)
    holding = [newest, *(secret for secret in before if is_signing_secret(secret))]
    return signed_with(holding, context.idempotency_key, body, context.now())
