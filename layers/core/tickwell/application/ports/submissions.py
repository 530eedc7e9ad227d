"""The port of requests that may be sent again (``Idempotency-Key``)."""

from typing import Protocol

from tickwell.domain.submission import KeptAnswer, Submission


class Submissions(Protocol):
    """Remembers requests by their keys until they expire. Whoever holds one is told by its token."""

    def begin(self, submission: Submission) -> Submission | None:
        """Write if its key is not known; None then, and else what stands. Consistent."""
        ...

    def take(self, standing: Submission, taken: Submission) -> bool:
        """Write ``taken`` over ``standing``; False when somebody else was faster."""
        ...

    def finish(self, submission: Submission, answer: KeptAnswer) -> bool:
        """Keep the answer; False, and nothing is written, when somebody else holds it by now."""
        ...

    def release(self, submission: Submission) -> None:
        """Let the next one carry it out at once; ignored when somebody else holds it."""
        ...

    def forget(self, submission: Submission) -> None:
        """Free the key; ignored when somebody else holds it."""
        ...
