"""Tenants' files over the API, on either engine."""

from dataclasses import dataclass
from datetime import timedelta

from tickwell.application.files import LinkFiles, ManageFiles
from tickwell.application.ports import BlobLinks, BlobStore, Clock
from tickwell.settings.shared import FileSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class Filing:
    """How links to files are made, for how long, and for how large ones."""

    links: BlobLinks
    life: timedelta
    most_bytes: int

    def link_files(self, clock: Clock) -> LinkFiles:
        """What makes links to files."""
        return LinkFiles(links=self.links, clock=clock, life=self.life)

    def manage(self, blobs: BlobStore, clock: Clock) -> ManageFiles:
        """The API's use cases."""
        return ManageFiles(blobs=blobs, link_files=self.link_files(clock), most_bytes=self.most_bytes)


def filing(settings: FileSettings, links: BlobLinks) -> Filing:
    """As the deployment chose it."""
    return Filing(
        links=links,
        life=timedelta(seconds=settings.file_link_seconds),
        most_bytes=settings.largest_file_mb * 1024 * 1024,
    )
