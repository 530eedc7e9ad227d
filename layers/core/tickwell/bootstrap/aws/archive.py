"""functions/archive."""

from tickwell.adapters.blob_archive import BlobArchive
from tickwell.bootstrap.aws.clients import open_blobs
from tickwell.settings import ArchiveSettings, load


def build() -> BlobArchive:
    """Where expired history is kept."""
    return BlobArchive(open_blobs(load(ArchiveSettings).blob_bucket))
