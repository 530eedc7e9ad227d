"""How both engines spell policies as parts of larger documents; see ``documents``. Defaults are left out."""

from typing import Any

from tickwell.domain.retry import (
    DEFAULT_POLICY,
    Misfire,
    OnLost,
    Overlap,
    Policy,
    Precision,
    RetryPolicy,
    RetryStrategy,
)

_DEFAULT_RETRY = RetryPolicy()
_SPELLED = {
    "stall": "stall_seconds",
    "pause_after": "pause_after_failures",
    "overlap": "overlap",
    "misfire": "misfire",
    "grace": "misfire_grace_seconds",
    "most": "misfire_max",
    "spread": "misfire_spread_seconds",
    "expires": "expires_after_seconds",
    "precision": "precision",
}
"""How fields are spelled that most jobs leave at their defaults."""
_KINDS: dict[str, type[Overlap | Misfire | Precision]] = {
    "overlap": Overlap,
    "misfire": Misfire,
    "precision": Precision,
}


def policy_part(policy: Policy) -> dict[str, Any] | None:
    """A policy as part of a larger document; None for the default one."""
    return None if policy is DEFAULT_POLICY or policy == DEFAULT_POLICY else _policy_document(policy)


def policy_of(part: dict[str, Any] | None) -> Policy:
    """What ``policy_part`` spelled."""
    return DEFAULT_POLICY if part is None else _policy_from(part)


def _policy_document(policy: Policy) -> dict[str, Any]:
    document: dict[str, Any] = {
        "timeout": policy.timeout_seconds,
        "retries": policy.max_retries,
        "on_lost": policy.on_lost,
    }
    for word, name in _SPELLED.items():
        value = getattr(policy, name)
        if value != getattr(DEFAULT_POLICY, name):
            document[word] = value
    if policy.retry != _DEFAULT_RETRY:
        document["retry"] = retry_document(policy.retry)
    return document


def _policy_from(document: dict[str, Any]) -> Policy:
    retry = document.get("retry")
    spelled: dict[str, Any] = {
        name: _KINDS.get(word, int)(document[word]) for word, name in _SPELLED.items() if word in document
    }
    return Policy(
        timeout_seconds=document["timeout"],
        max_retries=document["retries"],
        retry=_DEFAULT_RETRY if retry is None else retry_from(retry),
        on_lost=OnLost(document["on_lost"]),
        **spelled,
    )


def retry_document(retry: RetryPolicy) -> dict[str, Any]:
    """A retry policy as part of a larger document."""
    return {
        "strategy": retry.strategy,
        "delay": retry.delay_seconds,
        "factor": retry.factor,
        "max_delay": retry.max_delay_seconds,
        "jitter": retry.jitter,
        "delays": retry.delays_seconds,
    }


def retry_from(document: dict[str, Any]) -> RetryPolicy:
    """What ``retry_document`` wrote."""
    return RetryPolicy(
        strategy=RetryStrategy(document["strategy"]),
        delay_seconds=document["delay"],
        factor=document["factor"],
        max_delay_seconds=document["max_delay"],
        jitter=document["jitter"],
        delays_seconds=tuple(document["delays"]),
    )
