"""Blobs in an S3 bucket."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.adapters.aws.s3_streams import Download, Upload
from tickwell.adapters.blob_names import require_blob_folder, require_blob_name
from tickwell.application.ports import BlobInfo
from tickwell.domain.content_type import ANY_CONTENT
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import instant

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import ObjectTypeDef

_SERVICE = "s3"
_MOST_AT_ONCE = 1000
_MOST_DELETED_AT_ONCE = 500
_MISSING = frozenset({"404", "NoSuchKey"})


class S3Blobs:
    """Blobs by their own names in one bucket.

    The role needs ``s3:ListBucket`` besides reading and writing: without it S3 answers "access denied" instead of
    "no such key".
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        """Write, or overwrite. Raises ValueError for a name that is none."""
        with service_errors(_SERVICE):
            self._client.put_object(
                Bucket=self._bucket, Key=require_blob_name(name), Body=data, ContentType=content_type
            )

    def get(self, name: str) -> bytes:
        """Raises NotFoundError."""
        with _found(name), service_errors(_SERVICE):
            answer = self._client.get_object(Bucket=self._bucket, Key=require_blob_name(name))
            return answer["Body"].read()

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        with service_errors(_SERVICE):
            self._client.delete_object(Bucket=self._bucket, Key=require_blob_name(name))

    def delete_many(self, names: Sequence[str]) -> None:
        """See the port. One request for each 500 names: S3 takes twice as many, but not always in three seconds."""
        keys = [require_blob_name(name) for name in names]
        for start in range(0, len(keys), _MOST_DELETED_AT_ONCE):
            chosen = keys[start : start + _MOST_DELETED_AT_ONCE]
            with service_errors(_SERVICE):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in chosen], "Quiet": True}
                )
                for error in answer.get("Errors", ()):
                    raise ClientError({"Error": {"Code": error.get("Code", "Unknown")}}, "DeleteObjects")

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        """See the port. One call for each thousand names."""
        return [entry["Key"] for entry in self._entries(folder, after, limit)]

    def details(self, folder: str, *, after: str, limit: int) -> Sequence[BlobInfo]:
        """See the port. One call for each thousand names."""
        return [
            BlobInfo(name=entry["Key"], size_bytes=entry["Size"], modified_at=instant(entry["LastModified"]))
            for entry in self._entries(folder, after, limit)
        ]

    def info(self, name: str) -> BlobInfo:
        """See the port."""
        with _found(name), service_errors(_SERVICE):
            answer = self._client.head_object(Bucket=self._bucket, Key=require_blob_name(name))
        return BlobInfo(
            name=name,
            size_bytes=answer["ContentLength"],
            modified_at=instant(answer["LastModified"]),
            content_type=answer.get("ContentType", ANY_CONTENT),
        )

    def fetch(self, name: str, path: Path) -> None:
        """See the port."""
        with _found(name), path.open("wb") as file:
            Download(self._client, self._bucket, require_blob_name(name)).write_to(file)

    def store(self, path: Path, name: str, *, content_type: str) -> None:
        """See the port. Raises ValueError for a name that is none."""
        with path.open("rb") as file:
            Upload(self._client, self._bucket, require_blob_name(name), content_type).read_from(file)

    def _entries(self, folder: str, after: str, limit: int) -> Sequence["ObjectTypeDef"]:
        entries: list[ObjectTypeDef] = []
        more = True
        while more and len(entries) < limit:
            with service_errors(_SERVICE):
                answer = self._client.list_objects_v2(
                    Bucket=self._bucket,
                    Prefix=require_blob_folder(folder),
                    StartAfter=entries[-1]["Key"] if entries else after,
                    MaxKeys=min(limit - len(entries), _MOST_AT_ONCE),
                )
            entries += answer.get("Contents", ())
            more = answer["IsTruncated"]
        return entries


@contextmanager
def _found(name: str) -> Iterator[None]:
    """Raises NotFoundError where the bucket has no such object."""
    try:
        yield
    except ClientError as error:
        if error_code(error) in _MISSING:
            raise NotFoundError("blob", name) from error
        raise
