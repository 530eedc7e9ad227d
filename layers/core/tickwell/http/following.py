"""Who follows what: what a host that can keep an answer open goes on with."""

from dataclasses import dataclass

from tickwell.domain.account import Principal


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """``principal`` follows ``subject`` (see ``Live``), and has been told the state ``event_id``."""

    principal: Principal
    subject: str
    event_id: str
