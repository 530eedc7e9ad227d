"""The ports of everything else: time, chance, mail, secrets, credentials."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickwell.domain.account import User
from tickwell.domain.mail import Mail
from tickwell.domain.session import Bearer, VouchedFor
from tickwell.domain.ticket import Ticket


class Clock(Protocol):
    """The only source of time."""

    def now(self) -> datetime:
        """The current instant: aware, UTC, whole milliseconds."""
        ...


class Ids(Protocol):
    """The only source of ids and random draws."""

    def new(self) -> str:
        """A new UUIDv7; later ones sort behind earlier ones."""
        ...

    def token(self) -> str:
        """A new lease token: 16 random bytes in hexadecimal."""
        ...

    def derived(self, seed: str, at: datetime) -> AbstractContextManager[None]:
        """Within the block and its thread ``new`` gives ids of the instant ``at`` that depend on ``seed`` alone.

        Whoever does the same in the same order gets the same ids. ``token`` and ``draw`` stay random: a seed is stored.
        """
        ...

    def draw(self) -> float:
        """A random number in [0, 1), for jitter."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class SentMail:
    """A mail that was accepted for delivery; ``message_id`` is what the recipient will see, ``via`` the way it went."""

    message_id: str
    via: str


Together = Callable[[], AbstractContextManager[None]]
"""Where the engine can, what one thread writes within such a block through any port is written at once when it ends,
or not at all when it raises; where it cannot, each write stands by itself, and their order is what counts.

A port call that fails undoes what it wrote itself, and no more. Reads within the block see nothing of it. Leaving it
raises UnavailableError where nothing of it was written.
"""


class Mailer(Protocol):
    """Sends e-mail."""

    def send(self, mail: Mail) -> SentMail:
        """Raises AttemptFailedError: ``MAIL_REJECTED`` (not retryable) or ``MAIL_UNAVAILABLE``."""
        ...


class Secrets(Protocol):
    """Secrets by name."""

    def get(self, name: str) -> str:
        """Raises NotFoundError; never logs the value."""
        ...


class PasswordHasher(Protocol):
    """Argon2id."""

    def hash(self, password: str) -> str:
        """A salted hash, parameters included."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Whether they belong together, in constant time for one set of parameters."""
        ...


class Tokens(Protocol):
    """Bearer tokens (JWT) of users."""

    def issue(self, user: User, *, now: datetime) -> str:
        """A token that lives for ``TOKEN_LIFE``."""
        ...

    def verify(self, token: str, *, now: datetime) -> Bearer:
        """Whose the token is; whether it was revoked is not looked at.

        Raises UnauthenticatedError, whatever is wrong with it.
        """
        ...


class Tickets(Protocol):
    """Tickets as texts."""

    def issue(self, ticket: Ticket, *, now: datetime) -> str:
        """``ticket`` as a text for URLs, which nobody else can make."""
        ...

    def verify(self, text: str, *, now: datetime) -> Ticket:
        """What it says. Raises UnauthenticatedError, whatever is wrong with it; what it stands on is not looked at."""
        ...


class ForeignTokens(Protocol):
    """Bearer tokens of an OIDC issuer."""

    def claims_to_be(self, token: str) -> bool:
        """Whether the token names the issuer; nothing is verified. Never raises."""
        ...

    def verify(self, token: str, *, now: datetime) -> VouchedFor:
        """Whose it is. Raises UnauthenticatedError; UnavailableError when the issuer's keys were never read."""
        ...
