"""What stands before the routes, as the settings say."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tickwell.application.ports import Clock, QuotaStore, RateLimiter, Submissions
from tickwell.application.quotas import Quotas
from tickwell.domain.quota import QuotaName
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota, RequestLimits
from tickwell.settings.shared import LimitSettings, QuotaSettings

_HOUR: Final = timedelta(hours=1)
_MINUTE: Final = timedelta(minutes=1)
_QUARTER: Final = timedelta(minutes=15)
_OUTSIDE: Final = Quota(limit=36_000, per=_HOUR)
"""Of one address: many who work for a tenant may share one, and each says now and then that it lives."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Guards:
    """What stands before the routes: limits on requests, memory of those that may come again, and tenants' quotas.

    ``messages_per_minute``: what one hook takes; 0 for any number.
    """

    limits: RequestLimits
    submissions: Submissions
    quotas: Quotas
    messages_per_minute: int


def request_limits(settings: LimitSettings, limiter: RateLimiter, clock: Clock) -> RequestLimits:
    """A limit of 0 is none. Who has not signed in may ask as often as a user may read."""
    hourly = {
        RateClass.PUBLIC: settings.read_limit_per_hour,
        RateClass.READ: settings.read_limit_per_hour,
        RateClass.REGISTER: settings.registrations_per_hour,
        RateClass.WRITE: settings.rate_limit_per_hour,
    }
    quotas = {rate: Quota(limit=limit, per=_HOUR) for rate, limit in hourly.items() if limit}
    if settings.hook_limit_per_minute:
        quotas[RateClass.HOOK] = Quota(limit=settings.hook_limit_per_minute, per=_MINUTE)
    quotas[RateClass.OUTSIDE] = _OUTSIDE
    if settings.images_per_quarter_hour:
        quotas[RateClass.GENERATE] = Quota(limit=settings.images_per_quarter_hour, per=_QUARTER)
    return RequestLimits(limiter=limiter, quotas=quotas, clock=clock)


def quotas(settings: QuotaSettings, store: QuotaStore, clock: Clock) -> Quotas:
    """The deployment's quotas, and those of single tenants in ``store``. One for each process: it remembers."""
    defaults = {QuotaName.JOBS: settings.quota_jobs, QuotaName.MEMBERS: settings.quota_members}
    return Quotas(store, defaults, clock)
