"""Mail into a folder instead of the world: one ``.eml`` file a mail, which any mail program opens."""

import hashlib
import re
from pathlib import Path

from tickwell.adapters.embedded.atomic import write_file
from tickwell.adapters.mime import UNAVAILABLE, mime_mail
from tickwell.application.ports import Clock, SentMail
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.mail import Mail


class OutboxMailer:
    """Writes each mail to ``folder``, which is created when needed. A mail that is sent again overwrites itself."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def send(self, mail: Mail) -> SentMail:
        """Write the file; ``MAIL_UNAVAILABLE`` when the disk does not take it."""
        mime = mime_mail(mail, date=self._clock.now())
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self._folder / _file_name(mail.message_id), mime.octets)
        except OSError as error:
            raise AttemptFailedError(UNAVAILABLE, f"cannot write the outbox: {type(error).__name__}") from error
        return SentMail(message_id=mail.message_id, via="outbox")


def _file_name(message_id: str) -> str:
    readable = re.sub(r"[^A-Za-z0-9@._-]", "_", message_id)[:100].lstrip(".")
    return f"{readable}.{hashlib.sha256(message_id.encode()).hexdigest()[:12]}.eml"
