"""What handlers log of accepted jobs whose messages were not sent: the safety sync sends them."""

import logging
from collections.abc import Iterable

from tickwell.http.call import Call

_log = logging.getLogger("tickwell")


def note_launch(call: Call, job_id: str, *, launched: bool) -> None:
    """Say so where the message of the accepted job was not sent."""
    if not launched:
        extra = {"action": "job.unsent", "request_id": call.request_id, "job_id": job_id}
        _log.warning("the message was not sent; the safety sync will send it", extra=extra)


def note_launches(call: Call, launched: Iterable[bool]) -> None:
    """Say of how many of the accepted jobs the messages were not sent, if there are such."""
    unsent = sum(not one for one in launched)
    if unsent:
        extra = {"action": "job.unsent", "request_id": call.request_id, "count": unsent}
        _log.warning("messages were not sent; the safety sync will send them", extra=extra)
