"""Rules for JSON values, whoever brings them: payloads that come in, outputs that are kept."""

from typing import Any

DEEPEST_NESTING = 100
"""As many lists and objects may stand around a value; every reader of every release can take that."""


def is_too_deep(value: Any) -> bool:
    """Whether ``value`` is nested deeper than ``DEEPEST_NESTING``; without recursion, however deep it is."""
    level = [value]
    for _ in range(DEEPEST_NESTING):
        level = [child for parent in level for child in parts(parent) if isinstance(child, dict | list | tuple)]
        if not level:
            return False
    return True


def parts(value: Any) -> list[Any]:
    """What a list or an object holds; nothing for any other value."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []
