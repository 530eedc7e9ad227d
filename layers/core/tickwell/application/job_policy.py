"""What a job may say of overlap, misfire and expiry, and what goes together."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import DEFAULT_POLICY, Misfire, Overlap, Policy

TIMING_FIELDS = (
    "overlap",
    "misfire",
    "misfire_grace_seconds",
    "misfire_max",
    "misfire_spread_seconds",
    "expires_after_seconds",
)
"""What only a job itself says: neither its queue nor its task does."""

_OF_RUN_ALL = ("misfire_max", "misfire_spread_seconds")


def with_timing(policy: Policy, given: Mapping[str, Any], *, is_recurring: bool) -> Policy:
    """``policy`` with those of ``TIMING_FIELDS`` that are ``given``; None means the default.

    What does not go with the kind of job is left out where it is not given. Raises InvalidInputError where it is.
    """
    asked = {name for name, value in given.items() if value is not None}
    defaults = {name: getattr(DEFAULT_POLICY, name) for name in given.keys() - asked}
    chosen = replace(policy, **{**given, **defaults})
    chosen = _of_many(chosen, asked) if is_recurring else _of_one(chosen, asked)
    if chosen.misfire is Misfire.RUN_ALL:
        if chosen.overlap is Overlap.CANCEL_OTHER:
            raise InvalidInputError("misfire", "run_all does not go with the overlap cancel_other")
        return chosen
    for name in _OF_RUN_ALL:
        if name in asked:
            raise InvalidInputError(name, "goes with the misfire run_all only")
    return replace(chosen, **{name: getattr(DEFAULT_POLICY, name) for name in _OF_RUN_ALL})


def _of_one(chosen: Policy, asked: set[str]) -> Policy:
    if "overlap" in asked:
        raise InvalidInputError("overlap", "goes with recurring jobs only")
    if "misfire" in asked and chosen.misfire is Misfire.RUN_ALL:
        raise InvalidInputError("misfire", "run_all goes with recurring jobs only")
    return replace(chosen.for_one_time, **{name: getattr(chosen, name) for name in _OF_RUN_ALL})


def _of_many(chosen: Policy, asked: set[str]) -> Policy:
    if chosen.misfire is not Misfire.REFUSE:
        return chosen
    if "misfire" in asked:
        raise InvalidInputError("misfire", "refuse goes with one-time jobs only")
    return replace(chosen, misfire=Misfire.RUN_ONCE)
