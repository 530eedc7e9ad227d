"""What one attempt may know of its tenant's secrets, and what it has come to know: that is kept out of its records."""

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from tickwell.application.masking import Masker
from tickwell.application.patience import read_patiently
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, NotFoundError, UnavailableError
from tickwell.domain.secret import is_secret_name, references_in, with_secrets

_log = logging.getLogger("tickwell")

PAUSES_SECONDS = (0.25, 0.5, 1.0)

_NO_MASK = Masker()


class ReadableSecrets(Protocol):
    """The half of ``TenantSecrets`` that tells values."""

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets.versions``."""
        ...


class AttemptSecrets(Protocol):
    """Secrets as tasks see them: ``context.secrets``."""

    @property
    def opened(self) -> frozenset[str]:
        """All values that this attempt has got to know."""
        ...

    @property
    def mask(self) -> Masker:
        """Takes them out of what is shown."""
        ...

    async def get(self, name: str) -> str:
        """The value. Raises AttemptFailedError as ``versions`` does."""
        ...

    async def versions(self, name: str) -> Sequence[str]:
        """The value, and behind it for a day that of before, for whoever signs with both or checks against both.

        Raises AttemptFailedError: ``SECRET_NOT_FOUND`` (not retryable), ``SECRETS_UNAVAILABLE``.
        """
        ...


class Opened:
    """What an attempt has got to know, for whoever implements ``AttemptSecrets``. One thread notes at a time."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self.opened = frozenset(values)
        """See ``AttemptSecrets``."""
        self.mask = Masker(self.opened, cut=True) if self.opened else _NO_MASK
        """See ``AttemptSecrets``."""

    def note(self, values: Iterable[str]) -> None:
        """``values`` are known from now on."""
        opened = self.opened.union(values)
        if opened != self.opened:
            self.opened, self.mask = opened, Masker(opened, cut=True)


class TenantAttemptSecrets(Opened):
    """Those of one tenant, read when they are asked for."""

    def __init__(self, secrets: ReadableSecrets, tenant_id: str) -> None:
        super().__init__()
        self._secrets = secrets
        self._tenant_id = tenant_id

    async def get(self, name: str) -> str:
        """See ``AttemptSecrets``."""
        return (await self.versions(name))[0]

    async def versions(self, name: str) -> Sequence[str]:
        """See ``AttemptSecrets``."""
        if not is_secret_name(name):
            raise _unknown(name)
        try:
            values = await read_patiently(
                lambda: self._secrets.versions(self._tenant_id, name),
                pauses_seconds=PAUSES_SECONDS,
                now=asyncio.get_running_loop().time,
            )
        except NotFoundError as error:
            raise _unknown(name) from error
        except UnavailableError as error:
            raise _unreadable() from error
        except Exception as error:
            # Of whatever kind: it is logged, and tells tenants nothing of the deployment.
            _log.exception("secret unreadable", extra={"action": "secret.unreadable", "tenant_id": self._tenant_id})
            raise _unreadable() from error
        self.note(values)
        return values


class NoSecrets(Opened):
    """For attempts without a store of secrets: there are none."""

    async def get(self, name: str) -> str:
        """See ``AttemptSecrets``."""
        raise _unknown(name)

    async def versions(self, name: str) -> Sequence[str]:
        """See ``AttemptSecrets``."""
        raise _unknown(name)


async def opened_payload(payload: Any, secrets: AttemptSecrets) -> Any:
    """``payload`` with the values in the places of its references.

    Raises AttemptFailedError: as ``AttemptSecrets.versions``; ``INVALID_PAYLOAD`` for references that are none.
    """
    try:
        references = references_in(payload)
    except InvalidInputError as error:
        raise AttemptFailedError("INVALID_PAYLOAD", str(error), retryable=False) from error
    names = sorted({name for found in references.values() for name in found})
    values = await asyncio.gather(*map(secrets.get, names))
    return with_secrets(payload, dict(zip(names, values, strict=True)))


def _unknown(name: str) -> AttemptFailedError:
    shown = ascii(name[:64])[1:-1]
    return AttemptFailedError(
        "SECRET_NOT_FOUND", f"there is no secret {shown}; PUT /api/v1/secrets/{shown} makes it", retryable=False
    )


def _unreadable() -> AttemptFailedError:
    return AttemptFailedError("SECRETS_UNAVAILABLE", "the tenant's secrets could not be read")
