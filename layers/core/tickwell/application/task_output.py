"""What a task may return: JSON, not nested too deeply, and not without end."""

import json
from typing import Any

from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.json_value import DEEPEST_NESTING, is_too_deep

LARGEST_OUTPUT_BYTES = 16 * 1024 * 1024
"""As JSON. It is a bound on memory, not advice: outputs are read whole by whoever asks for them."""

_encode = json.JSONEncoder(allow_nan=False).encode


def require_storable(output: Any) -> int:
    """The most bytes that ``output`` takes as JSON, however it is spelled.

    Raises AttemptFailedError, not retryable: ``OUTPUT_NOT_JSON`` (or nested too deeply), ``OUTPUT_TOO_LARGE``.
    """
    try:
        encoded = _encode(output)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"what the task returned is not JSON: {error}"
        raise AttemptFailedError("OUTPUT_NOT_JSON", reason, retryable=False) from error
    if encoded.count("[") + encoded.count("{") > DEEPEST_NESTING and is_too_deep(output):
        reason = f"what the task returned is nested deeper than {DEEPEST_NESTING} levels"
        raise AttemptFailedError("OUTPUT_NOT_JSON", reason, retryable=False)
    if len(encoded) > LARGEST_OUTPUT_BYTES:
        raise output_too_large()
    return len(encoded)


def output_too_large() -> AttemptFailedError:
    """The error for an output beyond ``LARGEST_OUTPUT_BYTES``."""
    reason = f"what the task returned is larger than {LARGEST_OUTPUT_BYTES // 2**20} MB"
    return AttemptFailedError("OUTPUT_TOO_LARGE", reason, retryable=False)
