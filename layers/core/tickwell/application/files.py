"""A tenant's files over the API: what there is, and links by which the bytes go straight to and from the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.ports import BlobInfo, BlobLinks, BlobStore, Clock, UploadLink
from tickwell.domain.account import Principal
from tickwell.domain.content_type import content_type_of, is_content_type
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.task_file import FileInfo, file_blob, file_folder_blobs, files_folder


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """A file that somebody may write now, with exactly these bytes' number and type, until ``expires_at``."""

    name: str
    size_bytes: int
    content_type: str
    link: UploadLink
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Download:
    """Where a file can be read until ``expires_at``."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedFile:
    """A file that is there, and where it can be read."""

    info: FileInfo
    content_type: str
    download: Download


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkFiles:
    """Makes links to the files of a tenant. ``life``: for how long; whoever has a link needs nothing else."""

    links: BlobLinks
    clock: Clock
    life: timedelta

    def download(self, tenant_id: str, name: str) -> Download:
        """Whether the file is there is not looked at. Raises InvalidInputError for a name that no file may have."""
        filename = name.rpartition("/")[2]
        url = self.links.download_link(file_blob(tenant_id, name), expires_in=self.life, filename=filename)
        return Download(url=url, expires_at=self.clock.now() + self.life)


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageFiles:
    """The use cases, one method each. ``most_bytes``: of one file that comes by a link."""

    blobs: BlobStore
    link_files: LinkFiles
    most_bytes: int

    def begin_upload(
        self, principal: Principal, name: str, *, size_bytes: int, content_type: str | None = None
    ) -> Upload:
        """A link that writes, or overwrites, the file. Nothing is written before it is used.

        Raises InvalidInputError: "name", "size_bytes", "content_type".
        """
        blob = file_blob(principal.tenant_id, name)
        if not 0 <= size_bytes <= self.most_bytes:
            raise InvalidInputError("size_bytes", f"must be from 0 to {self.most_bytes}")
        if content_type is not None and not is_content_type(content_type):
            raise InvalidInputError("content_type", "must be a media type such as image/png")
        chosen, life = content_type or content_type_of(name), self.link_files.life
        link = self.link_files.links.upload_link(blob, expires_in=life, content_type=chosen, size_bytes=size_bytes)
        expires_at = self.link_files.clock.now() + life
        return Upload(name=name, size_bytes=size_bytes, content_type=chosen, link=link, expires_at=expires_at)

    def list(
        self, principal: Principal, *, folder: str = "", after: str | None = None, limit: int
    ) -> tuple[Sequence[FileInfo], bool]:
        """Up to ``limit`` files below ``folder``, sorted by name, behind the name ``after``; and whether more follow.

        Raises InvalidInputError: "folder", "cursor".
        """
        everything = files_folder(principal.tenant_id)
        within = file_folder_blobs(principal.tenant_id, folder)
        start = within if after is None else file_blob(principal.tenant_id, after, field="cursor")
        found = [_info(each, everything) for each in self.blobs.details(within, after=start, limit=limit + 1)]
        return found[:limit], len(found) > limit

    def get(self, principal: Principal, name: str) -> LinkedFile:
        """What is known of a file, with a link to it. Raises NotFoundError, also for what can be no file's name."""
        found = self._found(principal, name)
        return LinkedFile(
            info=_info(found, files_folder(principal.tenant_id)),
            content_type=found.content_type or content_type_of(name),
            download=self.link_files.download(principal.tenant_id, name),
        )

    def delete(self, principal: Principal, name: str) -> None:
        """Delete a file. Raises NotFoundError."""
        blob = self._found(principal, name).name
        self.blobs.delete(blob)

    def _found(self, principal: Principal, name: str) -> BlobInfo:
        try:
            return self.blobs.info(file_blob(principal.tenant_id, name))
        except (InvalidInputError, NotFoundError) as error:
            raise NotFoundError("file", name) from error


def _info(blob: BlobInfo, folder: str) -> FileInfo:
    return FileInfo(name=blob.name.removeprefix(folder), size_bytes=blob.size_bytes, modified_at=blob.modified_at)
