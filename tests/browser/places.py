"""All pages of the dashboard, by the address that shows each."""

from dataclasses import dataclass

from tests.browser.furnished import Furnished


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """``name`` of a page, and its ``path`` behind the ``#``, in which ``{mail}`` and the like stand for ids."""

    name: str
    path: str
    signed_in: bool = True

    def at(self, furnished: Furnished) -> str:
        """Its address in an organization."""
        return f"/#{self.path.format_map(furnished.ids)}"


def _out(name: str, path: str) -> Place:
    return Place(name=name, path=path, signed_in=False)


def _in(name: str, path: str) -> Place:
    return Place(name=name, path=path)


_TABS = ("profile", "organization", "members", "api-keys", "webhooks", "hooks", "secrets", "audit-log", "usage")

OUTSIDE = (
    _out("sign-in", "/sign-in"),
    _out("register", "/register"),
    _out("forgot-password", "/forgot-password"),
    _out("reset-password", "/reset-password?token=twr_x"),
    _out("accept-invitation", "/accept-invitation?token=twi_x"),
)
INSIDE = (
    _in("overview", "/"),
    _in("jobs", "/jobs"),
    _in("jobs-failed", "/jobs?state=failed"),
    _in("job-new", "/jobs/new"),
    _in("job-recurring", "/jobs/{recurring}"),
    _in("job-failed", "/jobs/{failed}"),
    _in("job-running", "/jobs/{running}"),
    _in("job-edit", "/jobs/{recurring}/edit"),
    _in("queues", "/queues"),
    _in("dead-letters", "/dead-letters"),
    _in("dead-letter", "/dead-letters/{letter}"),
    _in("emails", "/emails"),
    _in("email-sent", "/emails/{sent}"),
    _in("email-scheduled", "/emails/{scheduled}"),
    _in("email-failed", "/emails/{bounced}"),
    *(_in(f"settings-{tab}", f"/settings/{tab}") for tab in _TABS),
)
PLACES = (*OUTSIDE, *INSIDE)


def place_of(name: str) -> Place:
    """The page of that name."""
    return next(place for place in PLACES if place.name == name)
