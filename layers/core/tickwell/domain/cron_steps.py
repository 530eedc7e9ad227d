"""Steps of a cron expression that say something else than they seem to."""

from tickwell.domain.cron_fields import PARTS, split_fields
from tickwell.domain.errors import InvalidInputError

_WIDEST = (60, 24, 31, 12, 7, 60)
"""How many values each field has: a wider step always ends at the first one."""


def require_narrow_steps(text: str) -> None:
    """Raise InvalidInputError where a step is wider than its field: ``*/90`` would come each hour, not all 90 minutes.

    For what somebody asks for now. What was accepted before goes on as cron does, so reading does not ask here.
    """
    for place, part in enumerate(split_fields(text)):
        for item in part.split(","):
            step = item.partition("/")[2]
            if step.isascii() and step.isdecimal() and int(step[:9]) > _WIDEST[place]:
                name, allowed = PARTS[place]
                raise InvalidInputError(
                    "cron_expression",
                    f"the step of the {name} {part!r} is wider than that field ({allowed}), which begins anew each "
                    "time; interval_seconds takes any interval",
                )
