"""From a message at a hook's address to the job that it becomes (B5)."""

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from tickwell.application.attempt_secrets import ReadableSecrets
from tickwell.application.create_job import CreatedJob, CreateJob, NewJob
from tickwell.application.ports import Clock, HookStore, RateLimiter
from tickwell.domain.errors import NotFoundError, RateLimitedError, UnauthenticatedError, UnavailableError
from tickwell.domain.hook import Hook, HookSignature, SignatureScheme, parse_hook_token
from tickwell.domain.incoming import IncomingMessage, incoming_message, payload_of
from tickwell.domain.rate import RateKey
from tickwell.domain.webhook import is_signed

_log = logging.getLogger("tickwell")

WINDOW: Final = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceiveMessage:
    """The use case, in the steps between which its caller looks whether the message came before.

    ``per_minute``: so many messages a hook takes; 0 for any number. ``secrets`` may be read of names that begin with
    ``hook-`` only.
    """

    hooks: HookStore
    secrets: ReadableSecrets
    create_job: CreateJob
    limiter: RateLimiter
    clock: Clock
    per_minute: int

    def open(self, token: str) -> Hook:
        """The hook of ``token``. Raises NotFoundError, the same whatever is wrong with it, and RateLimitedError."""
        place = parse_hook_token(token)
        if place is None:
            raise _unknown()
        try:
            hook = self.hooks.get(*place)
        except NotFoundError:
            raise _unknown() from None
        if not hook.opens_with(token):
            raise _unknown()
        self._count(hook)
        return hook

    def read(self, hook: Hook, headers: Mapping[str, str], raw: bytes, body: Any) -> IncomingMessage:
        """The message in ``raw``, which is ``body`` as JSON; ``headers`` have names in lower case.

        Raises UnauthenticatedError where it has to be signed and is not, InvalidInputError, UnavailableError.
        """
        if hook.signature is not None and not self._is_signed(hook, hook.signature, headers, raw):
            raise UnauthenticatedError("the message is not signed with the secret that this hook asks for")
        return incoming_message(hook, headers, body)

    def accept(self, hook: Hook, message: IncomingMessage, *, traceparent: str | None = None) -> CreatedJob:
        """The message's job, which will run even if everything crashes; ``traceparent``: the sender's trace.

        Raises what ``CreateJob`` raises.
        """
        request = NewJob(name=hook.name, task=hook.task, queue=hook.queue, payload=payload_of(hook, message))
        created = self.create_job(hook.principal, request.within(traceparent))
        self._mark_used(hook)
        return created

    def _count(self, hook: Hook) -> None:
        """Where the count fails the message passes: a limit is not worth a refused one."""
        if not self.per_minute:
            return
        key = RateKey(tenant_id=hook.tenant_id, who=hook.hook_id, what="hook")
        try:
            allowance = self.limiter.hit(key, limit=self.per_minute, per=WINDOW)
        except UnavailableError:
            _log.exception("message not counted", extra={"action": "hook.uncounted", "tenant_id": hook.tenant_id})
            return
        if not allowance.allowed:
            seconds = allowance.seconds_left(self.clock.now())
            message = f"this hook takes {self.per_minute} messages a minute; try again in {seconds} s"
            raise RateLimitedError(message, retry_after_seconds=seconds, allowance=allowance)

    def _is_signed(self, hook: Hook, asked: HookSignature, headers: Mapping[str, str], raw: bytes) -> bool:
        """A secret that is gone, or none of its scheme, signs nothing; the operator finds it in the log."""
        extra = {"action": "hook.secret_unusable", "tenant_id": hook.tenant_id, "hook_id": hook.hook_id}
        try:
            secrets = self.secrets.versions(hook.tenant_id, asked.secret)
            if asked.scheme is SignatureScheme.STANDARD:
                return is_signed(secrets, headers, raw, self.clock.now())
            return _has_digest(secrets, headers.get(asked.header, ""), raw)
        except (NotFoundError, ValueError) as error:
            _log.warning("a hook's secret cannot be used", extra={**extra, "error": type(error).__name__})
            return False

    def _mark_used(self, hook: Hook) -> None:
        now = self.clock.now()
        if hook.use_is_news(now):
            try:
                self.hooks.mark_used(hook, at=now)
            except UnavailableError:
                # When it was used last is worth less than the message: the next one writes it down.
                return


def _has_digest(secrets: Sequence[str], given: str, raw: bytes) -> bool:
    """In hexadecimal or Base64, with or without ``sha256=`` before it."""
    digest = given.strip().removeprefix("sha256=").encode()
    for secret in secrets:
        right = hmac.new(secret.encode(), raw, hashlib.sha256).digest()
        if hmac.compare_digest(digest.lower(), right.hex().encode()):
            return True
        if hmac.compare_digest(digest, base64.b64encode(right)):
            return True
    return False


def _unknown() -> NotFoundError:
    """Without the token, which is a secret, should it be one after all."""
    return NotFoundError("hook", "with this address")
