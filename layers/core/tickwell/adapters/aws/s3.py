"""Blobs in an S3 bucket."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.adapters.blob_names import require_blob_folder, require_blob_name
from tickwell.domain.errors import NotFoundError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

_SERVICE = "s3"
_MOST_PER_LISTING = 1000
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
        try:
            with service_errors(_SERVICE):
                answer = self._client.get_object(Bucket=self._bucket, Key=require_blob_name(name))
                return answer["Body"].read()
        except ClientError as error:
            if error_code(error) in _MISSING:
                raise NotFoundError("blob", name) from error
            raise

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        with service_errors(_SERVICE):
            self._client.delete_object(Bucket=self._bucket, Key=require_blob_name(name))

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        """See the port. One call for each thousand names."""
        names: list[str] = []
        more = True
        while more and len(names) < limit:
            with service_errors(_SERVICE):
                answer = self._client.list_objects_v2(
                    Bucket=self._bucket,
                    Prefix=require_blob_folder(folder),
                    StartAfter=names[-1] if names else after,
                    MaxKeys=min(limit - len(names), _MOST_PER_LISTING),
                )
            names += [entry["Key"] for entry in answer.get("Contents", ())]
            more = answer["IsTruncated"]
        return names
