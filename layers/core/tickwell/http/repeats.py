"""``Idempotency-Key``: a request that is sent again is answered again, and carried out once (X1)."""

import base64
import hashlib
import logging
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tickwell.application.ports import Clock, Ids, Submissions
from tickwell.domain.account import Principal
from tickwell.domain.errors import IdempotencyInProgressError, UnavailableError
from tickwell.domain.submission import KeptAnswer, Submission, SubmissionKey, new_submission, require_idempotency_key
from tickwell.http.access import Access
from tickwell.http.errors import fault_of
from tickwell.http.exchange import JSON_TYPE, HttpAnswer, HttpRequest

_log = logging.getLogger("tickwell")

KEY_HEADER = "idempotency-key"
REPLAYED_HEADER = "Idempotency-Replayed"
INCOMPLETE_HEADER = "Idempotency-Incomplete"
"""On an answer that parts of the request failed in for the moment: sent again under its key, they are tried again."""

_LONGEST_PACKED = 300_000
"""What an item of DynamoDB can hold beside everything else."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeats:
    """Stands around the handlers of what may be sent again; see ``__call__``."""

    submissions: Submissions
    clock: Clock
    ids: Ids

    def __call__(
        self,
        operation: tuple[str, Access],
        caller: Principal,
        request: HttpRequest,
        handle: Callable[[], HttpAnswer],
    ) -> HttpAnswer:
        """The answer of ``handle``, or the one that was given before to the same request under the same key.

        What failed is not kept: the key of a refused request is free again. After a failure of ours the request can be
        sent again, and is carried out with the same ids. Raises InvalidInputError, IdempotencyConflictError,
        IdempotencyInProgressError, AnswerNotKeptError, UnavailableError, and what ``handle`` raises.
        """
        key = require_idempotency_key(request.headers[KEY_HEADER])
        name, access = operation
        place = SubmissionKey(tenant_id=caller.tenant_id, who=caller.counted_as, key=key)
        held = self._hold(place, _fingerprint(name, request))
        if isinstance(held, KeptAnswer):
            return _replayed(held)
        with self._letting_go_of_failures(held), self.ids.derived(held.seed, held.at):
            answer = handle()
        with _logged():
            if INCOMPLETE_HEADER in answer.headers:
                self.submissions.release(held)
            else:
                self.submissions.finish(held, _kept(answer, secret=access.shows_secret))
        return answer

    def _hold(self, key: SubmissionKey, fingerprint: str) -> Submission | KeptAnswer:
        """The right to carry the request out, or how it was answered."""
        now = self.clock.now()
        mine = new_submission(key, fingerprint, seed=self.ids.token(), token=self.ids.token(), now=now)
        standing = self.submissions.begin(mine)
        if standing is None:
            return mine
        answer = standing.answer_to(fingerprint, now)
        if answer is not None:
            return answer
        taken = standing.taken_over(mine.token, now)
        if not self.submissions.take(standing, taken):
            raise IdempotencyInProgressError(retry_after_seconds=1)
        return taken

    @contextmanager
    def _letting_go_of_failures(self, held: Submission) -> Iterator[None]:
        """Frees the key where nothing can have been done, and keeps it with its seed where something may have been."""
        try:
            yield
        except Exception as error:
            with _logged():
                if fault_of(error).status < 500 and held.tries == 1:
                    self.submissions.forget(held)
                else:
                    self.submissions.release(held)
            raise


@contextmanager
def _logged() -> Iterator[None]:
    """The answer goes out all the same; until the hold ends, a repetition is told that the request is in progress."""
    try:
        yield
    except UnavailableError:
        _log.exception("submission not updated", extra={"action": "http.submission_not_updated"})


def _fingerprint(name: str, request: HttpRequest) -> str:
    digest = hashlib.sha256()
    for part in (name.encode(), request.path.encode(), request.query.encode(), request.body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _kept(answer: HttpAnswer, *, secret: bool) -> KeptAnswer:
    packed = base64.b64encode(zlib.compress(answer.body.encode())).decode()
    return KeptAnswer(status=answer.status, packed=None if secret or len(packed) > _LONGEST_PACKED else packed)


def _replayed(kept: KeptAnswer) -> HttpAnswer:
    body = zlib.decompress(base64.b64decode(kept.packed or "")).decode()
    return HttpAnswer(status=kept.status, headers={"Content-Type": JSON_TYPE, REPLAYED_HEADER: "true"}, body=body)
