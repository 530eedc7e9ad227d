"""Tenants' secrets as files that only their owner can read, apart from the database and so from its copies."""

import json
import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tickwell.adapters.embedded.atomic import sync_folder, write_file
from tickwell.application.ports import Clock
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.secret import OLD_SECRET_LIFE, SecretInfo, is_secret_name, require_secret_name

_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_VERSION = 1


class FileTenantSecrets:
    """``folder/<tenant>/<name>``: one file a secret, with mode 0600. PermissionError for one that others may open.

    One process writes them, as it does the database beside them.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._writing = threading.Lock()

    def put(self, tenant_id: str, name: str, value: str) -> SecretInfo:
        """See ``TenantSecrets.put``."""
        path = self._of(tenant_id) / require_secret_name(name)
        now = self._clock.now()
        with self._writing, _disk():
            try:
                old = _read(path)["value"]
            except FileNotFoundError:
                old = None
            self._make_folders(path.parent)
            document = {"v": _VERSION, "value": value, "old": old, "changed": to_epoch_ms(now)}
            write_file(path, json.dumps(document).encode())
        return SecretInfo(name=name, changed_at=now)

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """See ``TenantSecrets.versions``."""
        if not is_secret_name(name):
            raise NotFoundError("secret", name)
        try:
            with _disk():
                found = _read(self._of(tenant_id) / name)
        except FileNotFoundError as error:
            raise NotFoundError("secret", name) from error
        is_old_kept = self._clock.now() < from_epoch_ms(found["changed"]) + OLD_SECRET_LIFE
        kept = (found["value"], found["old"] if is_old_kept else None)
        return tuple(value for value in kept if value is not None)

    def list(self, tenant_id: str) -> Sequence[SecretInfo]:
        """See ``TenantSecrets.list``."""
        with _disk():
            return [info for name in self._names(tenant_id) if (info := self._info(tenant_id, name)) is not None]

    def delete(self, tenant_id: str, name: str) -> None:
        """See ``TenantSecrets.delete``."""
        if not is_secret_name(name):
            raise NotFoundError("secret", name)
        folder = self._of(tenant_id)
        try:
            with self._writing, _disk():
                (folder / name).unlink()
                sync_folder(folder)
        except FileNotFoundError as error:
            raise NotFoundError("secret", name) from error

    def erase(self, tenant_id: str) -> None:
        """See ``TenantSecrets.erase``."""
        folder = self._of(tenant_id)
        with self._writing, _disk():
            if folder.is_dir():
                for path in folder.iterdir():
                    path.unlink(missing_ok=True)
                folder.rmdir()
                sync_folder(self._folder)

    def _of(self, tenant_id: str) -> Path:
        if not _TENANT.fullmatch(tenant_id):
            raise ValueError(f"not a tenant's id: {tenant_id!r}")
        return self._folder / tenant_id

    def _names(self, tenant_id: str) -> Sequence[str]:
        folder = self._of(tenant_id)
        return sorted(path.name for path in folder.iterdir() if is_secret_name(path.name)) if folder.is_dir() else []

    def _info(self, tenant_id: str, name: str) -> SecretInfo | None:
        """None for one that was deleted a moment ago."""
        try:
            found = _read(self._of(tenant_id) / name)
        except FileNotFoundError:
            return None
        return SecretInfo(name=name, changed_at=from_epoch_ms(found["changed"]))

    def _make_folders(self, folder: Path) -> None:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)


def _read(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as file:
        # Of the very file that is read, not of whatever the path names by now.
        if os.fstat(file.fileno()).st_mode & _OPEN_TO_OTHERS:
            raise PermissionError(f"others may read {path}: chmod 600 it")
        document: dict[str, Any] = json.load(file)
    return document


@contextmanager
def _disk() -> Iterator[None]:
    """A disk that fails is unavailable; that a file is missing, or open to others, is for the caller."""
    try:
        yield
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise UnavailableError("secrets", type(error).__name__) from error
