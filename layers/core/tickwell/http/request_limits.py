"""How many requests a caller may make (C23, S11): counted once each, a batch too, before the handler begins."""

import ipaddress
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.ports import Clock, RateLimiter
from tickwell.domain.account import Principal
from tickwell.domain.errors import RateLimitedError, UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.rate import Allowance, RateKey
from tickwell.http.access import RateClass

_log = logging.getLogger("tickwell")

_IPV6_NETWORK_BITS = 64
"""What one customer has at least; single addresses of it cost nothing."""

LIMITED_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


_COUNTED = {
    RateClass.READ: "reads",
    RateClass.WRITE: "changes",
    RateClass.GENERATE: "requests for images",
    RateClass.HOOK: "messages",
    RateClass.REGISTER: "registrations",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """At most ``limit`` requests in a window of length ``per``."""

    limit: int
    per: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLimits:
    """Counts requests; a class without a quota is not limited."""

    limiter: RateLimiter
    quotas: Mapping[RateClass, Quota]
    clock: Clock

    def admit(self, rate: RateClass, caller: Principal | None, client_address: str) -> dict[str, str]:
        """Count a request; the headers that its answer is to carry, whatever it will be.

        Where the count fails the request passes, without headers: a limit is not worth a refused job.
        Raises RateLimitedError.
        """
        quota = self.quotas.get(rate)
        if quota is None:
            return {}
        key = _key(rate, caller, client_address)
        try:
            allowance = self.limiter.hit(key, limit=quota.limit, per=quota.per)
        except UnavailableError:
            _log.exception("request not counted", extra={"action": "http.uncounted", "rate_class": rate.value})
            return {}
        if not allowance.allowed:
            raise _refusal(rate, quota, allowance, self.clock.now())
        return rate_headers(allowance)


def rate_headers(allowance: Allowance) -> dict[str, str]:
    """How an answer tells what is left; the reset in epoch seconds, rounded up."""
    reset_epoch = -(-to_epoch_ms(allowance.reset_at) // 1000)
    values = (allowance.limit, allowance.remaining, reset_epoch)
    return dict(zip(LIMITED_HEADERS, map(str, values), strict=True))


def _refusal(rate: RateClass, quota: Quota, allowance: Allowance, now: datetime) -> RateLimitedError:
    seconds = allowance.seconds_left(now)
    counted = _COUNTED.get(rate, "requests")
    message = f"the limit of {allowance.limit} {counted} in {_span(quota.per)} is reached; try again in {seconds} s"
    return RateLimitedError(message, retry_after_seconds=seconds, allowance=allowance)


def _span(per: timedelta) -> str:
    minutes = per // timedelta(minutes=1)
    return {1: "a minute", 60: "an hour"}.get(minutes, f"{minutes} minutes")


def _key(rate: RateClass, caller: Principal | None, client_address: str) -> RateKey:
    if caller is None:
        return RateKey(tenant_id=None, who=client_network(client_address), what=rate.value)
    return RateKey(tenant_id=caller.tenant_id, who=caller.counted_as, what=rate.value)


def client_network(address: str) -> str:
    """What counts as one client: an IPv4 address, or a network of IPv6; an address that is none counts as such."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, _IPV6_NETWORK_BITS), strict=False))
