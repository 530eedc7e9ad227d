"""Links to S3 objects: presigned URLs.

They are signed with the credentials of whoever makes them, here a function's role, and end with these at the latest.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

from tickwell.adapters.blob_names import require_blob_name
from tickwell.application.ports import UploadLink

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class S3Links:
    """Presigned URLs of one bucket. Making one asks nobody. The client has to sign with version 4."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def download_link(self, name: str, *, expires_in: timedelta, filename: str) -> str:
        """See the port."""
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": require_blob_name(name),
                "ResponseContentDisposition": f'attachment; filename="{filename}"',
            },
            ExpiresIn=_seconds(expires_in),
        )

    def upload_link(self, name: str, *, expires_in: timedelta, content_type: str, size_bytes: int) -> UploadLink:
        """See the port. Type and length are signed: S3 refuses any others."""
        url = self._client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": require_blob_name(name),
                "ContentType": content_type,
                "ContentLength": size_bytes,
            },
            ExpiresIn=_seconds(expires_in),
        )
        return UploadLink(url=url, headers={"Content-Type": content_type, "Content-Length": str(size_bytes)})


def _seconds(expires_in: timedelta) -> int:
    return int(expires_in.total_seconds())
