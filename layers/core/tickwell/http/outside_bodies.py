"""What work outside sends about its attempt, and is answered (X10). The completion token is the credential."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.domain.progress import LONGEST_PROGRESS_MESSAGE
from tickwell.http.strict_body import StrictBody
from tickwell.text_form import TextForm

_LONGEST_TOKEN = 200
_LONGEST_MESSAGE = 2_000
_TOKEN = "019aa7c2-4b1d-7f00-8a31-5c2e9d0b6f41.q83vEjRWeJASNFZ4kBI0VniQEjRWeJASNFZ4kBI0Vng"  # noqa: S105 - an example
_Code = Annotated[
    str,
    TextForm(
        pattern=r"^[A-Z][A-Z0-9_]{0,63}$",
        words="must be 1 to 64 capital letters, digits and underscores with a letter first, such as DISK_FULL",
    ),
]


class _WithToken(StrictBody):
    token: str | None = Field(
        default=None,
        max_length=_LONGEST_TOKEN,
        description="The attempt's completion token, as its task handed it on.",
        examples=[_TOKEN],
    )


class SignOfLife(_WithToken):
    """The work goes on. ``percent`` and ``message`` are shown as the execution's progress."""

    percent: float | None = Field(default=None, ge=0, le=100, strict=False, examples=[42.5])
    message: str | None = Field(default=None, max_length=LONGEST_PROGRESS_MESSAGE, examples=["so far"])


class Completion(_WithToken):
    """The work has succeeded; ``output`` is any JSON value."""

    output: Any = Field(default=None, examples=[{"frames": 1200}])


class FailureReport(_WithToken):
    """The work has failed. ``retryable`` false: trying again cannot help, and the occurrence ends."""

    code: _Code = Field(default="FAILED_OUTSIDE", examples=["DISK_FULL"])
    message: str = Field(
        default="the work outside failed, and said no more",
        min_length=1,
        max_length=_LONGEST_MESSAGE,
        examples=["the disk was full"],
    )
    retryable: bool = True


class SignedBody(TypedDict):
    """``pending_until``: the next sign of life is expected by then; null while the attempt's worker still has it."""

    id: str
    status: str
    pending_until: str | None


class EndedBody(TypedDict):
    """An attempt that has ended; ``next_retry_at``: when the next one starts, if there is one."""

    id: str
    status: str
    finished_at: str
    next_retry_at: str | None
