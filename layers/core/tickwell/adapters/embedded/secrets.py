"""Secrets as files that only their owner can read."""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from tickwell.adapters.embedded.atomic import create_file
from tickwell.domain.errors import NotFoundError

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class FileSecrets:
    """One file a secret under ``folder``. PermissionError for a file that others may read or write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str) -> str:
        """The content without a line break at its end. Raises NotFoundError, also for what cannot be a name."""
        if not _NAME.fullmatch(name):
            raise NotFoundError("secret", name)
        try:
            with (self._folder / name).open(encoding="utf-8") as file:
                # Of the very file that is read, not of whatever the path names by now.
                if os.fstat(file.fileno()).st_mode & _OPEN_TO_OTHERS:
                    raise PermissionError(f"others may read {self._folder / name}: chmod 600 it")
                return file.read().removesuffix("\n")
        except FileNotFoundError as error:
            raise NotFoundError("secret", name) from error

    def ensure(self, name: str, generate: Callable[[], str]) -> str:
        """The secret; made with ``generate`` if there is none. Of several who do so at once, all get the same one.

        ValueError for what cannot be a name: lower-case letters, digits, ``-`` and ``_``.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a secret's name: {name!r}")
        try:
            return self.get(name)
        except NotFoundError:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            create_file(self._folder / name, generate().encode())
            return self.get(name)
