"""Messages to phones into a folder instead of the world: one JSON file a message."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from tickwell.adapters.embedded.atomic import write_file
from tickwell.application.ports import Clock
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.instant import iso
from tickwell.domain.text_message import SentMessage, TextMessage


class OutboxMessenger:
    """Writes each message to ``folder``, which is created when needed. One that is sent again overwrites itself."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock

    def send(self, message: TextMessage) -> SentMessage:
        """Write the file; ``MESSAGES_UNAVAILABLE`` when the disk does not take it."""
        document = {**asdict(message), "at": iso(self._clock.now())}
        name = f"{message.channel.value}-{hashlib.sha256(message.message_id.encode()).hexdigest()[:32]}.json"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_file(self._folder / name, json.dumps(document, indent=2).encode())
        except OSError as error:
            reason = f"cannot write the outbox: {type(error).__name__}"
            raise AttemptFailedError("MESSAGES_UNAVAILABLE", reason) from error
        return SentMessage(message_id=message.message_id, via="outbox")
