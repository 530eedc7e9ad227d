"""What is shown of how the API answers (E8)."""

from typing_extensions import TypedDict

from tickwell.application.answers import Answers


class ApiHealthBody(TypedDict):
    """The answers of the last hour, as the process knows that gave this one; `error_rate` (5xx) in percent.

    Normal are less than 0.1 % errors, and 500 ms on average.
    """

    level: str
    requests: int
    errors: int
    error_rate: float
    avg_duration_ms: float | None


class ApiLevelBody(TypedDict):
    """How the API answers: normal, warning or critical."""

    success: bool
    status: str
    level: str


def api_health_body(answers: Answers) -> ApiHealthBody:
    """What members may know."""
    return ApiHealthBody(
        level=answers.level.value,
        requests=answers.total,
        errors=answers.errors,
        error_rate=round(100 * answers.error_share, 3),
        avg_duration_ms=None if answers.average_ms is None else round(answers.average_ms, 1),
    )


def api_level_body(answers: Answers) -> ApiLevelBody:
    """What everybody may know of the API: whoever reads this has been answered."""
    return ApiLevelBody(success=True, status="healthy", level=answers.level.value)
