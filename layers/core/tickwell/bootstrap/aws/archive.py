"""functions/archive."""

from tickwell.adapters.blob_archive import BlobArchive
from tickwell.bootstrap.aws.clients import open_blobs
from tickwell.settings.functions import ArchiveSettings
from tickwell.settings.reading import load


def build() -> BlobArchive:
    """Where expired history is kept."""
    return BlobArchive(open_blobs(load(ArchiveSettings).blob_bucket))
