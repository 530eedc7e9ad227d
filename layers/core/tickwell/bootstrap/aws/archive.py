"""functions/archive."""

from tickwell.adapters.blob_archive import BlobArchive
from tickwell.bootstrap.aws.clients import client, open_blobs
from tickwell.settings.functions import ArchiveSettings
from tickwell.settings.reading import load


def build() -> BlobArchive:
    """Where expired history is kept."""
    client("s3")  # it is asked by each invocation: better made while Lambda gives a start more of the processor
    return BlobArchive(open_blobs(load(ArchiveSettings).blob_bucket))
