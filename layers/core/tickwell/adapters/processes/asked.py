"""What a task has in its child process that only the worker can do: signs of life, the tenant's files and secrets."""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tickwell.adapters.processes.link import Questions
from tickwell.application.attempt_secrets import Opened
from tickwell.application.lifeline import Lifeline
from tickwell.application.task_files import MOST_FILES_LISTED
from tickwell.domain.errors import AttemptCancelledError
from tickwell.domain.progress import Progress
from tickwell.domain.task_file import FileInfo


class AskedSigns(Lifeline):
    """Signs of life of one attempt go to the worker; each waits for its own answer."""

    def __init__(self, questions: Questions, attempt: int) -> None:
        self._questions = questions
        self._attempt = attempt
        self._is_over = False

    @property
    def is_over(self) -> bool:
        """See ``Lifeline``."""
        return self._is_over

    async def sign(self, progress: Progress | None = None) -> None:
        """See ``Lifeline``."""
        told = None
        if progress is not None:
            at = progress.at.isoformat()
            told = {"percent": float(progress.percent), "message": progress.message, "at": at}
        try:
            await self._questions.ask(self._attempt, "sign", progress=told)
        except AttemptCancelledError:
            self._is_over = True
            raise


class AskedFiles:
    """The ``TaskFiles`` of a child, which has no access to the store: the worker moves the bytes.

    They pass through files of this machine, which the child names; both processes are of one user.
    """

    def __init__(self, questions: Questions, attempt: int) -> None:
        self._questions = questions
        self._attempt = attempt

    async def read(self, name: str) -> bytes:
        """See ``TaskFiles``."""
        with _between() as path:
            await self.download(name, path)
            return await asyncio.to_thread(path.read_bytes)

    async def write(self, name: str, data: bytes, *, content_type: str | None = None) -> None:
        """See ``TaskFiles``."""
        with _between() as path:
            await asyncio.to_thread(path.write_bytes, data)
            await self.upload(path, name, content_type=content_type)

    async def download(self, name: str, path: Path) -> None:
        """See ``TaskFiles``."""
        await self._ask("files.download", name=name, path=_absolute(path))

    async def upload(self, path: Path, name: str, *, content_type: str | None = None) -> None:
        """See ``TaskFiles``."""
        await self._ask("files.upload", name=name, path=_absolute(path), content_type=content_type)

    async def delete(self, name: str) -> None:
        """See ``TaskFiles``."""
        await self._ask("files.delete", name=name)

    async def list(self, folder: str = "", *, after: str = "", limit: int = MOST_FILES_LISTED) -> Sequence[FileInfo]:
        """See ``TaskFiles``."""
        found = await self._ask("files.list", folder=folder, after=after, limit=limit)
        return [FileInfo(**{**one, "modified_at": datetime.fromisoformat(one["modified_at"])}) for one in found]

    async def _ask(self, call: str, **told: object) -> Any:
        return await self._questions.ask(self._attempt, "ask", call=call, told=told)


class AskedSecrets(Opened):
    """The ``AttemptSecrets`` of a child, which has no access to their store."""

    def __init__(self, questions: Questions, attempt: int, opened: Iterable[str]) -> None:
        super().__init__(opened)
        self._questions = questions
        self._attempt = attempt

    async def get(self, name: str) -> str:
        """See ``AttemptSecrets``."""
        return (await self.versions(name))[0]

    async def versions(self, name: str) -> Sequence[str]:
        """See ``AttemptSecrets``."""
        told = {"name": name}
        values: list[str] = await self._questions.ask(self._attempt, "ask", call="secrets.versions", told=told)
        self.note(values)
        return values


def _absolute(path: Path) -> str:
    """The worker may stand in another folder."""
    return str(path.absolute())


@contextmanager
def _between() -> Iterator[Path]:
    """A file of this attempt's folder, which is removed in the end."""
    with tempfile.NamedTemporaryFile(prefix="file-") as file:
        yield Path(file.name)
