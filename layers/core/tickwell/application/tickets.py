"""Tickets for what a browser asks for without headers (S5): who gets one, and what one is still worth."""

from dataclasses import dataclass
from datetime import timedelta

from tickwell.application.authenticate import Authenticate
from tickwell.application.authenticate_key import AuthenticateKey
from tickwell.application.ports import Clock, Tickets
from tickwell.domain.account import Principal
from tickwell.domain.errors import UnauthenticatedError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.session import Bearer
from tickwell.domain.ticket import TICKET_LIFE, Ticket, require_ticket_path, ticket_path


@dataclass(frozen=True, kw_only=True, slots=True)
class IssuedTicket:
    """A ticket for ``path``, good for ``expires_in_seconds``."""

    text: str
    path: str
    expires_in_seconds: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageTickets:
    """The use cases; see the methods."""

    tickets: Tickets
    authenticate: Authenticate
    authenticate_key: AuthenticateKey
    clock: Clock

    def issue(self, principal: Principal, path: str) -> IssuedTicket:
        """A ticket that opens ``path`` to ``principal``. Raises InvalidInputError (``path``).

        Whether the path leads anywhere is found out when the ticket is shown. It does not outlive the session.
        """
        opened, now = require_ticket_path(path), self.clock.now()
        ends = now + TICKET_LIFE
        if principal.session is not None:
            ends = min(ends, principal.session.expires_at)
        ends = from_epoch_ms(to_epoch_ms(ends) // 1000 * 1000)
        ticket = Ticket(
            tenant_id=principal.tenant_id,
            user_id=principal.user_id,
            path=opened,
            expires_at=ends,
            session=principal.session,
            api_key_id=principal.api_key_id,
        )
        text = self.tickets.issue(ticket, now=now)
        return IssuedTicket(text=text, path=opened, expires_in_seconds=(ends - now) // timedelta(seconds=1))

    def admit(self, text: str, path: str) -> Principal:
        """Who asks for ``path`` with the ticket ``text``. Raises UnauthenticatedError, whatever is wrong with it."""
        ticket = self.tickets.verify(text, now=self.clock.now())
        if ticket.path != ticket_path(path):
            raise UnauthenticatedError("not a valid ticket")
        return self._standing(ticket.tenant_id, ticket.session, ticket.api_key_id)

    def still(self, principal: Principal) -> Principal:
        """``principal`` as it is by now, long after it was admitted: for what goes on. Raises UnauthenticatedError."""
        return self._standing(principal.tenant_id, principal.session, principal.api_key_id)

    def _standing(self, tenant_id: str, session: Bearer | None, api_key_id: str | None) -> Principal:
        if session is not None:
            return self.authenticate.again(session)
        if api_key_id is not None:
            return self.authenticate_key.again(tenant_id, api_key_id)
        raise UnauthenticatedError("not a valid ticket")
